"""What makes open pages change: a page is drawn again when something may have changed, and sent if it differs.

Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from http import HTTPStatus
from typing import Protocol

from slipway.console.room import Page
from slipway.console.shell import drawn

_KEEP_ALIVE_S = 15.0
TOGETHER_S = 0.04
"""Changes come in groups: an action's start, its stage's, its execution's."""
_REST = 2.0
"""The pause after a page is drawn, in times of how long that took: what it shows needs the processor more."""


class Changes(Protocol):
    """Tells that something may have changed."""

    @property
    def number(self) -> int:
        """The number of the newest change."""
        ...

    async def wait(self, seen: int) -> None:
        """Return once there is a change newer than `seen`."""
        ...


class Clock:
    """Changes of an account that tells of none: time goes by."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s

    @property
    def number(self) -> int:
        return int(time.monotonic() / self._every_s)

    async def wait(self, seen: int) -> None:
        await asyncio.sleep(max((seen + 1) * self._every_s - time.monotonic(), 0.0))


async def events(
    changes: Changes, draw: Callable[[], Awaitable[Page]], least_s: float = TOGETHER_S
) -> AsyncGenerator[str, None]:
    """Yield an event with the drawn page whenever it has changed, and a comment now and then to keep the connection.

    The event of a page that cannot be drawn now is `failed`, and of one that is not there `missing`. Between two
    drawings are at least `least_s` seconds.
    """
    shown = ("", "")
    while True:
        seen, started = changes.number, time.monotonic()
        page = await draw()
        now = (_kind(page.status), drawn(page))
        if now != shown:
            shown = now
            yield f"event: {now[0]}\ndata: {json.dumps(now[1])}\n\n"
        await asyncio.sleep(max((time.monotonic() - started) * _REST, least_s))
        while not await _within(changes, seen, page.again_s or _KEEP_ALIVE_S):
            if page.again_s is not None:
                break
            yield ": still here\n\n"


def _kind(status: int) -> str:
    """Return the kind of an event; a browser takes `message` for one without a kind."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "failed"
    return "missing" if status >= HTTPStatus.BAD_REQUEST else "message"


async def _within(changes: Changes, seen: int, seconds: float) -> bool:
    try:
        await asyncio.wait_for(changes.wait(seen), seconds)
    except TimeoutError:
        return False
    return True
