"""What the pages of a stack share: its address, which a deleted stack has by its id alone, and words for a status."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.tables import SIGNS
from slipway.console.room import Asked
from slipway.console.shell import at

_SOONEST_S = 0.2


def named(asked: Asked) -> str:
    """Return what CloudFormation takes for the stack of a request: its id if the query has one, else its name."""
    return asked.query.get("id") or asked.path["stack"]


def address(asked: Asked, *names: str, **query: str) -> str:
    """Return the address of a page of the stack of a request."""
    given = asked.query.get("id")
    return at("stacks", asked.path["stack"], *names, **({"id": given} if given else {}), **query)


def above(asked: Asked) -> tuple[tuple[str, str], ...]:
    return ("Stacks", at("stacks")), (asked.path["stack"], address(asked))


def is_running(status: str) -> bool:
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def again_s(asked: Asked, statuses: Iterable[str]) -> float | None:
    """Return when to draw a page again: while a stack is being changed, nobody tells how far that is."""
    return max(asked.session.target.poll_s, _SOONEST_S) if any(map(is_running, statuses)) else None


def has_failed(status: str) -> bool:
    """Tell whether a status is a failure's, or that of the way back after one."""
    return status.endswith("_FAILED") or "ROLLBACK" in status


def status_word(status: str) -> Html:
    """Return a status of a stack, a resource or a change set, with its sign.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
    """
    if has_failed(status) or status == "FAILED":
        tone = "bad"
    elif status.endswith("_IN_PROGRESS"):
        tone = "open"
    elif status.startswith("DELETE"):
        return el("span", status, class_="none")
    else:
        tone = "good"
    return el("span", el("span", SIGNS[tone], aria_hidden="true"), f" {status}", class_=f"word {tone}")
