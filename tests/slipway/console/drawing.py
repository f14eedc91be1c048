"""Draws pages of the console in the process of the tests, from a local AWS or from clients that a test plays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

from slipway.console.room import Asked, Page
from slipway.console.shell import drawn
from slipway.session import Session
from slipway.target import LOCAL_SUFFIX, Options, local_target
from slipway.terminal.output import Output

from tests.local_server import REGION, LocalServer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Played:
    """A target whose clients a test plays."""

    clients: Mapping[str, Any]
    region: str = REGION
    suffix: str = LOCAL_SUFFIX
    is_local: bool = True
    port: int = 4566
    title: str = "local AWS"

    def account(self) -> str:
        return "111122223333"

    def client(self, service: str) -> Any:
        return self.clients[service]


def session_at(server: LocalServer) -> Session:
    """A session for a local AWS, as the console has it."""
    return _session(local_target(server.port, REGION, LOCAL_SUFFIX, server.state))


def session_with(**clients: Any) -> Session:
    """A session whose clients a test plays, by the name of the service."""
    return _session(Played(clients))


def _session(target: object) -> Session:
    session = Session(Options(local=True, region=REGION, suffix=LOCAL_SUFFIX), Output(as_json=False))
    session.__dict__["target"] = target
    return session


def asked(
    session: Session, now: datetime | None = None, /, *, query: Mapping[str, Any] | None = None, **path: str
) -> Asked:
    """A request for a page: the names in its path, and its query."""
    given = {name: str(value) for name, value in (query or {}).items()}
    return Asked(session, path, given, now or datetime.now(UTC))


def text_of(page: Page) -> str:
    """What a page shows, without its markup."""
    return " ".join(unescape(re.sub(r"<[^<>]*>", " ", drawn(page))).split())


def links_of(page: Page) -> list[str]:
    """The addresses of a page's links."""
    return [found.replace("&amp;", "&") for found in re.findall(r'<a href="([^"]*)"', drawn(page))]
