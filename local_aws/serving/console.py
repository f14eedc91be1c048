"""The console page, which another package may bring: an entry point of the group `local_aws.console`.

It is called with the port, the Region, the state folder and the changes, and returns an ASGI application that answers
everything below `/_console`. It reads by way of the API, and decides itself whom it lets in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.metadata import entry_points
from typing import Any

from local_aws.serving import answers
from local_aws.settings import Settings
from local_aws.state.changes import Changes

GROUP = "local_aws.console"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Console:
    """Loads the console with the first request for it, so that a start does not wait for it."""

    def __init__(self, settings: Settings, changes: Changes) -> None:
        """Load nothing yet."""
        self._settings, self._changes = settings, changes
        self._application: Any = None
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        async with self._loading:
            if self._application is None:
                self._application = await asyncio.to_thread(self._load)
        await self._application(scope, receive, send)

    def _load(self) -> Any:
        found = next(iter(entry_points(group=GROUP)), None)
        if found is None:
            return _nothing
        settings = self._settings
        return found.load()(settings.port, settings.region, settings.state, self._changes)


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await answers.send_body(send, b"No console is installed.\n", "text/plain; charset=utf-8", 404)
