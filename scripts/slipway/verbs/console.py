"""Verb `console`: pages that show the installation, on loopback."""

from __future__ import annotations

import asyncio
import secrets
import webbrowser
from typing import Annotated

import typer

from slipway.session import session_of

PORT = 4580


def console(
    context: typer.Context,
    at_port: Annotated[int, typer.Option("--console-port", min=1, max=65_535, help="Port of the console.")] = PORT,
    browse: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")] = True,
) -> None:
    """Show the installation as pages, until Ctrl-C.

    They are for this machine alone: the address that is printed lets one browser in.
    """
    from hypercorn.asyncio import serve  # noqa: PLC0415 - only here
    from hypercorn.config import Config  # noqa: PLC0415

    from slipway.console.access import Access  # noqa: PLC0415
    from slipway.console.application import Console  # noqa: PLC0415
    from slipway.console.live import Clock  # noqa: PLC0415

    session = session_of(context)
    session.announce()
    access = Access(secrets.token_urlsafe(32), at_port)
    address = access.address()
    session.output.say(f"The console: {address}")
    if browse and session.output.can_ask:
        webbrowser.open(address)
    config = Config()
    config.bind = [f"127.0.0.1:{at_port}"]
    app = Console(session, access, Clock(session.target.poll_s)).application()
    asyncio.run(serve(app, config))  # type: ignore[arg-type]
