"""The events of a stack, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import note, table
from slipway.console.room import Asked, Page
from slipway.console.shell import clock, panel, to, turn
from slipway.console.stacks.places import above, address, has_failed, named, status_word
from slipway.console.stacks.resources import Pages, pages_of
from slipway.session import Session

_HEADINGS = ("When", "Resource", "Type", "Status", "Reason", "Physical id")


def events(asked: Asked) -> Page:
    """Draw the page of one answer of DescribeStackEvents."""
    token = asked.query.get("token")
    listed = list_events(asked.session, named(asked), token)
    more = listed.get("NextToken")
    links = turn(
        ("Newest", address(asked, "events") if token else None),
        ("Older", address(asked, "events", token=more) if more else None),
    )
    shown = event_table(asked.session, listed["StackEvents"])
    return Page("Events", [panel("events", "Events, newest first", shown, links)], above(asked))


def list_events(session: Session, name: str, token: str | None = None) -> dict[str, Any]:
    """Return one answer of DescribeStackEvents."""
    more = {"NextToken": token} if token else {}
    found: dict[str, Any] = session.client("cloudformation").describe_stack_events(StackName=name, **more)
    return found


def event_table(session: Session, found: Iterable[Mapping[str, Any]]) -> Html:
    """Return events as a table, failures with their reasons marked."""
    listed = list(found)
    if not listed:
        return note("Nothing has happened to it yet.")
    pages = pages_of(session, [one["ResourceType"] for one in listed])
    return table("events-table", "Events", _HEADINGS, [_row(one, pages) for one in listed], "kkkkww", heard=True)


def _row(one: Mapping[str, Any], pages: Pages) -> Sequence[Child]:
    status, reason = one["ResourceStatus"], one.get("ResourceStatusReason")
    kind, physical = one["ResourceType"], one.get("PhysicalResourceId", "")
    page = pages.of(kind, physical)
    own = physical == one.get("StackId")
    return (
        clock(one["Timestamp"]),
        one["LogicalResourceId"],
        kind.removeprefix("AWS::"),
        status_word(status),
        el("span", reason, class_="bad" if has_failed(status) else None) if reason else None,
        None if own else to(physical, page) if page else physical or None,
    )
