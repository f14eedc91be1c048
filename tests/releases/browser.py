"""The browser that the tests of the console drive: the one that this machine has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    Response,
    sync_playwright,
)
from slipway.console.local import local_access

from tests.local_server import LocalServer

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDE, NARROW = (1280, 900), (360, 740)
"""Windows of a laptop and of a small phone, in CSS pixels."""
_GRAVE = ("serious", "critical")


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Yield a browser without a window; skips the test where the machine has none."""
    program = os.environ.get("SLIPWAY_BROWSER") or next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: found none of {', '.join(_NAMES)}; SLIPWAY_BROWSER may name one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A person at the console: one page of a browser, and all that it must not do."""

    page: Page
    server: LocalServer
    wrong: list[str] = field(default_factory=list)
    """Errors of the page, blocked content, and requests to elsewhere."""

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", self._asked)
        self.page.on("response", self._answered)
        self.page.on("request", self._look_at)

    def _said(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.wrong.append(said.text)

    def _asked(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _answered(self, answer: Response) -> None:
        if answer.status >= HTTPStatus.BAD_REQUEST:
            self.wrong.append(f"{answer.status} {answer.url}")

    def _look_at(self, request: Request) -> None:
        if urlsplit(request.url).netloc != f"127.0.0.1:{self.server.port}":
            self.wrong.append(f"request to {request.url}")

    def enter(self, path: str = "/") -> None:
        """Open a page by an address as `slipway open` prints it."""
        self.page.goto(local_access(self.server.state, self.server.port).address(path))

    def go(self, path: str) -> None:
        """Open a page below the console's root."""
        answer = self.page.goto(f"http://127.0.0.1:{self.server.port}/_console{path}")
        assert answer is not None
        assert answer.status == 200, (path, answer.status, self.page.inner_text("main"))

    def links(self) -> list[str]:
        """Return where the page's links lead within the console, below its root."""
        found = self.page.locator('main a[href^="/_console/"], nav a[href^="/_console/"]')
        addresses: list[str] = found.evaluate_all("all => all.map(one => one.getAttribute('href'))")
        return [address.removeprefix("/_console") for address in dict.fromkeys(addresses)]

    def barriers(self) -> list[str]:
        """Return what keeps people with a screen reader or a keyboard from using the page, as axe finds it."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {node['html']} {node['failureSummary']}"
            for one in found
            if one["impact"] in _GRAVE
            for node in one["nodes"]
        ]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def visit(context: BrowserContext, server: LocalServer) -> Visit:
    """Open a page in a context, let in by no address yet."""
    context.set_default_timeout(30_000)
    return Visit(context.new_page(), server)
