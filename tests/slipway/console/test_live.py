"""What an open page is told, by the pages that are drawn for it one after the other."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

from slipway.console.live import Clock, events
from slipway.console.room import Page

from pipeline_lambdas.report.kit.markup import el

_SOON_S, _LATE_S = 0.002, 20.0


def page(text: str, status: int = 200, again_s: float | None = None) -> Page:
    return Page("", [el("p", text, id="a")], (), again_s, status)


def told(*pages: Page, most: int, clock: Clock | None = None) -> list[tuple[str, str]]:
    """The first events, as (kind, text), of what is drawn as these pages and stays as the last one."""
    left = list(pages)

    async def draw() -> Page:
        return left.pop(0) if len(left) > 1 else left[0]

    async def first() -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        async with asyncio.timeout(_LATE_S), aclosing(events(clock or Clock(_SOON_S), draw, 0.0)) as stream:
            async for text in stream:
                kind, data = text.strip().split("\n")
                found.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
                if len(found) == most:
                    break
        return found

    return asyncio.run(first())


def shown(text: str) -> str:
    return f'<p id="a">{text}</p>'


def test_a_page_is_told_when_it_differs() -> None:
    pages = (page("one"), page("one"), page("two"))
    assert told(*pages, most=2) == [("message", shown("one")), ("message", shown("two"))]


def test_a_page_that_fails_for_a_while_comes_back() -> None:
    pages = (page("one"), page("no answer", 502), page("no answer", 502), page("one"), page("gone", 404))
    found = told(*pages, most=4)
    assert found == [
        ("message", shown("one")),
        ("failed", shown("no answer")),
        ("message", shown("one")),
        ("missing", shown("gone")),
    ]


def test_what_asks_to_be_drawn_again_is_although_nothing_changes() -> None:
    never = Clock(10 * _LATE_S)
    found = told(page("1 s", again_s=_SOON_S), page("2 s"), most=2, clock=never)
    assert found == [("message", shown("1 s")), ("message", shown("2 s"))]
