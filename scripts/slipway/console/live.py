"""What makes open pages change: a page is drawn again when something may have changed, and sent if it differs.

Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

_KEEP_ALIVE_S = 15.0
# Changes come in groups: an action's start, its stage's, its execution's.
_TOGETHER_S = 0.04


class Changes(Protocol):
    """Tells that something may have changed."""

    async def wait(self, seen: int) -> int:
        """Return the number of the newest change once it is greater than `seen`."""
        ...


class Clock:
    """Changes of an account that tells of none: time goes by."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s

    async def wait(self, seen: int) -> int:
        await asyncio.sleep(self._every_s)
        return seen + 1


class Signal:
    """Changes that another thread tells of."""

    def __init__(self) -> None:
        self._number = 0
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def tell(self) -> None:
        """Tell that something has changed; from any thread, and cheap where nobody waits."""
        self._number += 1
        for loop, event in tuple(self._waiting):
            loop.call_soon_threadsafe(event.set)

    async def wait(self, seen: int) -> int:
        if self._number <= seen:
            one = (asyncio.get_running_loop(), asyncio.Event())
            self._waiting.add(one)
            try:
                if self._number <= seen:
                    await one[1].wait()
            finally:
                self._waiting.discard(one)
        return self._number


async def events(changes: Changes, draw: Callable[[], Awaitable[str]]) -> AsyncIterator[str]:
    """Yield an event with the drawn page whenever it has changed, and a comment now and then so that no one hangs up."""
    seen, shown = await _number(changes), ""
    while True:
        drawn = await draw()
        if drawn != shown:
            shown = drawn
            yield f"data: {json.dumps(drawn)}\n\n"
        try:
            seen = await asyncio.wait_for(changes.wait(seen), _KEEP_ALIVE_S)
        except TimeoutError:
            yield ": still here\n\n"
            continue
        await asyncio.sleep(_TOGETHER_S)


async def _number(changes: Changes) -> int:
    try:
        return await asyncio.wait_for(changes.wait(-1), 0.001)
    except TimeoutError:
        return 0
