"""The console as an ASGI application: which page answers which address."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline_lambdas.report.kit.style import style
from slipway.console import decisions
from slipway.console.access import BASE, ENTER, HEADERS, Access
from slipway.console.decisions import Decision
from slipway.console.live import Changes, events
from slipway.console.pages.model import model
from slipway.console.pages.models import models
from slipway.console.pages.release import release
from slipway.console.shell import Page, Place, at, drawn, whole
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of, explain
from slipway.releases.overview import session_for
from slipway.releases.records import find_report
from slipway.session import Session

_ASSETS = Path(__file__).with_name("assets")
_MOST_FORM_BYTES = 16_384
_REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
"""The report is a page of the evidence, which code of a push may have written: it runs nothing and asks for nothing."""
_NOT_THERE = frozenset({"PipelineNotFoundException", "PipelineExecutionNotFoundException", "ValidationException"})

Draw = Callable[[Request], Page]


@dataclass(frozen=True)
class Console:
    """The console of one installation; `session` is for no model in particular."""

    session: Session
    access: Access
    changes: Changes

    def application(self) -> ASGIApp:
        """Return the application, which answers everything below /_console."""
        pages: dict[str, Draw] = {
            "/": lambda _: models(self.session, _now()),
            "/models/{model}": lambda request: model(self._model(request), _now(), _page(request)),
            "/models/{model}/releases/{run}": lambda request: release(
                self._model(request), request.path_params["run"], _now()
            ),
        }
        posts: dict[str, Decision] = {
            "/models/{model}/start": decisions.start,
            "/models/{model}/transition": decisions.transition,
            "/models/{model}/releases/{run}/answer": decisions.decide,
            "/models/{model}/releases/{run}/retry": decisions.retry,
            "/models/{model}/releases/{run}/stop": decisions.stop,
        }
        routes = [
            Route(ENTER, self._enter),
            Route(f"{BASE}/assets/{{name}}", _asset),
            Route(f"{BASE}/models/{{model}}/releases/{{run}}/report", self._report),
            *(Route(f"{BASE}{path}", self._shown(draw)) for path, draw in pages.items()),
            *(Route(f"{BASE}/live{path}", self._live(draw)) for path, draw in pages.items()),
            *(Route(f"{BASE}{path}", self._decided(one), methods=["POST"]) for path, one in posts.items()),
        ]
        return self._guarded(Starlette(routes=routes))

    @property
    def place(self) -> Place:
        names = self.session.names
        return Place(self.session.target.title, names.account, names.region, names.suffix)

    def _model(self, request: Request) -> Session:
        return session_for(self.session, request.path_params["model"])

    def _guarded(self, inner: ASGIApp) -> ASGIApp:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await inner(scope, receive, send)
                return

            async def with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    own = {name.lower() for name, _ in message["headers"]}
                    added = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                    message = {**message, "headers": [*message["headers"], *(one for one in added if one[0] not in own)]}
                await send(message)

            refused = self.access.refusal(Request(scope))
            await (refused or inner)(scope, receive, with_headers)

        return guarded

    async def _enter(self, request: Request) -> Response:
        return self.access.enter(request)

    def _shown(self, draw: Draw) -> Callable[[Request], Awaitable[Response]]:
        async def shown(request: Request) -> Response:
            page, status = await run_in_threadpool(self._drawn, draw, request)
            live = at("live") + request.url.path.removeprefix(BASE) + (f"?{request.url.query}" if request.url.query else "")
            said = request.query_params.get("said", "")
            return HTMLResponse(whole(page, self.place, live, said), status)

        return shown

    def _live(self, draw: Draw) -> Callable[[Request], Awaitable[Response]]:
        async def live(request: Request) -> Response:
            async def now() -> str:
                page, _ = await run_in_threadpool(self._drawn, draw, request)
                return drawn(page)

            return StreamingResponse(events(self.changes, now), media_type="text/event-stream")

        return live

    def _drawn(self, draw: Draw, request: Request) -> tuple[Page, int]:
        try:
            return draw(request), 200
        except (SlipwayError, ClientError, BotoCoreError) as error:
            return self._failed(error)

    def _failed(self, error: Exception) -> tuple[Page, int]:
        """Return the page that says what went wrong; raises what is a fault of the console."""
        from pipeline_lambdas.report.kit.tables import note  # noqa: PLC0415 - only for a failure

        explained = error if isinstance(error, SlipwayError) else explain(error)
        if explained is None:
            raise error
        missing = isinstance(error, ClientError) and code_of(error) in _NOT_THERE
        return Page("This cannot be shown", [note(explained.message)], [("Models", at(""))]), 404 if missing else 502

    def _decided(self, decision: Decision) -> Callable[[Request], Awaitable[Response]]:
        async def decided(request: Request) -> Response:
            form = await _form(request)
            if form is None:
                return PlainTextResponse(f"A form has at most {_MOST_FORM_BYTES} bytes.\n", 413)
            run_id = request.path_params.get("run", "")
            try:
                said, address = await run_in_threadpool(decision, self._model(request), run_id, form)
            except (SlipwayError, ClientError, BotoCoreError) as error:
                page, _ = self._failed(error)
                return HTMLResponse(whole(page, self.place, ""), 409)
            del said
            return RedirectResponse(address, 303)

        return decided

    async def _report(self, request: Request) -> Response:
        session = self._model(request)
        found = await run_in_threadpool(find_report, session, request.path_params["run"])
        if found is None:
            return PlainTextResponse("The release has no report yet.\n", 404)
        return HTMLResponse(found, headers={"Content-Security-Policy": _REPORT_POLICY})


async def _form(request: Request) -> dict[str, str] | None:
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > _MOST_FORM_BYTES:
            return None
    return dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))


async def _asset(request: Request) -> Response:
    found = _assets().get(request.path_params["name"])
    if found is None:
        return PlainTextResponse("Nothing is here.\n", 404)
    content, kind = found
    return Response(content, media_type=kind, headers={"Cache-Control": "max-age=3600"})


@cache
def _assets() -> dict[str, tuple[bytes, str]]:
    own = (_ASSETS / "console.css").read_text(encoding="utf-8")
    return {
        "console.css": (f"{style()}{own}".encode(), "text/css"),
        "live.js": ((_ASSETS / "live.js").read_bytes(), "text/javascript"),
    }


def _page(request: Request) -> int:
    text = request.query_params.get("page", "1")
    return int(text) if text.isdecimal() and 0 < int(text) < 10_000 else 1


def _now() -> datetime:
    return datetime.now(UTC)
