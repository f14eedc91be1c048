"""Asks an application of ASGI without a server, as a browser with its cookies would."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from starlette.types import ASGIApp


@dataclass(frozen=True)
class Answer:
    """A response with its whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


@dataclass
class Client:
    """One browser at `host`; it keeps cookies, and follows nothing by itself."""

    application: ASGIApp
    host: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, address: str, **headers: str) -> Answer:
        """Ask for an address with or without scheme and host; `_` in names of headers stands for `-`."""
        return self._ask("GET", address, b"", headers)

    def post(self, address: str, form: Mapping[str, str], **headers: str) -> Answer:
        """Send a form as a browser does from a page of this host."""
        return self._ask("POST", address, urlencode(form).encode(), {"origin": f"http://{self.host}", **headers})

    def _ask(self, method: str, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(address)
        told = {"host": self.host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookies:
            told["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "root_path": "",
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
            "server": ("127.0.0.1", 80),
        }
        answer = asyncio.run(_asked(self.application, scope, body))
        kept = answer.headers.get("set-cookie", "").partition(";")[0]
        if kept:
            name, _, value = kept.partition("=")
            self.cookies[name] = value
        return answer


async def _asked(application: ASGIApp, scope: MutableMapping[str, Any], body: bytes) -> Answer:
    sent: list[MutableMapping[str, Any]] = []
    asked = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> MutableMapping[str, Any]:
        message = next(asked, None)
        # A browser that waits for the whole answer says nothing more.
        return await asyncio.Future() if message is None else message

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    start = sent[0]
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(one.get("body", b"") for one in sent[1:]))
