"""Distributed Maps: each runs its items in executions of their own.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import facts, note, table
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, panel, to, took
from slipway.console.workflows.names import HOME, execution_address
from slipway.console.workflows.words import seconds, status
from slipway.workflows.executions import RUNNING

if TYPE_CHECKING:
    from slipway.console.workflows.execution import Looked

_MOST = 10
_PAGE_ROWS = 20
_COUNTS = ("total", "succeeded", "failed", "running", "pending", "aborted", "timedOut")


def map_runs(looked: Looked) -> Html | None:
    """Return the Map Runs of an execution, the newest ones; None if it has none."""
    found = list(looked.reading.told.map_runs.items())[-_MOST:]
    if not found:
        return None
    client, told = looked.session.client("stepfunctions"), looked.reading.told
    rows = []
    for number, arn in found:
        run = client.describe_map_run(mapRunArn=arn)
        page = at(*HOME, looked.asked.path["machine"], "map-run", run=arn)
        rows.append((to(told.visits[number].state, page), status(run["status"]), _counts(run["itemCounts"])))
    shown = table("map-runs-table", "Table of Map Runs", ("Map", "Status", "Items"), rows, "kkw", heard=True)
    return panel("map-runs", "Executions of its Maps", shown)


def map_run(asked: Asked) -> Page:
    """Draw the page of a Map Run: its counts and its executions."""
    client, arn = asked.session.client("stepfunctions"), asked.query.get("run", "")
    run = client.describe_map_run(mapRunArn=arn)
    parent = str(run["executionArn"])
    after = asked.query.get("after", "")
    answer = client.list_executions(mapRunArn=arn, maxResults=_PAGE_ROWS, **({"nextToken": after} if after else {}))
    pairs: list[tuple[str, Child]] = [
        ("Status", status(str(run["status"]))),
        ("Execution", to(parent.split(":")[7], execution_address(asked.session, parent))),
        ("Items", _counts(run["itemCounts"])),
        ("Executions", _counts(run["executionCounts"])),
        ("At once", str(run["maxConcurrency"] or "as many as there are")),
        ("Took", took(seconds(run["startDate"], run.get("stopDate"), asked.now))),
    ]
    rows = [_row(asked, one) for one in answer["executions"]]
    headings = ("Execution", "Status", "Started", "Took", "Items")
    shown = (
        table("children-table", "Table of executions", headings, rows, "kkknn", heard=True)
        if rows
        else note("None yet.")
    )
    here = at(*HOME, asked.path["machine"], "map-run", run=arn)
    above = (("Workflows", at(*HOME)), (asked.path["machine"], at(*HOME, asked.path["machine"])))
    parts = [
        panel("run", "Now", facts(pairs)),
        panel("children", "Executions", shown, _turn(here, after, answer.get("nextToken"))),
    ]
    return Page("Map Run", parts, above, 1.0 if run["status"] in RUNNING else None)


def _row(asked: Asked, one: Mapping[str, Any]) -> tuple[Child, ...]:
    return (
        to(one["name"], execution_address(asked.session, one["executionArn"])),
        status(one["status"]),
        clock(one["startDate"]),
        took(seconds(one["startDate"], one.get("stopDate"), asked.now)),
        str(one.get("itemCount") or "") or None,
    )


def _counts(counts: Mapping[str, int]) -> Html:
    return join(", ".join(f"{counts[name]:,} {name}" for name in _COUNTS if counts.get(name) or name == "total"))


def _turn(here: str, after: str, more: str | None) -> Html | None:
    links = [to("Newest", here)] if after else []
    links += [to("Older", f"{here}&after={quote(more, safe='')}")] if more else []
    return el("nav", *links, aria_label="Pages of the executions", class_="pages") if links else None
