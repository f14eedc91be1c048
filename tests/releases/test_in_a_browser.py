"""The console in a real browser: a person pushes, watches, approves and predicts, and looks at every page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Browser, expect
from slipway.console.rooms import ROOMS
from starlette.routing import compile_path

from tests.local_server import ROOT, allow
from tests.releases.browser import NARROW, WIDE, Visit, a_browser, visit
from tests.releases.house import MODEL, PREFIX, House

SAMPLE = (ROOT / "training_config" / f"{MODEL}.yml").read_text(encoding="utf-8")
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
ROWS = "7.4,0.7,0,1.9,0.076,11,34,0.9978,3.51,0.56,9.4\n7.8,0.88,0,2.6,0.098,25,67,0.9968,3.2,0.68,9.8\n"
MACHINE = {"StartAt": HOSTILE, "States": {HOSTILE: {"Type": "Pass", "Next": "End"}, "End": {"Type": "Succeed"}}}
WITHOUT_AN_EXAMPLE = {
    "/models/{model}/rollback",
    "/pipelines/{pipeline}",
    "/pipelines/{pipeline}/executions/{run}",
    "/jobs/{kind}",
    "/jobs/tuning/{name}",
    "/jobs/processing/{name}",
    "/jobs/transform/{name}",
    "/workflows/{machine}/map-run",
    "/repositories/{repository}/branches",
    "/stacks/{stack}/changes/{change_set}",
}
"""Pages of what this installation may lack."""
_RELEASE_S = 90_000
"""For one release on a busy machine, in milliseconds."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as found:
        yield found


def test_push_watch_approve_predict(house: House, browser: Browser) -> None:
    with browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}) as context:
        person = visit(context, house.server)
        page = person.page
        person.enter("/")
        page.get_by_role("link", name=MODEL, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(MODEL)
        expect(page.locator("#live")).to_have_text("live")
        page.evaluate("window.opened = 1")  # gone if the page is loaded anew

        before = house.newest()
        house.push_config(f"{SAMPLE}# pushed at {before}\n", message=HOSTILE)
        release = house.wait_for_new(before)
        newest = page.locator("#now").get_by_role("link", name=release[:8])
        expect(newest).to_be_visible()
        expect(page.locator("#history").get_by_text(HOSTILE)).to_be_visible()
        assert page.evaluate("window.opened") == 1
        assert person.wrong == []

        newest.click()
        approve = page.get_by_role("button", name="Approve")
        approve.wait_for(timeout=_RELEASE_S)
        expect(page.locator("#of-gates")).to_contain_text("rmse")
        page.get_by_label("Reason, which stays with the decision").fill("Seen in the browser")
        approve.click()
        expect(page.get_by_role("status")).to_contain_text("Approved")
        expect(page.locator("#summary")).to_contain_text("Succeeded", timeout=_RELEASE_S)

        page.get_by_role("link", name="Endpoints", exact=True).click()
        page.get_by_role("link", name=f"{PREFIX}-prod", exact=True).click()
        page.get_by_role("link", name="Send rows and see predictions").click()
        page.get_by_label("Rows, at most").fill(ROWS)
        page.get_by_role("button", name="Predict").click()
        predictions = page.locator("#answer tbody tr")
        expect(predictions).to_have_count(2)
        expect(predictions.first).to_contain_text(re.compile(r"[3-8]\.\d"))
        expect(page.get_by_label("Rows, at most")).to_have_value(ROWS)
        assert person.wrong == []
    assert house.wait_for_end(release)["status"] == "Succeeded"


def test_every_page_can_be_used_by_all(house: House, browser: Browser) -> None:
    """In light and dark, in a wide and a narrow window, by keyboard and screen reader; one page of each kind."""
    role = house.server.create_role("states-in-a-browser", "states.amazonaws.com", allow("logs:*"))
    states = house.client("stepfunctions")
    machine = states.create_state_machine(name="in-a-browser", definition=json.dumps(MACHINE), roleArn=role)
    states.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps({"text": HOSTILE}))
    patterns = {path: compile_path(path)[0] for room in ROOMS for path in room.pages}
    found: dict[str, list[str]] = {}
    with browser.new_context(color_scheme="light", viewport={"width": WIDE[0], "height": WIDE[1]}) as context:
        person = visit(context, house.server)
        person.enter("/")
        pair = ",".join(one["pipelineExecutionId"] for one in house.executions()[:2])
        # The repositories of code, which are listed first, have folders alone at their root.
        begun = ["/", f"/models/{MODEL}/compare?releases={pair}", "/repositories/slipway-local-training-config"]
        kinds = crawled(person, begun, patterns, found)
    with browser.new_context(color_scheme="dark", viewport={"width": NARROW[0], "height": NARROW[1]}) as context:
        person = visit(context, house.server)
        person.enter("/")
        for path in kinds.values():
            person.go(path)
            note(person, found, path)
    assert found == {}
    assert patterns.keys() - kinds.keys() - WITHOUT_AN_EXAMPLE == set()


def crawled(
    person: Visit, waiting: list[str], patterns: Mapping[str, re.Pattern[str]], found: dict[str, list[str]]
) -> dict[str, str]:
    """Go where links lead, to one page of each kind, and note what is wrong there; returns the pages by their kind."""
    kinds: dict[str, str] = {}
    while waiting:
        path = waiting.pop(0)
        kind = next((one for one, pattern in patterns.items() if pattern.match(path.partition("?")[0])), None)
        if kind is None or kind in kinds:
            continue
        kinds[kind] = path
        person.go(path)
        note(person, found, path)
        waiting += person.links()
    return kinds


def note(person: Visit, found: dict[str, list[str]], path: str) -> None:
    overflow = person.overflow()
    wrong = [*person.barriers(), *person.wrong, *([f"{overflow} px wider than the window"] if overflow > 0 else [])]
    if wrong:
        found.setdefault(path, []).extend(wrong)
    person.wrong.clear()


def test_pages_are_read_without_scripts(house: House, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        person = visit(context, house.server)
        person.enter(f"/models/{MODEL}")
        person.page.locator("#history tbody").get_by_role("link").first.click()
        expect(person.page.locator("#timeline")).to_be_visible()
