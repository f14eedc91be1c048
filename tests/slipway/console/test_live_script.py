"""What the script of an open page does with the events that come, in a real browser; a test plays the server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect
from playwright.sync_api import Page as Tab
from slipway.console import application
from slipway.console.room import Page
from slipway.console.shell import Bar, Place, drawn, form, panel, whole
from slipway.console.shell import field as text_field

from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.tables import note
from tests.releases.browser import a_browser

ADDRESS = "http://127.0.0.1:9/page"
SCRIPT = (Path(application.__file__).parent / "assets" / "live.js").read_text(encoding="utf-8")
BAR = Bar(Place("local AWS", "111122223333", "us-east-1", "local"), (), None)
EVENT_SOURCE = """
window.sources = [];
window.EventSource = class extends EventTarget {
  static CONNECTING = 0; static OPEN = 1; static CLOSED = 2;
  constructor() { super(); this.readyState = 1; sources.push(this); }
  close() { this.readyState = 2; }
};
"""
TELL = """([kind, text]) => {
  const source = sources.at(-1), event = new MessageEvent(kind, { data: JSON.stringify(text) });
  source.dispatchEvent(event);
  source["on" + kind]?.(event);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as found:
        yield found


@dataclass
class Open:
    """An open page, and what its script did wrong."""

    tab: Tab
    wrong: list[str] = field(default_factory=list)

    def load(self, *parts: Html, status: int = 200) -> None:
        text = whole(Page("Release", list(parts), status=status), BAR, "/live")

        def answer(route: Route) -> None:
            is_script = route.request.url.endswith("/live.js")
            kind, body = ("text/javascript", SCRIPT) if is_script else ("text/html", text)
            route.fulfill(status=200, content_type=kind, body=body)

        self.tab.route("**/*", answer)
        self.tab.goto(ADDRESS)

    def tell(self, *parts: Html, kind: str = "message") -> None:
        self.tab.evaluate(TELL, [kind, drawn(Page("", list(parts)))])

    def keys(self) -> list[str]:
        found: list[str] = self.tab.evaluate("[...document.getElementById('main').children].map(one => one.id)")
        return found


@pytest.fixture
def page(browser: Browser) -> Iterator[Open]:
    with browser.new_context() as context:
        context.set_default_timeout(10_000)
        context.add_init_script(EVENT_SOURCE)
        found = Open(context.new_page())
        found.tab.on("pageerror", lambda error: found.wrong.append(str(error)))
        yield found
        assert found.wrong == []


def decision(told: str, token: str = "1") -> Html:
    """A part with a form for one approval."""
    reason = text_field("reason", "Reason", "reason")
    return panel("decide", "Decide", note(told), form("/answer", "Approve", reason, hidden={"token": token}))


def test_what_came_while_a_person_typed_is_shown_afterwards(page: Open) -> None:
    page.load(decision("It waits."), panel("now", "Now", note("Waits")))
    page.tab.get_by_label("Reason").fill("Because")
    page.tell(panel("now", "Now", note("Approved by another")))
    expect(page.tab.locator("#now")).to_contain_text("by another")
    expect(page.tab.get_by_label("Reason")).to_have_value("Because")
    page.tab.get_by_label("Reason").blur()
    expect(page.tab.locator("#decide")).to_have_count(0)


def test_a_button_that_is_held_down_is_not_taken_away(page: Open) -> None:
    page.load(decision("It waits."))
    page.tab.evaluate("addEventListener('submit', (event) => { event.preventDefault(); window.sent = 1; })")
    button = page.tab.get_by_role("button", name="Approve")
    button.hover()
    page.tab.mouse.down()
    page.tell(decision("It waits for a second minute."))
    page.tab.mouse.up()
    assert page.tab.evaluate("window.sent") == 1
    expect(page.tab.locator("#decide")).to_contain_text("a second minute")


def test_a_reason_is_kept_for_the_decision_that_it_is_for(page: Open) -> None:
    page.load(decision("It waits."))
    page.tab.get_by_label("Reason").fill("Because")
    page.tab.get_by_label("Reason").blur()
    page.tell(decision("It still waits."))
    expect(page.tab.locator("#decide")).to_contain_text("still")
    expect(page.tab.get_by_label("Reason")).to_have_value("Because")
    page.tell(decision("The next one waits.", token="2"))
    expect(page.tab.locator("#decide")).to_contain_text("next one")
    expect(page.tab.get_by_label("Reason")).to_have_value("")


def test_what_cannot_be_drawn_for_a_while_stays_as_it_was(page: Open) -> None:
    page.load(decision("It waits."))
    page.tab.get_by_label("Reason").fill("Because")
    page.tab.get_by_label("Reason").blur()
    page.tell(el("section", note("Too many requests."), id="told"), kind="failed")
    assert page.keys() == ["told", "decide"]
    page.tell(decision("It still waits."))
    assert page.keys() == ["decide"]
    expect(page.tab.get_by_label("Reason")).to_have_value("Because")
    page.tell(el("section", note("No such release."), id="told"), kind="missing")
    assert page.keys() == ["told"]


def test_a_page_that_failed_at_first_is_loaded_anew_once_it_is_there(page: Open) -> None:
    page.load(el("section", note("Too many requests."), id="told"), status=502)
    page.tab.evaluate("window.opened = 1")
    with page.tab.expect_navigation():
        page.tell(decision("It waits."))
    assert page.tab.evaluate("window.opened") is None


def test_parts_are_told_apart_from_what_is_inside_another(page: Open) -> None:
    """The decision stands beside the evidence where there is any, and by itself where there is none any more."""
    now, end = panel("now", "Now"), panel("end", "End")
    page.load(now, el("div", decision("It waits."), id="judge"), end)
    page.tell(now, decision("It still waits."), panel("new", "New"), end)
    assert page.keys() == ["now", "decide", "new", "end"]
    expect(page.tab.get_by_label("Reason")).to_have_count(1)


def test_a_stream_that_was_refused_does_not_claim_to_try_again(page: Open) -> None:
    page.load(decision("It waits."))
    state = page.tab.locator("#live")
    lost = "(state) => { const one = sources.at(-1); one.readyState = state; one.onerror({ target: one }); }"
    page.tab.evaluate(lost, 0)
    expect(state).to_have_text("not connected; trying again")
    page.tab.evaluate(lost, 2)
    expect(state).to_have_text("not live; load the page again to see why")
