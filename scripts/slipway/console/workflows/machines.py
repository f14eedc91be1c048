"""The state machines: those of the installation, then all others of the account, each with its last executions."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import note, table
from slipway.console.room import Asked, Page
from slipway.console.shell import ago, at, clock, pages, panel, to
from slipway.console.workflows.names import HOME, execution_address, machine_address
from slipway.console.workflows.words import mark, status
from slipway.session import Session
from slipway.workflows.executions import short_machine

PAGE_ROWS = 15
_LAST = 6
_AT_ONCE = 4
_HEADINGS = ("State machine", "Type", "Last execution", "Started", "Earlier ones", "Created")


def machines(asked: Asked) -> Page:
    """Draw the page."""
    session, number = asked.session, asked.page_number
    client = session.client("stepfunctions")
    found = [one for page in client.get_paginator("list_state_machines").paginate() for one in page["stateMachines"]]
    found.sort(key=lambda one: (short_machine(session, one["name"]) is None, one["name"]))
    shown = found[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
    with ThreadPoolExecutor(_AT_ONCE) as several:
        newest = list(several.map(lambda one: _newest(client, one), shown))
    rows = [_row(asked, one, last) for one, last in zip(shown, newest, strict=True)]
    body = table("machines-table", "Table of state machines", _HEADINGS, rows, "kkkkkk", heard=True) if rows else None
    deploy = session.command("workflow deploy")
    nothing = None if rows else note("There is no state machine. ", el("code", deploy), " makes those of the project.")
    more = pages(at(*HOME), number, more=len(found) > number * PAGE_ROWS)
    return Page("Workflows", [panel("machines", "State machines", body, nothing, more)])


def _newest(client: Any, machine: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The last executions; Step Functions lists none of an express machine, whose executions are told in its logs.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
    """
    if machine["type"] == "EXPRESS":
        return []
    arn = machine["stateMachineArn"]
    found: list[dict[str, Any]] = client.list_executions(stateMachineArn=arn, maxResults=_LAST)["executions"]
    return found


def _row(asked: Asked, machine: Mapping[str, Any], newest: list[dict[str, Any]]) -> tuple[Child, ...]:
    session, name = asked.session, str(machine["name"])
    last = newest[0] if newest else None
    never = "in its logs" if machine["type"] == "EXPRESS" else "never run"
    return (
        to(short_machine(session, name) or name, machine_address(session, name)),
        str(machine["type"]).lower(),
        _last(session, last) if last else el("span", never, class_="none"),
        ago(last["startDate"], asked.now) if last else None,
        join(*(_sign(session, one) for one in newest[1:])) if newest[1:] else None,
        clock(machine["creationDate"]),
    )


def _last(session: Session, last: Mapping[str, Any]) -> Html:
    address = execution_address(session, last["executionArn"])
    return el("span", to(last["name"], address), " ", status(last["status"]))


def _sign(session: Session, execution: Mapping[str, Any]) -> Html:
    about = f"{execution['name']}: {execution['status']}"
    address = execution_address(session, execution["executionArn"])
    return el("a", mark(execution["status"]), href=address, aria_label=about, title=about, class_="sign")
