"""Pages of a list: `maxResults` and `nextToken`."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from local_aws.wire import AwsError

Item = TypeVar("Item")
_NO_NUMBER = 1 << 62


def page(
    items: Sequence[Item], key: Callable[[Item], Any], request: dict[str, Any], list_of: str, size: int
) -> tuple[list[Item], dict[str, str]]:
    """The items that the request asks for, and `{"nextToken": …}` if there are more.

    A token names its list and the last item of the previous page, so it is not valid for another list.
    Raises InvalidNextTokenException.
    """
    first = 0
    if "nextToken" in request:
        last = _read(request["nextToken"], list_of)
        first = next((number for number, item in enumerate(items, 1) if key(item) == last), 0)
        if first == 0:
            raise _invalid()
    shown = list(items[first : first + size])
    more = first + len(shown) < len(items)
    return shown, {"nextToken": _write(list_of, key(shown[-1]))} if more else {}


def numbered_page(
    load: Callable[[int, int], Sequence[Item]],
    number: Callable[[Item], int],
    request: dict[str, Any],
    list_of: str,
    size: int,
) -> tuple[list[Item], dict[str, str]]:
    """The same for a list too long to load: `load(below, count)` returns items by number, from the highest.

    Raises InvalidNextTokenException.
    """
    below = _NO_NUMBER
    if "nextToken" in request:
        below = _read(request["nextToken"], list_of)
        if not isinstance(below, int):
            raise _invalid()
    items = load(below, size + 1)
    shown = list(items[:size])
    return shown, {"nextToken": _write(list_of, number(shown[-1]))} if len(items) > size else {}


def _write(list_of: str, last: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([list_of, last]).encode()).decode()


def _read(token: str, list_of: str) -> Any:
    try:
        document = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError):
        raise _invalid() from None
    if not isinstance(document, list) or len(document) != 2 or document[0] != list_of:
        raise _invalid()
    return document[1]


def _invalid() -> AwsError:
    return AwsError("InvalidNextTokenException", "The nextToken is not from a page of this list.")
