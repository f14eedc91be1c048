"""Looking for secrets in anything: raw, encoded, and inside archives."""

from __future__ import annotations

import base64
import gzip
import io
import re
import tarfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
# The recorded events that are published with the sources hold made-up ids, which begin with EXAMPLE.
_KEY_ID = re.compile(rb"(?<![A-Za-z0-9])(?:AKIA|ASIA)(?!EXAMPLE)[A-Z0-9]{16}(?![A-Za-z0-9])")
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")
_PART = 24
"""Characters of a secret's beginning that count as the secret: a log may cut the rest."""


@dataclass(frozen=True)
class Produced:
    """Something that a release left behind."""

    name: str
    content: bytes


def leaks(produced: Iterable[Produced], secrets: Iterable[str]) -> list[str]:
    """Where one of the secrets stands, or anything with the form of an access key or a private key.

    Names places and kinds, never the secrets themselves.
    """
    forms = {form for secret in secrets for form in _forms(secret)}
    width = min(map(len, forms), default=0)
    beginnings = {form[:width] for form in forms}
    found = []
    for part in (inner for each in produced for inner in _opened(each)):
        if beginnings and _has_any(part.content, beginnings, width):
            found.append(f"{part.name}: a secret that was in use")
        if _KEY_ID.search(part.content):
            found.append(f"{part.name}: the id of an access key")
        if _PRIVATE_KEY.search(part.content):
            found.append(f"{part.name}: a private key")
    return found


def _has_any(content: bytes, beginnings: set[bytes], width: int) -> bool:
    """Whether one of the beginnings, all of that width, stands anywhere.

    A look-up at each place takes the same time for thousands of them; a pattern of alternatives tries each everywhere.
    """
    return any(content[place : place + width] in beginnings for place in range(len(content) - width + 1))


def _forms(secret: str) -> Iterator[bytes]:
    """A secret as it may be written: plain, in a URL, in JSON in JSON, in base64 at any place."""
    start = secret[:_PART]
    yield start.encode()
    yield urllib.parse.quote(start, safe="").encode()
    yield start.replace("/", r"\/").encode()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + start.encode())
        # The first and last characters also depend on what stands beside the secret.
        yield encoded[(0, 2, 3)[before] : len(encoded) - 4]


def _opened(produced: Produced) -> Iterator[Produced]:
    """The thing itself, and everything inside it if it is an archive."""
    yield produced
    content = produced.content
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from _opened(Produced(f"{produced.name}!{name}", archive.read(name)))
    elif content.startswith(b"\x1f\x8b"):
        yield from _opened(Produced(f"{produced.name}!gz", gzip.decompress(content)))
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                if (file := archive.extractfile(member)) is not None:
                    yield from _opened(Produced(f"{produced.name}!{member.name}", file.read()))
    elif content[:2] in (b"x\x01", b"x\x9c"):  # an object of git
        try:
            yield Produced(f"{produced.name}!zlib", zlib.decompress(content))
        except zlib.error:
            return
