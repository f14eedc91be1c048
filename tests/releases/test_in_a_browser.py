"""The console in a real browser: a person pushes, watches, approves and predicts, and looks at every page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.local_server import ROOT
from tests.releases.browser import NARROW, WIDE, a_browser, visit
from tests.releases.house import MODEL, House

SAMPLE = (ROOT / "training_config" / f"{MODEL}.yml").read_text(encoding="utf-8")
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
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
        expect(page.locator("#evidence")).to_contain_text("rmse")
        page.get_by_label("Reason", exact=False).first.fill("Seen in the browser")
        approve.click()
        expect(page.get_by_role("status")).to_contain_text("Approved")
        expect(page.locator("#summary")).to_contain_text("Succeeded", timeout=_RELEASE_S)
        assert person.wrong == []
    assert house.wait_for_end(release)["status"] == "Succeeded"


def test_every_page_can_be_used_by_all(house: House, browser: Browser) -> None:
    """In light and dark, in a wide and a narrow window, by keyboard and screen reader."""
    release = house.newest()
    pages = ("/", f"/models/{MODEL}", f"/models/{MODEL}/releases/{release}")
    found: dict[tuple[str, str], object] = {}
    for scheme, size in (("light", WIDE), ("dark", NARROW)):
        with browser.new_context(color_scheme=scheme, viewport={"width": size[0], "height": size[1]}) as context:  # type: ignore[arg-type]
            person = visit(context, house.server)
            person.enter("/")
            for path in pages:
                person.go(path)
                wrong = [
                    *person.barriers(),
                    *person.wrong,
                    *([f"{person.overflow()} px too wide"] * (person.overflow() > 0)),
                ]
                if wrong:
                    found[path, scheme] = wrong
                person.wrong.clear()
    assert found == {}


def test_pages_are_read_without_scripts(house: House, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        person = visit(context, house.server)
        person.enter(f"/models/{MODEL}")
        person.page.locator("#history").get_by_role("link").first.click()
        expect(person.page.locator("#timeline")).to_be_visible()
