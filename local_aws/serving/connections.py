"""Hypercorn's connections, closed when the client closes them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, Updated


class Connection(TCPServer):
    """A connection whose handle is released once the client has disconnected.

    Hypercorn also waits for its keep-alive timer, so each closed connection would stay in CLOSE_WAIT as long as a
    connection that is kept alive.
    """

    async def protocol_send(self, event: Event) -> None:
        """Handle the protocol's events; do not wait for a client that has disconnected."""
        if isinstance(event, Updated) and event.idle and self.reader.at_eof():
            return
        await super().protocol_send(event)

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()


def close_with_the_client() -> None:
    """Make Hypercorn use such connections. Raises AttributeError if its current version creates them differently."""
    run: Any = import_module("hypercorn.asyncio.run")
    if run.TCPServer is not Connection:
        run.TCPServer = Connection
