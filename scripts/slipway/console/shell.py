"""What all pages of the console have: the frame, the address of a page, forms, and times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.text import duration, moment
from slipway.console.access import BASE
from slipway.console.room import Page, Room


@dataclass(frozen=True, slots=True)
class Place:
    """Where the console looks: what people call the target, its account, Region and installation."""

    target: str
    account: str
    region: str
    suffix: str


def at(*names: str, **query: str | int) -> str:
    """Return the address of a page, with every name as one part of its path."""
    path = "/".join(quote(name, safe="") for name in names)
    asked = "&".join(f"{quote(name)}={quote(str(value))}" for name, value in query.items())
    return f"{BASE}/{path}{f'?{asked}' if asked else ''}"


def to(text: Child, address: str) -> Html:
    """Return a link to a page of the console."""
    return el("a", text, href=address)


def form(
    action: str, button: str, *fields: Child, tone: str = "plain", hidden: Mapping[str, str] | None = None
) -> Html:
    """Return a form that changes something; `fields` are shown before its button."""
    kept = (el("input", type="hidden", name=name, value=value) for name, value in (hidden or {}).items())
    return el("form", *kept, *fields, el("button", button, type="submit", class_=tone), method="post", action=action)


def search(action: str, button: str, *fields: Child, hidden: Mapping[str, str] | None = None) -> Html:
    """Return a form that asks for another page: its fields become the query."""
    kept = (el("input", type="hidden", name=name, value=value) for name, value in (hidden or {}).items())
    return el("form", *kept, *fields, el("button", button, type="submit"), method="get", action=action, role="search")


def choice(key: str, label: str, name: str, values: Iterable[tuple[str, str]], chosen: str) -> Html:
    """Return a field with given values, as (value, what is shown)."""
    options = (el("option", shown, value=value, selected="" if value == chosen else None) for value, shown in values)
    return el("label", label, el("select", *options, id=key, name=name), for_=key)


def field(key: str, label: str, name: str, **attributes: str | float | None) -> Html:
    """Return a text field with its label; `key` is unique on its page."""
    return el("label", label, el("input", id=key, name=name, **attributes), for_=key)


def pages(address: str, number: int, *, more: bool) -> Html | None:
    """Return the links between the pages of a long list, counted from 1; None if there is one page only."""
    links = [to("Newer", f"{address}?page={number - 1}")] if number > 1 else []
    links += [to("Older", f"{address}?page={number + 1}")] if more else []
    return el("nav", *links, aria_label="Pages of the list", class_="pages") if links else None


def turn(*links: tuple[str, str | None]) -> Html | None:
    """Return links (title, address) between the pages of a list that AWS gives by tokens; None if there are none."""
    there = [to(title, address) for title, address in links if address]
    return el("nav", *there, aria_label="Pages of the list", class_="pages") if there else None


def panel(key: str, title: str, *parts: Child) -> Html:
    """Return a part of a page that is drawn again by itself; empty parts are left out."""
    return el("section", el("h2", title, id=f"{key}-title"), *parts, id=key, aria_labelledby=f"{key}-title")


def clock(time: datetime | None) -> Html | None:
    """Return a time that programs can read as well."""
    if time is None:
        return None
    written = time.astimezone(UTC).isoformat(timespec="seconds")
    return el("time", moment(written), datetime=written)


def took(seconds: float | None) -> str | None:
    return None if seconds is None else duration(seconds)


def ago(time: datetime | None, now: datetime) -> str | None:
    return None if time is None else f"{duration(max((now - time).total_seconds(), 0.0))} ago"


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands above every page: where the console looks, its rooms, and the one that the page belongs to."""

    place: Place
    rooms: tuple[Room, ...]
    here: Room | None


def whole(page: Page, bar: Bar, live: str = "", said: str = "") -> str:
    """Return the page as HTML; `live` is the address of its changes, `said` the outcome of what was asked for."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        # A screen reader begins a page with its title, and reads no status that is there from the start.
        el("title", f"{said} {page.title} - Slipway".strip()),
        el("link", rel="stylesheet", href=at("assets", "console.css")),
        el("link", rel="icon", type="image/svg+xml", href=at("assets", "icon.svg")),
        el("script", src=at("assets", "live.js"), defer="defer"),
    )
    body = el(
        "body",
        el("a", "To the content", href="#main", class_="skip"),
        el("header", _bar(bar), _trail(page), el("h1", page.title)),
        el("p", said, role="status", class_="said good") if said else None,
        el("main", drawn(page), id="main"),
        el(
            "footer",
            el("p", f"{bar.place.target}, account {bar.place.account}, {bar.place.region}", el("span", "", id="live")),
        ),
        data_live=live or None,
        data_failed="yes" if live and page.status >= HTTPStatus.BAD_REQUEST else None,
    )
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def drawn(page: Page) -> Html:
    """Return the parts of a page: what changes by itself."""
    return join(*page.parts)


def _bar(bar: Bar) -> Html:
    links = (
        el("a", room.title, href=f"{BASE}{room.home}", aria_current="page" if room is bar.here else None)
        for room in bar.rooms
    )
    name = el("span", el("strong", "Slipway"), " ", el("span", bar.place.suffix, class_="none"))
    return el("nav", name, *links, aria_label="Rooms of the console", class_="bar")


def _trail(page: Page) -> Html | None:
    if not page.above:
        return None
    return el(
        "nav", *(to(title, address) for title, address in page.above), aria_label="Above this page", class_="trail"
    )
