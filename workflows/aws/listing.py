"""Lists objects of S3 page by page, from many threads at once.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.aws.pages import pages
from workflows.aws import connections

MOST_KEYS = 1000
"""The most objects that S3 puts on a page."""

_FIRST, _LAST = b"<Contents>", b"</Contents>"
_ENCODED = b"<EncodingType>url</EncodingType>"


@dataclass(frozen=True, slots=True)
class Page:
    """Keys and sizes in bytes of some objects in the order of their keys; `complete` if no object follows."""

    objects: list[tuple[str, int]]
    complete: bool


@dataclass(frozen=True, slots=True)
class Folder:
    """Some names of folders in a folder, and keys and sizes in bytes of objects in it."""

    folders: list[str]
    objects: list[tuple[str, int]]


def list_page(bucket: str, prefix: str, after: str, limit: int = MOST_KEYS) -> Page:
    """List the first objects below `prefix` whose keys follow `after`. Raises JobError."""
    more = {"StartAfter": after} if after else {}
    answer = call(_client().list_objects_v2, Bucket=bucket, Prefix=prefix, MaxKeys=limit, **more)
    found = answer.get("Objects")
    if found is None:
        found = [(item["Key"], item["Size"]) for item in answer.get("Contents", ())]
    return Page(found, not answer["IsTruncated"])


def list_folder(bucket: str, prefix: str) -> Iterator[Folder]:
    """Yield what lies directly below `prefix`, page by page. Raises JobError."""
    for page in pages("s3", "list_objects_v2", Bucket=bucket, Prefix=prefix, Delimiter="/"):
        folders = [found["Prefix"].removeprefix(prefix).removesuffix("/") for found in page.get("CommonPrefixes", ())]
        yield Folder(folders, [(item["Key"], item["Size"]) for item in page.get("Contents", ())])


@cache
def _client() -> Any:
    """Return the client that lists.

    botocore takes longer to parse a page of objects than S3 to answer with it, and only one thread parses at a time.
    So the objects are taken out of the page before.
    """
    client = connections.s3()
    client.meta.events.register("before-parse.s3.ListObjectsV2", _take_objects)
    return client


def _take_objects(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Take the objects out of a page; leave a page that looks otherwise to botocore."""
    body = response_dict["body"]
    head, *entries = body.split(_FIRST)
    if entries and _ENCODED not in body:
        return
    try:
        objects = [(_decoded(_element(b"Key", one)), int(_element(b"Size", one))) for one in entries]
    except ValueError:
        return
    customized_response_dict["Objects"] = objects
    if entries:
        response_dict["body"] = head + entries[-1].partition(_LAST)[2]


def _element(name: bytes, entry: bytes) -> bytes:
    """Return the text of an element that an entry of the list has once. Raises ValueError if it has none."""
    _, found, rest = entry.partition(b"<%b>" % name)
    text, ended, _ = rest.partition(b"</%b>" % name)
    if not (found and ended):
        raise ValueError(name)
    return text


def _decoded(key: bytes) -> str:
    """Decode a key of EncodingType `url`, which botocore asks for."""
    text = key.decode()
    return unquote_plus(text) if "%" in text or "+" in text else text
