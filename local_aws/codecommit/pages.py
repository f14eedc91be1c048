"""Pages of lists, with continuation tokens that mark where the next page begins."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import TypeVar

from local_aws.wire import AwsError

PAGE = 1000

Item = TypeVar("Item")


def page(items: Sequence[Item], token: str | None, size: int, listing: str) -> tuple[list[Item], str | None]:
    """The items of one page and the token of the next, None on the last page.

    `listing` identifies the list: a token of another list is refused with InvalidContinuationTokenException.
    """
    start = _position(token, listing) if token else 0
    following = start + size
    return list(items[start:following]), _token(following, listing) if following < len(items) else None


def _token(position: int, listing: str) -> str:
    return base64.urlsafe_b64encode(f"{position}:{_digest(listing)}".encode()).decode()


def _position(token: str, listing: str) -> int:
    try:
        position, _, digest = base64.urlsafe_b64decode(token).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        position, digest = "", ""
    if digest != _digest(listing) or not position.isdigit():
        raise AwsError("InvalidContinuationTokenException", "The specified continuation token is not valid.")
    return int(position)


def _digest(listing: str) -> str:
    return hashlib.sha256(listing.encode()).hexdigest()[:16]
