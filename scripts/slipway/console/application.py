"""The console as an ASGI application: which page answers which address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import parse_qsl, quote

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline_lambdas.report.kit.markup import el
from pipeline_lambdas.report.kit.style import style
from slipway.console import aws_links
from slipway.console.access import AWS_LINKS, BASE, ENTER, HEADERS, Access, RefusedError
from slipway.console.failures import failed, told, undone
from slipway.console.live import TOGETHER_S, Changes, events
from slipway.console.room import Asked, Decide, Draw, Page, Room, Serve
from slipway.console.rooms import ROOMS
from slipway.console.shell import Bar, Place, at, whole
from slipway.errors import SlipwayError
from slipway.session import Session

_ASSETS = Path(__file__).with_name("assets")
_MOST_FORM_BYTES = 2**20
"""Rows to predict are pasted into a form."""
_KINDS = {".js": "text/javascript", ".svg": "image/svg+xml"}
_HOUR_S = 3600


@dataclass(frozen=True)
class Console:
    """The console of one installation; `session` is for no model in particular."""

    session: Session
    access: Access
    changes: Changes
    least_s: float = TOGETHER_S
    """The least time between two drawings of an open page, each of which asks the account."""

    def application(self) -> ASGIApp:
        """Return the application, which answers everything below /_console."""
        routes = [Route(ENTER, self._enter), Route(f"{BASE}/assets/{{name:path}}", _asset)]
        routes.append(Route(f"{AWS_LINKS}/{{path:path}}", self._led_on))
        for room in ROOMS:
            routes += [Route(f"{BASE}{path}", self._served(serve)) for path, serve in room.files.items()]
            routes += [Route(f"{BASE}/live{path}", self._live(draw)) for path, draw in room.pages.items()]
            routes += [Route(f"{BASE}{path}", self._shown(draw, room)) for path, draw in room.pages.items()]
            routes += [
                Route(f"{BASE}{path}", self._decided(decide, room, below=path not in room.pages), methods=["POST"])
                for path, decide in room.decisions.items()
            ]
        return self._guarded(Starlette(routes=routes, exception_handlers={404: self._nothing, Exception: self._broken}))

    @cached_property
    def place(self) -> Place:
        names = self.session.names
        return Place(self.session.target.title, names.account, names.region, names.suffix)

    def _guarded(self, inner: ASGIApp) -> ASGIApp:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await inner(scope, receive, send)
                return

            async def with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    own = {name.lower() for name, _ in message["headers"]}
                    added = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                    kept = [one for one in added if one[0] not in own]
                    message = {**message, "headers": [*message["headers"], *kept]}
                await send(message)

            try:
                self.access.check(Request(scope))
            except RefusedError as refused:
                await _refusal(refused)(scope, receive, with_headers)
            else:
                await inner(scope, receive, with_headers)

        return guarded

    async def _enter(self, request: Request) -> Response:
        try:
            return self.access.enter(request)
        except RefusedError as refused:
            return _refusal(refused)

    async def _led_on(self, request: Request) -> Response:
        suffix = self.session.options.suffix or self.session.target.suffix
        return HTMLResponse(aws_links.page(suffix, request.path_params["path"], request.query_params))

    def _shown(self, draw: Draw, room: Room) -> Callable[[Request], Awaitable[Response]]:
        async def shown(request: Request) -> Response:
            page = await run_in_threadpool(self._drawn, draw, request)
            query = f"?{request.url.query}" if request.url.query else ""
            live = at("live") + quote(request.scope["path"].removeprefix(BASE)) + query
            return self._page(page, room, live, request.query_params.get("said", ""))

        return shown

    def _live(self, draw: Draw) -> Callable[[Request], Awaitable[Response]]:
        async def live(request: Request) -> Response:
            async def now() -> Page:
                return await run_in_threadpool(self._drawn, draw, request)

            return StreamingResponse(events(self.changes, now, self.least_s), media_type="text/event-stream")

        return live

    def _drawn(self, draw: Draw, request: Request) -> Page:
        try:
            return draw(self._asked(request))
        except (SlipwayError, ClientError, BotoCoreError) as error:
            return failed(error, self.session)

    def _asked(self, request: Request) -> Asked:
        return Asked(self.session, request.path_params, dict(request.query_params), datetime.now(UTC))

    def _served(self, serve: Serve) -> Callable[[Request], Awaitable[Response]]:
        async def served(request: Request) -> Response:
            try:
                found = await run_in_threadpool(serve, self._asked(request))
            except (SlipwayError, ClientError, BotoCoreError) as error:
                return self._page(failed(error, self.session))
            if found is None:
                return await self._nothing(request, None)
            headers = {"Content-Security-Policy": found.policy, **found.headers}
            if isinstance(found.body, bytes):
                return Response(found.body, media_type=found.media_type, headers=headers)
            pieces = () if request.method == "HEAD" else found.body
            return StreamingResponse(pieces, media_type=found.media_type, headers=headers)

        return served

    def _decided(self, decide: Decide, room: Room, *, below: bool) -> Callable[[Request], Awaitable[Response]]:
        """Answer a form; `below` if it goes to an address below that of its page, and not to the page's own."""

        async def decided(request: Request) -> Response:
            form = await _form(request)
            if form is None:
                return self._page(Page("Too much", [told(f"A form has at most {_MOST_FORM_BYTES} bytes.")], status=413))
            try:
                done = await run_in_threadpool(decide, self._asked(request), form)
            except (SlipwayError, ClientError, BotoCoreError) as error:
                return self._page(undone(error, self.session, _page_of(request, below=below)), room)
            if isinstance(done, Page):
                return self._page(done, room)
            joint = "&" if "?" in done.address else "?"
            said = at(said=done.said).partition("?")[2]
            return RedirectResponse(f"{done.address}{joint}{said}", 303)

        return decided

    async def _nothing(self, request: Request, _: Exception | None) -> Response:
        del request
        return self._page(Page("Nothing is here", [told("The console has no page of this address.")], status=404))

    async def _broken(self, request: Request, error: Exception) -> Response:
        """Say that the console has a fault; the server logs it."""
        del request
        text = (
            f"The console failed with {type(error).__name__}, which is a fault of Slipway. The log of local AWS, or "
            "the terminal of `slipway console`, says where. Other pages go on."
        )
        return self._page(Page("This cannot be shown", [told(text)], (("Models", at("")),), status=500))

    def _page(self, page: Page, room: Room | None = None, live: str = "", said: str = "") -> Response:
        bar = Bar(self.place, ROOMS, room)
        return HTMLResponse(whole(page, bar, live, said), page.status)


