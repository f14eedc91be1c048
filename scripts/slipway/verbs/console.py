"""Verb `console`: pages that show an installation, on loopback."""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
import webbrowser
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slipway.errors import SlipwayError
from slipway.session import Session, session_of
from slipway.target import LOCAL_SUFFIX

if TYPE_CHECKING:
    from starlette.types import ASGIApp

PORT = 4580
_POLL_LOCAL_S, _POLL_AWS_S = 1.0, 10.0
"""How often a page that somebody looks at is drawn again where nothing tells of changes.

AWS limits how often an account may call: https://docs.aws.amazon.com/general/latest/gr/api-retries.html
"""

_LAST_ANSWERS_S = 0.5


def console(
    context: typer.Context,
    console_port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of a console of its own.")] = PORT,
    browse: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, or only print its address.")] = True,
) -> None:
    """Show an installation as pages, until Ctrl-C.

    They are for this machine alone: the address that is printed lets a browser in, for ten minutes. They read with your
    own credentials, and change nothing before you decide something there. The installation `local` of local AWS is
    served by local AWS itself.
    """
    session = session_of(context)
    if session.target.is_local and session.names.suffix == LOCAL_SUFFIX:
        _show(session, _address_of_local_aws(session), browse=browse)
        return
    if session.output.as_json:
        raise SlipwayError("console and --json exclude each other: pages are served until Ctrl-C, and a document ends.")
    _serve(session, console_port, browse=browse)


def _address_of_local_aws(session: Session) -> str:
    # A web framework, which no other verb needs.
    from slipway.console.local import local_access  # noqa: PLC0415

    session.client("sts").get_caller_identity()  # whether it is up
    return local_access(session.target.state, session.target.port).address()


def _serve(session: Session, port: int, *, browse: bool) -> None:
    from slipway.console.access import Access  # noqa: PLC0415
    from slipway.console.application import Console  # noqa: PLC0415
    from slipway.console.live import Clock  # noqa: PLC0415

    listener = _listen(port)
    session.announce()
    access = Access(secrets.token_urlsafe(32), port, session.command("console"))
    every_s = _POLL_LOCAL_S if session.target.is_local else _POLL_AWS_S
    application = Console(session, access, Clock(every_s), every_s).application()
    _show(session, access.address(), browse=browse)
    more = " Enter prints another." if session.output.can_ask else ""
    session.output.say(f"The address lets one browser in, for ten minutes.{more} Ctrl-C ends the console.")

    def entered() -> None:
        if not sys.stdin.readline():  # its end, which would be there for ever
            asyncio.get_running_loop().remove_reader(sys.stdin)
            return
        _show(session, access.address(), browse=False)

    asyncio.run(_serving(application, listener, entered if session.output.can_ask else None))


async def _serving(application: ASGIApp, listener: socket.socket, entered: Callable[[], None] | None) -> None:
    """Answer until Ctrl-C; pages that are open then are not waited for. `entered` is called for each line typed."""
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "ERROR"
    config.graceful_timeout = _LAST_ANSWERS_S
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unless_cancelled)
    if entered:
        loop.add_reader(sys.stdin, entered)
    await serve(application, config)  # type: ignore[arg-type]


def _unless_cancelled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # A connection that is cut off is reported as an error: https://github.com/python/cpython/issues/113538
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


def _show(session: Session, address: str, *, browse: bool) -> None:
    session.output.say(f"console: {address}")
    session.output.result({"address": address})
    if browse and session.output.can_ask:
        webbrowser.open(address)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        # Ports below 1024 are for the root user.
        other = port + 1 if 1023 <= port < 65_535 else PORT
        raise SlipwayError(
            f"Port {port} cannot be taken: {error.strerror}.",
            lambda command: f"Choose another: {command('console', '--console-port', str(other))}",
        ) from None
    return listener
