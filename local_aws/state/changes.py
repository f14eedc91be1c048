"""Tells those who look that something may have changed; what has changed they ask the API."""

from __future__ import annotations

import asyncio
import threading


class Changes:
    """Counts changes of the state; told by any thread, and cheap where nobody waits."""

    def __init__(self) -> None:
        """Nothing has changed yet."""
        self._number = 0
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def number(self) -> int:
        """The number of the newest change."""
        return self._number

    def tell(self) -> None:
        """Tell that something may have changed."""
        with self._lock:
            self._number += 1
            waiting, self._waiting = self._waiting, set()
        for loop, event in waiting:
            loop.call_soon_threadsafe(event.set)

    async def wait(self, seen: int) -> None:
        """Return once there is a change newer than `seen`."""
        one = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            if self._number > seen:
                return
            self._waiting.add(one)
        try:
            await one[1].wait()
        finally:
            with self._lock:
                self._waiting.discard(one)
