"""An execution in a window: what is told fits, and what matters stays."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from slipway.terminal.output import PlainConsole
from slipway.workflows.graphs.definition import read_graph
from slipway.workflows.live import Screen, View
from slipway.workflows.progress import Progress

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def view(states: int, told: dict[str, Progress], status: str = "RUNNING") -> View:
    chain = {f"S{number}": {"Type": "Pass", "Next": f"S{number + 1}"} for number in range(states)}
    definition = {"StartAt": "S0", "States": {**chain, f"S{states}": {"Type": "Pass", "End": True}}}
    described = {"executionArn": "arn", "status": status, "startDate": START, "stopDate": START + timedelta(seconds=75)}
    return View("tabular:1f2e3d4c", "m", described, read_graph(definition), told)


def drawn(shown: View, columns: int, rows: int) -> list[str]:
    console = PlainConsole(file=io.StringIO(), width=columns, height=rows, force_terminal=False)
    with console.capture() as caught:
        console.print(Screen(console, shown)())
    return caught.get().splitlines()


def test_a_short_machine_is_shown_whole() -> None:
    lines = drawn(view(2, {"S0": Progress("succeeded"), "S1": Progress("running", 4, 1)}), 80, 24)
    assert lines == [
        "execution tabular:1f2e3d4c  RUNNING  1 min 15 s",
        "  ✓ S0  succeeded",
        "  ▶ S1  running 1 of 4",
        "  · S2",
    ]


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (40, 10), (20, 5)])
def test_a_long_machine_fits_the_window_and_shows_what_runs(columns: int, rows: int) -> None:
    told = {f"S{number}": Progress("succeeded") for number in range(60)}
    told |= {"S3": Progress("failed"), "S60": Progress("running")}
    lines = drawn(view(90, told), columns, rows)
    assert len(lines) < rows
    assert all(len(line) <= columns for line in lines)
    assert any("S60" in line for line in lines)
    assert any("S3 " in line for line in lines)


def test_what_a_program_reads() -> None:
    document = view(1, {"S0": Progress("caught", 2, 2, 1)}, "FAILED").document()
    assert document["states"] == {"S0": {"status": "caught", "entered": 2, "left": 2, "failed": 1}}
    assert (document["status"], document["seconds"]) == ("FAILED", 75.0)
