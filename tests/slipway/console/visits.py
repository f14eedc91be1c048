"""Visits pages of a console as a browser that was let in."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from slipway.console.access import BASE
from slipway.console.local import local_access

from tests.local_server import LocalServer

_LINK = re.compile(r'<a [^>]{0,20}href="([^"]*)"')


@dataclass(frozen=True)
class Visit:
    """An answer: status, headers by their names in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def shown(self) -> str:
        """The text of the page's main part as a person reads it."""
        main = self.text.partition("<main")[2].partition("</main>")[0]
        return unescape(re.sub(r"<[^<>]*>", "", main.partition(">")[2]))

    @property
    def links(self) -> list[str]:
        """The addresses in the page's main part."""
        return [unescape(link) for link in _LINK.findall(self.text.partition("<main")[2])]

    def link(self, part: str) -> str:
        """The first address that contains a text."""
        return next(link for link in self.links if part in link)


class Visitor:
    """A browser at the console of a local AWS."""

    def __init__(self, server: LocalServer) -> None:
        self._port, self._cookie = server.port, ""
        parts = urlsplit(local_access(server.state, server.port).address())
        entered = self._ask(f"{parts.path}?{parts.query}")
        self._cookie = entered.headers["set-cookie"].partition(";")[0]

    def get(self, path: str) -> Visit:
        """Ask for an address, or for a path below the console's."""
        return self._ask(path if path.startswith(BASE) else f"{BASE}{path}")

    def _ask(self, path: str) -> Visit:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("GET", path, headers={"Cookie": self._cookie})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Visit(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)
