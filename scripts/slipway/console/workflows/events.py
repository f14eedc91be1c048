"""The events of an execution, a page at a time, from the newest or from the first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import note, table
from pipeline_lambdas.report.kit.text import shortened
from slipway.console.room import Asked, Page
from slipway.console.shell import clock, panel, to
from slipway.console.workflows.names import execution_address, find_execution, machine_above
from slipway.console.workflows.tasks import details_of
from slipway.console.workflows.words import data
from slipway.workflows.executions import RUNNING
from slipway.workflows.looking import about

PAGE_ROWS = 40
_OLDEST = "oldest"
_HEADINGS = ("Event", "Type", "About", "After", "Time", "Data")
_MOST_ABOUT = 200
_PARTS = ("input", "output", "parameters", "cause")


def events(asked: Asked) -> Page:
    """Draw the page."""
    described = find_execution(asked)
    arn, is_oldest = str(described["executionArn"]), asked.query.get("order") == _OLDEST
    after = asked.query.get("after", "")
    answer = asked.session.client("stepfunctions").get_execution_history(
        executionArn=arn,
        maxResults=PAGE_ROWS,
        reverseOrder=not is_oldest,
        **({"nextToken": after} if after else {}),
    )
    rows = [_row(asked, described, event) for event in answer["events"]]
    shown = (
        table("events-table", "Table of events", _HEADINGS, rows, "nkwnkw", heard=True) if rows else note("None yet.")
    )
    here = execution_address(asked.session, arn, "events")
    parts = [panel("events", "Events", _order(here, is_oldest), shown, _turn(here, is_oldest, after, answer))]
    above = (
        *machine_above(asked.session, arn),
        (f"Execution {described['name']}", execution_address(asked.session, arn)),
    )
    return Page("Events", parts, above, 1.0 if described["status"] in RUNNING and not after else None)


def _row(asked: Asked, described: Mapping[str, Any], event: Mapping[str, Any]) -> tuple[Child, ...]:
    details = details_of(event)
    said = shortened(about(event), _MOST_ABOUT)
    name = details.get("name") if "StateE" in str(event["type"]) else None
    state = execution_address(asked.session, described["executionArn"], state=str(name)) if name else None
    return (
        str(event["id"]),
        str(event["type"]),
        to(said, f"{state}#state") if state else said or None,
        f"{max(0.0, (event['timestamp'] - described['startDate']).total_seconds()):.2f} s",
        clock(event["timestamp"]),
        _data(asked, described, int(event["id"]), details),
    )


def _data(asked: Asked, described: Mapping[str, Any], number: int, details: Mapping[str, Any]) -> Html | None:
    texts = [(part, str(details[part])) for part in _PARTS if details.get(part)]
    if not texts:
        rest = {key: value for key, value in details.items() if not key.endswith("Details") and key != "name"}
        texts = [("", json.dumps(rest, default=str))] if rest else []
    if not texts:
        return None
    arn = str(described["executionArn"])
    shown = [
        el("div", data(text, execution_address(asked.session, arn, "data", event=number, part=part)))
        for part, text in texts
    ]
    title = ", ".join(part for part, _ in texts if part) or "details"
    return el("details", el("summary", title), *shown)


def _order(here: str, is_oldest: bool) -> Html:
    kinds = (("newest first", here, not is_oldest), ("oldest first", f"{here}{_joint(here)}order={_OLDEST}", is_oldest))
    links = (el("a", text, href=address, aria_current="true" if now else None) for text, address, now in kinds)
    return el("nav", *links, aria_label="Order of the events", class_="choices")


def _turn(here: str, is_oldest: bool, after: str, answer: Mapping[str, Any]) -> Html | None:
    start = f"{here}{_joint(here)}order={_OLDEST}" if is_oldest else here
    more = answer.get("nextToken")
    links = [to("From the start" if is_oldest else "Newest", start)] if after else []
    links += (
        [to("Newer" if is_oldest else "Older", f"{start}{_joint(start)}after={quote(more, safe='')}")] if more else []
    )
    return el("nav", *links, aria_label="Pages of the events", class_="pages") if links else None


def _joint(address: str) -> str:
    return "&" if "?" in address else "?"
