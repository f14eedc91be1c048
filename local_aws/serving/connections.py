"""Hypercorn's connections, closed when the client closes them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, Updated


class Connection(TCPServer):
    """A connection whose handle is given back once the client is gone.

    Hypercorn waits for its timer of idle connections as well, so that each closed one would stay, in CLOSE_WAIT, as
    long as one that is kept alive.
    """

    async def protocol_send(self, event: Event) -> None:
        """Carry out what the protocol asks for; nobody is waited for who is gone."""
        if isinstance(event, Updated) and event.idle and self.reader.at_eof():
            return
        await super().protocol_send(event)

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()


def close_with_the_client() -> None:
    """Let Hypercorn make such connections. Raises AttributeError if it makes them another way by now."""
    run: Any = import_module("hypercorn.asyncio.run")
    if run.TCPServer is not Connection:
        run.TCPServer = Connection
