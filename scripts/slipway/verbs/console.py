"""Verb `console`: pages that show an installation, on loopback."""

from __future__ import annotations

import asyncio
import secrets
import socket
import webbrowser
from typing import Annotated

import typer

from slipway.errors import SlipwayError
from slipway.session import session_of

PORT = 4580


def console(
    context: typer.Context,
    at_port: Annotated[int, typer.Option("--console-port", min=1, max=65_535, help="Port of the console.")] = PORT,
    browse: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, or only print its address.")] = True,
) -> None:
    """Show an installation as pages, until Ctrl-C.

    They are for this machine alone: the address that is printed lets a browser in, for ten minutes. Local AWS serves
    the same pages on its own port; `slipway open` opens those.
    """
    # A web framework, which no other verb needs.
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415

    from slipway.console.access import Access  # noqa: PLC0415
    from slipway.console.application import Console  # noqa: PLC0415
    from slipway.console.live import Clock  # noqa: PLC0415

    session = session_of(context)
    session.announce()
    listener = _listen(at_port)
    access = Access(secrets.token_urlsafe(32), at_port)
    session.output.say(f"console: {access.address()}")
    session.output.say("The address lets a browser in for ten minutes. Ctrl-C ends the console.")
    if browse and session.output.can_ask:
        webbrowser.open(access.address())
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "ERROR"
    app = Console(session, access, Clock(session.target.poll_s)).application()
    asyncio.run(serve(app, config))  # type: ignore[arg-type]


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise SlipwayError(
            f"Port {port} cannot be taken: {error.strerror}.",
            lambda command: f"Choose another: {command('console', '--console-port', str(min(port + 1, 65_535)))}",
        ) from None
    return listener