def _page_of(request: Request, *, below: bool) -> str:
    """Return the page that a decision was made on."""
    path, query = str(request.scope["path"]), f"?{request.url.query}" if request.url.query else ""
    return quote(path.rpartition("/")[0] if below else path) + query


def _refusal(refused: RefusedError) -> Response:
    """Return the refusal as a page that needs nothing else, as this browser may ask for nothing else."""
    body = el("body", el("main", el("h1", "Slipway"), el("p", str(refused))))
    head = el("head", el("meta", charset="utf-8"), el("title", "Not let in - Slipway"))
    return HTMLResponse(f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n", refused.status)


async def _form(request: Request) -> dict[str, str] | None:
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > _MOST_FORM_BYTES:
            return None
    return dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))


async def _asset(request: Request) -> Response:
    found = _assets().get(request.path_params["name"])
    if found is None:
        return Response("Nothing is here.\n", 404, media_type="text/plain")
    content, kind = found
    return Response(content, media_type=kind, headers={"Cache-Control": f"max-age={_HOUR_S}"})


@cache
def _assets() -> dict[str, tuple[bytes, str]]:
    own = "".join(file.read_text(encoding="utf-8") for file in sorted(_ASSETS.glob("*.css")))
    whole = {file.name: (file.read_bytes(), _KINDS[file.suffix]) for file in _ASSETS.iterdir() if file.suffix in _KINDS}
    return {**whole, "console.css": (f"{style()}{own}".encode(), "text/css")}
