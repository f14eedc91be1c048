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

from pipeline_lambdas.report.kit.markup import Html, el, join
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


def row(release: str, age: str) -> Html:
    return el("tr", el("td", el("a", release, href=f"/releases/{release}")), el("td", age))


def lines(*seconds: int) -> Html:
    code = el(
        "code", *(join(el("time", f"12:00:0{one}", datetime=f"12:00:0{one}"), f" line {one}\n") for one in seconds)
    )
    return panel("log", "Log", el("pre", code, class_="log"))


def test_a_selection_stays_while_lines_of_a_log_come_and_go(page: Open) -> None:
    page.load(lines(1, 2, 3))
    page.tab.evaluate("getSelection().selectAllChildren(document.querySelectorAll('time')[1])")
    page.tell(lines(2, 3, 4))
    expect(page.tab.locator("#log pre")).to_have_text("12:00:02 line 2 12:00:03 line 3 12:00:04 line 4")
    assert page.tab.evaluate("String(getSelection())") == "12:00:02"


def test_the_focus_stays_with_its_row_when_another_comes_above(page: Open) -> None:
    page.load(panel("history", "History", el("table", el("tbody", row("b", "1 s ago"), row("a", "9 s ago")))))
    page.tab.get_by_role("link", name="b").focus()
    newer = el("tbody", row("c", "0 s ago"), row("b", "2 s ago"), row("a", "10 s ago"))
    page.tell(panel("history", "History", el("table", newer)))
    expect(page.tab.locator("#history tr")).to_have_text(["c0 s ago", "b2 s ago", "a10 s ago"])
    expect(page.tab.get_by_role("link", name="b")).to_be_focused()


def test_a_detail_that_a_person_has_opened_stays_open(page: Open) -> None:
    def gates(passed: int, tone: str) -> Html:
        detail = el("details", el("summary", f"{passed} passed"), el("p", "rmse"), class_=tone)
        return panel("gates", "Gates", detail)

    page.load(gates(1, "good"))
    page.tab.get_by_text("1 passed").click()
    page.tell(gates(2, "bad"))
    expect(page.tab.locator("#gates summary")).to_have_text("2 passed")
    expect(page.tab.locator("#gates details")).to_have_class("bad")
    expect(page.tab.get_by_text("rmse")).to_be_visible()
