"""What the console says where a decision or a page fails."""

from __future__ import annotations

from contextlib import suppress
from html import unescape
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError
from slipway.console.access import BASE, Access
from slipway.console.application import Console
from slipway.console.live import Clock
from slipway.console.room import Page
from slipway.console.shell import Bar, Place, whole
from starlette.types import Receive, Scope, Send

from tests.slipway.console.client import Answer, Client
from tests.slipway.console.drawing import session_with

MODEL = f"{BASE}/models/wine"
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListPipelines")


class Failing:
    """A client that fails with an error at each call."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _: str) -> Any:
        def fail(*_given: Any, **_request: Any) -> None:
            raise self._error

        return fail


def browser(error: Exception) -> Client:
    """A browser at a console of an account that answers each call with this error."""
    access, client = Access("secret", 4580), Failing(error)
    session = session_with(codepipeline=client, sagemaker=client)
    application = Console(session, access, Clock(1.0)).application()

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(KeyError):  # a server logs it, and goes on
            await application(scope, receive, send)

    found = Client(served, "127.0.0.1:4580")
    found.get(access.address())
    return found


def opened(error: Exception) -> Answer:
    return browser(error).post(f"{MODEL}/transition", {"stage": "Train", "change": "enable"})


def test_a_decision_that_was_refused_leads_back_to_its_page() -> None:
    answer = opened(ClientError({"Error": {"Code": "StageNotFoundException", "Message": "none"}}, "Enable"))
    assert (answer.status, "<h1>This was not done</h1>" in answer.text) == (409, True)
    assert f'<a href="{MODEL}">' in answer.text


def test_of_a_decision_whose_answer_was_lost_nobody_says_that_it_was_not_made() -> None:
    answer = opened(ReadTimeoutError(endpoint_url="https://codepipeline.example"))
    assert answer.status == 409
    assert "not done" not in answer.text
    assert "<h1>It is not known whether this was done</h1>" in answer.text
    assert "Look at where you decided before you try again." in answer.text


def test_a_rollback_leads_back_to_the_page_that_explains_it() -> None:
    answer = browser(DENIED).post(f"{MODEL}/rollback", {})
    assert (answer.status, f'<a href="{MODEL}/rollback">' in answer.text) == (409, True)


def test_a_fault_of_the_console_is_a_page_that_says_what_to_do() -> None:
    answer = browser(KeyError("<x>")).get(f"{BASE}/pipelines")
    assert (answer.status, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "fault of Slipway" in unescape(answer.text)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_a_page_that_fails_says_so_to_its_script() -> None:
    answer = browser(DENIED).get(f"{BASE}/pipelines")
    assert (answer.status, 'data-failed="yes"' in answer.text) == (502, True)


def test_a_screen_reader_begins_with_what_was_done() -> None:
    bar = Bar(Place("local AWS", "111122223333", "us-east-1", "local"), (), None)
    assert "<title>Stopped. wine - Slipway</title>" in whole(Page("wine", []), bar, said="Stopped.")
