"""One execution: where it is, its graph, the state that is chosen, and its states as a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import facts, note, table
from pipeline_lambdas.report.kit.text import times
from slipway.console.room import Asked, Content, Page
from slipway.console.shell import clock, field, form, panel, to, took
from slipway.console.workflows.graph import graph, graph_of
from slipway.console.workflows.map_runs import map_runs
from slipway.console.workflows.names import execution_address, find_execution, machine_above, machine_address
from slipway.console.workflows.readings import Reading, readings
from slipway.console.workflows.state import state_panel
from slipway.console.workflows.tasks import details_of
from slipway.console.workflows.visits import Visit
from slipway.console.workflows.words import data, plain, seconds, status, why
from slipway.session import Session
from slipway.workflows.executions import RUNNING
from slipway.workflows.progress import Progress

_STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
_WHILE_RUNNING_S, _WHILE_READING_S = 1.0, 0.25
_HEADINGS = ("State", "Type", "Status", "Entered", "Took", "Error")


@dataclass(frozen=True)
class Looked:
    """An execution as a page shows it."""

    asked: Asked
    described: Mapping[str, Any]
    reading: Reading
    is_whole: bool
    states: Mapping[str, Progress]

    @property
    def session(self) -> Session:
        return self.asked.session

    @property
    def arn(self) -> str:
        return str(self.described["executionArn"])

    @property
    def running(self) -> bool:
        return self.described["status"] in RUNNING

    def visit_address(self, visit: Visit, **query: str | int) -> str:
        """Return the page that shows a visit of a state."""
        place = self.reading.told.place(visit) + 1
        return f"{self.address(state=visit.state, visit=place, **query)}#state"

    def address(self, *below: str, **query: str | int) -> str:
        return execution_address(self.session, self.arn, *below, **query)


def look(asked: Asked) -> Looked:
    """Read what is new of the execution in the path; raises ClientError."""
    described = find_execution(asked)
    reading = readings().of(asked.session.client("stepfunctions"), described)
    is_whole = reading.update(described)
    with reading.lock:
        states = reading.told.states(str(described["status"]))
    return Looked(asked, described, reading, is_whole, states)


def execution(asked: Asked) -> Page:
    """Draw the page."""
    looked = look(asked)
    chosen = asked.query.get("state", "") or _most_telling(looked)
    machine = looked.reading.machine
    drawn = graph(machine, f"Graph of {looked.described['name']}", looked.states, _state_address(looked), chosen)
    with looked.reading.lock:
        parts = [
            _summary(looked),
            _decide(looked),
            panel("graph", "Graph", drawn),
            state_panel(looked, chosen) if chosen else None,
            map_runs(looked),
            panel("states", "States", _states(looked, machine)),
            _data(looked),
        ]
    again_s = _WHILE_READING_S if not looked.is_whole else _WHILE_RUNNING_S if looked.running else None
    title = f"Execution {looked.described['name']}"
    return Page(title, [one for one in parts if one is not None], machine_above(looked.session, looked.arn), again_s)


def whole_data(asked: Asked) -> Content | None:
    """Return an input or an output as JSON: of the execution, or of an event by its number."""
    looked, part = look(asked), asked.query.get("part", "")
    number = asked.query.get("event", "")
    found: Mapping[str, Any] = looked.described
    if number.isascii() and number.isdecimal():
        found = details_of(looked.reading.events([int(number)]).get(int(number), {}))
    text = found.get(part) if part in {"input", "output", "parameters", "cause"} else None
    return None if text is None else Content(str(text).encode(), "application/json")


def _state_address(looked: Looked) -> Any:
    return lambda name: f"{looked.address(state=name)}#state"


def _most_telling(looked: Looked) -> str:
    """The state that is shown unless a person chooses one: what failed or runs, as deep inside as it goes."""
    wanted = plain(str(looked.described["status"]))
    entered = [] if wanted == "succeeded" else reversed(list(looked.states.items()))
    return next((name for name, one in entered if one.status == wanted), "")


def _summary(looked: Looked) -> Html:
    found = looked.described
    begun, ended = found["startDate"], found.get("stopDate")
    pairs: list[tuple[str, Child]] = [
        ("Status", status(str(found["status"]))),
        ("Started", clock(begun)),
        ("Took" if ended else "Runs for", took(seconds(begun, ended, looked.asked.now))),
        ("Started by", _parent(looked)),
        ("Redriven", times(int(found["redriveCount"]), "redrive") if found.get("redriveCount") else None),
        ("Last redrive", clock(found.get("redriveDate"))),
        ("Events", to(f"{looked.reading.told.last:,}", looked.address("events"))),
    ]
    reading = None
    if not looked.is_whole:
        reading = note(f"The history is being read: {looked.reading.told.last:,} events so far.")
    return panel("summary", "Now", facts(pairs), why(found), reading)


def _parent(looked: Looked) -> Html | None:
    """The execution that started this one: its Map Run's, or the one that gave its ID along with the input.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html
    """
    run = looked.described.get("mapRunArn")
    if run:
        client = looked.session.client("stepfunctions")
        arn = str(client.describe_map_run(mapRunArn=run)["executionArn"])
        return to(f"the Map of {arn.split(':')[7]}", execution_address(looked.session, arn))
    try:
        given = json.loads(looked.described.get("input") or "{}")
        arn = str(given.get(_STARTED_BY, ""))
    except (ValueError, AttributeError, RecursionError):
        return None
    is_one = ":execution:" in arn and arn.count(":") >= 7
    return to(f"execution {arn.split(':')[7]}", execution_address(looked.session, arn)) if is_one else None


def _decide(looked: Looked) -> Html | None:
    if looked.running:
        error = field("stop-error", "Error (optional)", "error", maxlength=256)
        cause = field("stop-cause", "Cause (optional)", "cause", maxlength=1000)
        stop = form(looked.address("stop"), "Stop", error, cause, tone="bad")
        return panel("decide", "Decide", el("details", el("summary", "Stop this execution"), stop))
    own = looked.arn.split(":")[6]
    again = None
    if "/" not in own:
        address, name = machine_address(looked.session, own), quote(str(looked.described["name"]), safe="")
        again = el("p", to("Start another with this input", f"{address}?again={name}"))
    if looked.described.get("redriveStatus") == "REDRIVABLE":
        redrive = form(looked.address("redrive"), "Redrive from what failed")
        return panel("decide", "Decide", redrive, again)
    told = looked.described.get("redriveStatusReason") if looked.described["status"] != "SUCCEEDED" else None
    return panel("decide", "Decide", again, note(str(told)) if told else None) if again or told else None


def _states(looked: Looked, machine: Mapping[str, Any]) -> Html:
    rows = []
    for node in graph_of(machine["definition"], machine["name"], str(machine.get("label") or "")).states:
        told = looked.states.get(node.name)
        visits = looked.reading.told.of_state.get(node.name, [])
        newest = looked.reading.told.visits[visits[-1]] if visits else None
        name = to(node.name, f"{looked.address(state=node.name)}#state")
        inside = [el("span", node.parent, " / ", class_="none")] if node.parent else []
        rows.append(
            (
                el("span", *inside, name),
                node.type,
                status(told.status, told.words) if told else el("span", "not entered", class_="none"),
                clock(newest.began) if newest else None,
                _took(looked, newest, told) if newest else None,
                newest.error if newest and newest.error else None,
            )
        )
    return table("states-table", "Table of states", _HEADINGS, rows, "kkkkn ", heard=True)


def _took(looked: Looked, newest: Visit, told: Progress | None) -> str | None:
    """How long the newest visit took; of one that did not end nothing is known but for a running execution."""
    is_open = newest.ended is None
    if is_open and not (looked.running and told and told.status == "running"):
        return None
    return took(seconds(newest.began, newest.ended, looked.asked.now))


def _data(looked: Looked) -> Html | None:
    parts = list(_folds(looked, ("input", "output")))
    return panel("data", "Input and output", *parts) if parts else None


def _folds(looked: Looked, names: Iterable[str]) -> Iterator[Html]:
    for name in names:
        text = looked.described.get(name)
        if text:
            shown = data(str(text), looked.address("data", part=name))
            yield el("details", el("summary", name.title()), shown)
