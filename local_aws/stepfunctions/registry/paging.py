"""Pages of a list: `maxResults` and `nextToken`.

"Each pagination token expires after 24 hours. Using an expired pagination token will return an HTTP 400 InvalidToken
error": https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachines.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from local_aws.stepfunctions.registry import faults

Item = TypeVar("Item")
_DEFAULT, _LASTS_S = 100, 24 * 60 * 60.0


@dataclass(frozen=True, slots=True)
class Page:
    """What a request asks for: so many items after the last one of the page before, which is None for the first.

    A token belongs to one list and to one set of other arguments.
    """

    list_of: str
    size: int
    last: Any
    now: float

    def token(self, last: Any) -> str:
        """The token of the page behind an item, by what tells the item from the others."""
        return base64.urlsafe_b64encode(json.dumps([self.list_of, self.now, last]).encode()).decode()


def page_of(operation: str, request: dict[str, Any], now: float) -> Page:
    """Read what a request asks for. Raises AwsError InvalidToken."""
    others = {key: value for key, value in request.items() if key not in ("nextToken", "maxResults")}
    list_of = hashlib.sha256(json.dumps([operation, others], sort_keys=True).encode()).hexdigest()[:16]
    last = _read(request["nextToken"], list_of, now) if "nextToken" in request else None
    return Page(list_of, request.get("maxResults") or _DEFAULT, last, now)


def take(
    page: Page, items: Iterable[Item], key: Callable[[Item], tuple[Any, str]], *, descending: bool = False
) -> tuple[list[Item], dict[str, str]]:
    """The items of a page, and `{"nextToken": …}` if there are more.

    `key` gives what the list is sorted by and what tells the item from others with the same. So a page is found also
    when the last item of the one before is gone; others that are sorted alike may then be shown again.
    """
    rest = _behind(page, items, key, descending)
    shown = list(islice(rest, page.size))
    more = next(rest, None) is not None
    return shown, {"nextToken": page.token(key(shown[-1]))} if more else {}


def _behind(
    page: Page, items: Iterable[Item], key: Callable[[Item], tuple[Any, str]], descending: bool
) -> Iterator[Item]:
    if page.last is None:
        yield from items
        return
    last, identity = page.last
    alike: list[Item] = []
    for item in items:
        found, _ = key(item)
        if found == last:
            alike.append(item)
        elif (found > last) != descending:
            yield from _after(alike, identity, key)
            alike = []
            yield item
    yield from _after(alike, identity, key)


def _after(items: list[Item], identity: str, key: Callable[[Item], tuple[Any, str]]) -> list[Item]:
    names = [key(item)[1] for item in items]
    return items[names.index(identity) + 1 :] if identity in names else items


def _read(token: str, list_of: str, now: float) -> Any:
    try:
        document = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError):
        raise faults.invalid_token() from None
    if not isinstance(document, list) or len(document) != 3 or document[0] != list_of:
        raise faults.invalid_token()
    _, made, last = document
    if not isinstance(made, int | float) or now - made > _LASTS_S or not _is_place(last):
        raise faults.invalid_token()
    return last


def _is_place(last: Any) -> bool:
    return isinstance(last, int) or (isinstance(last, list) and len(last) == 2)
