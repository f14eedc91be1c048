"""The console: how long the server draws its pages with few and with many releases, and how soon a change shows."""

from __future__ import annotations

import contextlib
import http.cookiejar
import statistics
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPResponse

from slipway.console.local import local_access

from benchmarks.figures import Figure, at_most
from tests.releases.house import MODEL, PREFIX, House

RELEASES, SHORT_RELEASES = 2000, 12
_TIMES, _CHANGES = 20, 8
_PAGE_MS, _SHOWN_MS = 100.0, 200.0
_MANY_TO_FEW = 1.2
_PATIENCE_S = 10.0
_SETTLED_S = 60.0
"""A release that has just ended may be tried again, so it is asked for anew for a while."""


def measure(house: House, *, short: bool) -> list[Figure]:
    """Draw pages before and after many releases, and change something while one is watched."""
    count = SHORT_RELEASES if short else RELEASES
    client, browser = house.client("codepipeline"), Browser(house)
    release = f"/models/{MODEL}/releases/{house.newest()}"
    few = browser.draw_ms(f"/models/{MODEL}")
    transition = {"pipelineName": PREFIX, "stageName": "Build", "transitionType": "Inbound"}
    client.disable_stage_transition(**transition, reason="Each release that waits is superseded by the next")
    with _nothing_told(house):
        for _ in range(count):
            client.start_pipeline_execution(name=PREFIX)
    time.sleep(0 if short else _SETTLED_S)
    many = {path: browser.draw_ms(path) for path in ("/", f"/models/{MODEL}", f"/models/{MODEL}?page=60", release)}
    shown = browser.shown_ms(f"/models/{MODEL}", lambda reason: _close(house, reason))
    client.enable_stage_transition(**transition)
    client.enable_stage_transition(**{**transition, "stageName": "DeployProd"})
    slowest = max(many, key=lambda path: many[path])
    return [
        at_most(f"the slowest page, {count} releases", many[slowest], "ms", _PAGE_MS, slowest),
        at_most(
            f"history of {count} releases against one of few",
            many[f"/models/{MODEL}"] / few,
            "x",
            _MANY_TO_FEW,
            f"{few:.0f} ms, {many[f'/models/{MODEL}']:.0f} ms",
        ),
        at_most("until a change shows, median", statistics.median(shown), "ms", _SHOWN_MS, f"at most {max(shown):.0f}"),
    ]


@contextlib.contextmanager
def _nothing_told(house: House) -> Iterator[None]:
    """Keep EventBridge from invoking the functions that record each release which ends."""
    events = house.client("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"] if rule["State"] == "ENABLED"]
    for name in rules:
        events.disable_rule(Name=name)
    try:
        yield
    finally:
        for name in rules:
            events.enable_rule(Name=name)


def _close(house: House, reason: str) -> None:
    house.client("codepipeline").disable_stage_transition(
        pipelineName=PREFIX, stageName="DeployProd", transitionType="Inbound", reason=reason
    )


class Browser:
    """What a browser does, without drawing anything."""

    def __init__(self, house: House) -> None:
        """Let it in."""
        self._root = f"http://127.0.0.1:{house.server.port}/_console"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        self._opener.open(local_access(house.server.state, house.server.port).address()).read()

    def draw_ms(self, path: str) -> float:
        """Return the median time of an answer, in ms."""
        self._get(path)
        return statistics.median(_timed_ms(lambda: self._get(path)) for _ in range(_TIMES))

    def shown_ms(self, path: str, change: Callable[[str], None]) -> list[float]:
        """Return how long after each change's answer the watched page holds its mark, in ms."""
        times: dict[str, float] = {}
        with self._opener.open(f"{self._root}/live{path}", timeout=3 * _PATIENCE_S) as watched:
            threading.Thread(target=_read, args=(watched, times), daemon=True).start()
            return [self._until_shown(times, f"change-{number}-", change) for number in range(_CHANGES)]

    def _until_shown(self, times: dict[str, float], mark: str, change: Callable[[str], None]) -> float:
        time.sleep(0.5)  # no change of before is still on its way
        change(mark)
        changed, end = time.perf_counter(), time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            seen = next((at for text, at in tuple(times.items()) if mark in text), None)
            if seen is not None:
                return max(seen - changed, 0.0) * 1000
            time.sleep(0.002)
        raise SystemExit(f"{mark} did not show within {_PATIENCE_S:.0f} s")

    def _get(self, path: str) -> None:
        with self._opener.open(f"{self._root}{path}") as answer:
            answer.read()


def _read(watched: HTTPResponse, times: dict[str, float]) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed once everything has been seen
        for line in watched:
            times.setdefault(line.decode(), time.perf_counter())


def _timed_ms(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000
