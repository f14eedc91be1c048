"""Reads the beginning of an object, and never more than that."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from slipway.console.buckets.places import Place
from slipway.installation.aws_errors import code_of, message_of
from slipway.session import Session

MOST_BYTES = 256 * 1024
_NO_BYTES = ("InvalidRange", "416")
_NOT_NOW = ("InvalidObjectState",)
_GZIP = b"\x1f\x8b\x08"
_GZIP_WINDOW = 31
"""https://docs.python.org/3/library/zlib.html#zlib.decompressobj"""
_GONE = ("NoSuchKey", "404", "MethodNotAllowed", "405")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What S3 says of an object and its first bytes; `told` says why there are none, `cut` that there are more."""

    about: Mapping[str, Any]
    content: bytes = b""
    size_bytes: int = 0
    told: str = ""
    cut: bool = False


def read_beginning(session: Session, place: Place, most_bytes: int = MOST_BYTES) -> Beginning | None:
    """Return the beginning of an object; None if it is deleted or never was.

    An empty object has no range: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    client = session.client("s3")
    try:
        found = client.get_object(**place.call, Range=f"bytes=0-{most_bytes - 1}")
    except ClientError as error:
        if code_of(error) in _GONE:
            return None
        if code_of(error) not in (*_NO_BYTES, *_NOT_NOW):
            raise
        told = message_of(error) if code_of(error) in _NOT_NOW else ""
        about = client.head_object(**place.call)
        return Beginning(about, size_bytes=about["ContentLength"], told=told)
    content: bytes = found["Body"].read(most_bytes)
    found["Body"].close()
    whole = found.get("ContentRange", "").rpartition("/")[2]
    size_bytes = int(whole) if whole.isdecimal() else len(content)
    return Beginning(found, content, size_bytes, cut=len(content) < size_bytes)


def unpacked(found: Beginning, most_bytes: int = MOST_BYTES) -> Beginning | None:
    """Return the beginning of what a gzip file holds, however much that is; None for anything else."""
    if not found.content.startswith(_GZIP):
        return None
    unpacking = zlib.decompressobj(_GZIP_WINDOW)
    try:
        content = unpacking.decompress(found.content, most_bytes)
    except zlib.error:
        return None
    if not content and not unpacking.eof:
        return None
    return replace(found, content=content, size_bytes=len(content), cut=not unpacking.eof)
