"""What the pages of a bucket share: an object as its key and version, and its addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from slipway.console.room import Asked
from slipway.console.shell import at
from slipway.errors import SlipwayError


@dataclass(frozen=True, slots=True)
class Place:
    """An object of a bucket: its newest version, unless it names one."""

    bucket: str
    key: str
    version: str = ""

    @property
    def call(self) -> dict[str, Any]:
        """What S3 takes for it."""
        version = {"VersionId": self.version} if self.version else {}
        return {"Bucket": self.bucket, "Key": self.key, **version}

    @property
    def name(self) -> str:
        """The last part of the key; all of it where that is empty."""
        return self.key.rstrip("/").rpartition("/")[2] or self.key

    def at(self, page: str = "object", /, **query: str) -> str:
        """The address of a page or a file of the object."""
        version = {"version": self.version} if self.version else {}
        return at("buckets", self.bucket, page, key=self.key, **version, **query)


def place_of(asked: Asked) -> Place:
    """Return the object that a request names; raises SlipwayError if it names none."""
    key = asked.query.get("key", "")
    if not key:
        raise SlipwayError("key: found nothing in the address; expected the key of an object.")
    return Place(asked.path["bucket"], key, asked.query.get("version", ""))


def folder(bucket: str, prefix: str) -> str:
    """Return the address of a folder: of the keys that begin with its prefix."""
    return at("buckets", bucket, **({"prefix": prefix} if prefix else {}))


def trail(bucket: str, key: str) -> Iterator[tuple[str, str]]:
    """Return the pages above a key or a prefix, as (title, address), outermost first.

    Any text may stand between two slashes, and nothing: a//b is in the folder a//.
    """
    yield "Buckets", at("buckets")
    yield bucket, folder(bucket, "")
    start = 0
    for place, character in enumerate(key[:-1]):
        if character == "/":
            yield key[start:place] or "/", folder(bucket, key[: place + 1])
            start = place + 1
