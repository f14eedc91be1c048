"""One state machine: its graph, its definition, its executions, and the start of another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import facts, note, table
from slipway.console.room import Asked, Content, Page
from slipway.console.shell import at, clock, panel, to, took
from slipway.console.workflows.graph import graph
from slipway.console.workflows.names import HOME, execution_address, find_machine, machine_address
from slipway.console.workflows.starting import start_form
from slipway.console.workflows.words import data, seconds, status
from slipway.workflows.executions import RUNNING, short_machine

PAGE_ROWS = 20
STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
_HEADINGS = ("Execution", "Status", "Started", "Took", "Redriven")


def machine(asked: Asked) -> Page:
    """Draw the page."""
    return machine_page(asked, find_machine(asked))


def machine_page(
    asked: Asked, found: Mapping[str, Any], given: Mapping[str, str] | None = None, wrong: str = ""
) -> Page:
    """Draw the page; `given` are the fields of a start that was refused, and `wrong` says why."""
    name = str(found["name"])
    shown, newest, running = _executions(asked, found)
    parts = [
        panel("executions", "Executions", *shown),
        panel("start", "Start an execution", start_form(asked, found, newest, given, wrong)),
        panel("graph", "Graph", graph(found, f"Graph of {name}")),
        panel("definition", "Definition", *_definition(asked, found)),
    ]
    title = short_machine(asked.session, name) or name
    if wrong:
        parts.insert(0, parts.pop(1))
    return Page(title, parts, (("Workflows", at(*HOME)),), 1.0 if running else None, 409 if wrong else 200)


def definition(asked: Asked) -> Content:
    """Return the definition as it is stored."""
    return Content(str(find_machine(asked)["definition"]).encode(), "application/json")


def _definition(asked: Asked, found: Mapping[str, Any]) -> Iterator[Child]:
    text = str(found["definition"])
    own = short_machine(asked.session, str(found["name"])) or str(found["name"])
    language = _language(text)
    yield facts(
        [
            ("Name", str(found["name"])),
            ("Type", str(found["type"]).lower()),
            ("Query language", language),
            ("Role", str(found["roleArn"]).rpartition("/")[2]),
            ("Logging", str(found.get("loggingConfiguration", {}).get("level", "OFF"))),
            ("Created", clock(found["creationDate"])),
        ]
    )
    yield el("details", el("summary", "Definition in Amazon States Language"), data(text))
    yield el("p", to("The whole definition as JSON", at(*HOME, own, "definition")))


def _language(text: str) -> str:
    try:
        return str(json.loads(text).get("QueryLanguage", "JSONPath"))
    except (ValueError, AttributeError, RecursionError):
        return "JSONPath"


def _executions(asked: Asked, found: Mapping[str, Any]) -> tuple[list[Child], str, bool]:
    """The executions and the links around them, the newest of those, and whether one of them is running."""
    session, name = asked.session, str(found["name"])
    if found["type"] == "EXPRESS":
        return [
            note("Step Functions keeps no list of the executions of an express state machine: see its logs.")
        ], False
    here, wanted = machine_address(session, name), asked.query.get("status", "")
    wanted = wanted if wanted in STATUSES else ""
    request: dict[str, Any] = {"stateMachineArn": found["stateMachineArn"], "maxResults": PAGE_ROWS}
    if wanted:
        request["statusFilter"] = wanted
    after = asked.query.get("after", "")
    answer = session.client("stepfunctions").list_executions(**request, **({"nextToken": after} if after else {}))
    rows = [_row(asked, one) for one in answer["executions"]]
    shown = table("executions-table", "Table of executions", _HEADINGS, rows, "kkknn", heard=True) if rows else None
    nothing = None if rows else note(f"No execution is {wanted}." if wanted else "None has been started yet.")
    newest = str(answer["executions"][0]["executionArn"]) if rows else ""
    running = any(one["status"] in RUNNING for one in answer["executions"])
    return [_filter(here, wanted), shown, nothing, _turn(here, wanted, after, answer.get("nextToken"))], newest, running


def _row(asked: Asked, one: Mapping[str, Any]) -> tuple[Child, ...]:
    return (
        to(one["name"], execution_address(asked.session, one["executionArn"])),
        status(one["status"]),
        clock(one["startDate"]),
        took(seconds(one["startDate"], one.get("stopDate"), asked.now)),
        str(one["redriveCount"]) if one.get("redriveCount") else None,
    )


def _filter(here: str, wanted: str) -> Html:
    kinds = [("all", here)] + [(one.lower().replace("_", " "), f"{here}?status={one}") for one in STATUSES]
    current = wanted.lower().replace("_", " ") or "all"
    links = (el("a", name, href=address, aria_current="true" if name == current else None) for name, address in kinds)
    return el("nav", *links, aria_label="Executions by status", class_="choices")


def _turn(here: str, wanted: str, after: str, more: str | None) -> Html | None:
    """Links between pages: Step Functions leads on from one page to the next alone."""
    status_query = f"status={wanted}&" if wanted else ""
    links = [to("Newest", f"{here}?{status_query}".rstrip("?&"))] if after else []
    links += [to("Older", f"{here}?{status_query}after={quote(more, safe='')}")] if more else []
    return el("nav", *links, aria_label="Pages of the executions", class_="pages") if links else None
