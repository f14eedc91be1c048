"""Visits of states and iterations of Maps, from events in the orders in which Step Functions writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from slipway.console.workflows.visits import Told

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def told(*events: tuple[int, str, str]) -> Told:
    """Take events: the one before, the type, and the name of the state, with the index of an iteration after #."""
    made = Told()
    for place, (before, kind, about) in enumerate(events):
        event: dict[str, Any] = {"id": place + 1, "previousEventId": before, "type": kind}
        name, _, index = about.partition("#")
        if kind.startswith("MapIteration"):
            event["mapIterationDetails"] = {"name": name, "index": int(index)}
        elif kind.endswith("Entered"):
            event["stateEnteredEventDetails"] = {"name": name}
        elif kind.endswith("Exited"):
            event["stateExitedEventDetails"] = {"name": name}
        elif name:
            event["someEventDetails"] = {"error": name, "cause": "c" * 5000}
        made.add({**event, "timestamp": START + timedelta(seconds=place)})
    return made


def test_iterations_that_run_side_by_side_are_told_apart() -> None:
    found = told(
        (0, "ExecutionStarted", ""),
        (0, "MapStateEntered", "Each"),
        (2, "MapStateStarted", ""),
        (3, "MapIterationStarted", "Each#0"),
        (4, "PassStateEntered", "Item"),
        (3, "MapIterationStarted", "Each#1"),
        (6, "TaskStateEntered", "Item"),
        (5, "PassStateExited", "Item"),
        (8, "MapIterationSucceeded", "Each#0"),
        (9, "MapIterationStarted", "Each#2"),
        (7, "TaskFailed", "Item.Failed"),
        (11, "MapIterationFailed", "Each#1"),
        (10, "PassStateEntered", "Item"),
        (13, "MapIterationAborted", "Each#2"),
    )
    each = found.visits[2]
    assert {number: one.status for number, one in each.iterations.items()} == {
        0: "succeeded",
        1: "failed",
        2: "aborted",
    }
    assert [one.first for one in each.iterations.values()] == [5, 7, 13]
    assert found.of_state == {"Each": [2], "Item": [5, 7, 13]}
    item = found.visits[7]
    assert (item.error, item.tasks, item.left) == ("Item.Failed", [11], 0)
    assert len(item.cause) == 2000
    assert found.place(item) == 1


def test_an_iteration_in_an_iteration_knows_both() -> None:
    found = told(
        (0, "MapStateEntered", "Outer"),
        (1, "MapIterationStarted", "Outer#7"),
        (2, "MapStateEntered", "Inner"),
        (3, "MapIterationStarted", "Inner#1"),
        (4, "PassStateEntered", "Item"),
        (5, "PassStateExited", "Item"),
        (6, "MapIterationSucceeded", "Inner#1"),
        (7, "MapStateSucceeded", ""),
        (8, "MapStateExited", "Inner"),
        (9, "PassStateEntered", "After"),
    )
    within = found.visits[5].iteration
    assert within is not None
    assert within.outer is not None
    assert (within.index, within.outer.index) == (1, 7)
    after = found.visits[10].iteration
    assert after is not None
    assert (after.index, after.outer) == (7, None)


def test_an_event_counts_once() -> None:
    found = told((0, "PassStateEntered", "A"))
    found.add({"id": 1, "type": "PassStateEntered", "stateEnteredEventDetails": {"name": "A"}, "timestamp": START})
    assert found.of_state == {"A": [1]}
