"""An execution on a terminal: its states as a tree, each with how far it has come, in as many rows as there are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from pipeline_lambdas.report.kit.text import duration
from slipway.session import Session
from slipway.terminal.interrupts import goes_on
from slipway.workflows.executions import RUNNING, history, short_name
from slipway.workflows.graphs.definition import Graph, read_graph
from slipway.workflows.progress import Progress, read_progress, sign
from slipway.workflows.sources import read_json
from slipway.workflows.tables import status_word

_WAITS = "\N{MIDDLE DOT}"
_REFRESHES_PER_S = 4


@dataclass(frozen=True)
class View:
    """An execution as it is now."""

    name: str
    machine: str
    described: Mapping[str, Any]
    graph: Graph
    progress: Mapping[str, Progress]

    @property
    def status(self) -> str:
        return str(self.described["status"])

    @property
    def running(self) -> bool:
        return self.status in RUNNING

    @property
    def seconds(self) -> float:
        end = self.described.get("stopDate") or datetime.now(UTC)
        return max(0.0, float((end - self.described["startDate"]).total_seconds()))

    @property
    def why(self) -> str:
        """Error and cause of an execution that did not succeed."""
        parts = (self.described.get("error"), self.described.get("cause"))
        return ": ".join(str(part) for part in parts if part)

    def document(self) -> dict[str, Any]:
        """The execution as a program reads it."""
        states = {
            name: {"status": one.status, "entered": one.entered, "left": one.left, "failed": one.bad}
            for name, one in self.progress.items()
        }
        return {
            "execution": self.described["executionArn"],
            "status": self.status,
            "seconds": round(self.seconds, 1),
            "states": states,
            "error": self.described.get("error"),
            "cause": self.described.get("cause"),
            "output": self.described.get("output"),
        }


def load_view(session: Session, described: Mapping[str, Any]) -> View:
    """Read an execution's history, and the definition that it runs.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineForExecution.html
    """
    arn = str(described["executionArn"])
    client = session.client("stepfunctions")
    machine = client.describe_state_machine_for_execution(executionArn=arn)
    graph = read_graph(read_json(machine["definition"], machine["name"]))
    return _view(session, described, str(machine["name"]), graph)


def watch(session: Session, described: Mapping[str, Any]) -> View:
    """Show an execution until it ends; returns it as it is then."""
    client, output = session.client("stepfunctions"), session.output
    view = load_view(session, described)
    screen = Screen(output.console, view)
    show = Live(console=output.console, get_renderable=screen, refresh_per_second=_REFRESHES_PER_S, transient=True)
    again = session.command("workflow progress", view.name)
    with goes_on(f"Execution {view.name} goes on.", f"Look again: {again}"):
        if output.in_place:
            with show:
                _until_end(session, client, screen)
        else:
            _until_end(session, client, screen, output.say)
    return screen.view


@dataclass
class Screen:
    """Drawn again and again by rich's Live; replace `view` with the newest."""

    console: Console
    view: View

    def __call__(self) -> RenderableType:
        rows = state_rows(self.view)
        room = self.console.height - 2
        if len(rows) > room:
            rows = _most_telling(self.view, rows, room)
        lines = [headline(self.view), *(row for _, row in rows)]
        return Group(*(_cut(line, self.console.width) for line in lines))


def headline(view: View) -> Text:
    """Return the execution in a line."""
    head = Text.assemble(("execution ", "bold"), view.name, "  ", status_word(view.status))
    return head.append(f"  {duration(view.seconds)}")


def state_rows(view: View) -> list[tuple[str, Text]]:
    """Return each state's name and its line, in the order of the definition; inner states further in."""
    rows = []
    for node in view.graph.states:
        told = view.progress.get(node.name)
        mark = _WAITS if told is None else sign(told.status)
        line = Text(f"  {'  ' * node.depth}")
        line.append(mark, style=status_word(told.status).style if told else "bright_black")
        line.append(f" {node.name}", style="" if told else "bright_black")
        rows.append((node.name, line.append("  ").append_text(status_word(told.status, told.words)) if told else line))
    return rows


def _most_telling(view: View, rows: list[tuple[str, Text]], room: int) -> list[tuple[str, Text]]:
    """The rows that fit: what was entered and is not done comes first, then what was entered last."""
    entered = list(view.progress)

    def importance(name: str) -> tuple[bool, int]:
        told = view.progress.get(name)
        return (told is not None and told.status != "succeeded", entered.index(name) if told else -1)

    kept = set(sorted((name for name, _ in rows), key=importance, reverse=True)[:room])
    return [row for row in rows if row[0] in kept]


def _cut(row: Text, columns: int) -> Text:
    row.truncate(columns, overflow="ellipsis")
    return row


def _until_end(session: Session, client: Any, screen: Screen, say: Callable[[Text], None] | None = None) -> None:
    told, begun = dict[str, str](), time.monotonic()
    while True:
        if say:
            _say_changes(screen.view, told, say)
        if not screen.view.running:
            return
        session.target.rest(time.monotonic() - begun)
        begun = time.monotonic()
        described = client.describe_execution(executionArn=screen.view.described["executionArn"])
        screen.view = _view(session, described, screen.view.machine, screen.view.graph)


def _say_changes(view: View, told: dict[str, str], say: Callable[[Text], None]) -> None:
    for name, progress in view.progress.items():
        if told.get(name) != progress.status:
            told[name] = progress.status
            say(Text.assemble(f"  {name}  ", status_word(progress.status, progress.words)))


def _view(session: Session, described: Mapping[str, Any], machine: str, graph: Graph) -> View:
    arn = str(described["executionArn"])
    progress = read_progress(history(session, arn), str(described["status"]))
    return View(short_name(session, arn), machine, described, graph, progress)
