from __future__ import annotations

from typing import Any

import pytest

from local_aws.codepipeline.execution import plan
from local_aws.codepipeline.execution.plan import (
    AbandonAction,
    Arrive,
    EndExecution,
    EndStage,
    EnterStage,
    StartAction,
)
from local_aws.codepipeline.state.view import ActionView, ExecutionView, PipelineView

STAGES = ("Source", "Build", "Deploy")


def execution(name: str, stage: int, *, inside: bool = False, **values: Any) -> ExecutionView:
    given: dict[str, Any] = {"mode": "SUPERSEDED", "stages": STAGES, "arrival": int(name), **values}
    return ExecutionView(id=name, stage=stage, inside=inside, **given)


def actions(*statuses: str | None, orders: tuple[int, ...] | None = None) -> tuple[ActionView, ...]:
    numbers = orders or tuple(range(1, len(statuses) + 1))
    return tuple(
        ActionView(chr(ord("a") + i), order, status)
        for i, (order, status) in enumerate(zip(numbers, statuses, strict=True))
    )


def inside(name: str, stage: int, *statuses: str | None, orders: tuple[int, ...] | None = None, **values: Any) -> Any:
    return execution(name, stage, inside=True, actions=actions(*statuses, orders=orders), **values)


OK, BAD, RUN, LOST = "Succeeded", "Failed", "InProgress", "Abandoned"

INSIDE: dict[str, tuple[ExecutionView, list[plan.Step]]] = {
    "the first run order starts alone": (inside("1", 1, None, None), [StartAction("1", "Build", "a")]),
    "equal run orders start together": (
        inside("1", 1, None, None, None, orders=(1, 1, 2)),
        [StartAction("1", "Build", "a"), StartAction("1", "Build", "b")],
    ),
    "the next run order waits for all of the previous": (inside("1", 1, OK, RUN, None, orders=(1, 1, 2)), []),
    "run orders need not be consecutive": (
        inside("1", 1, OK, OK, None, orders=(1, 1, 9)),
        [StartAction("1", "Build", "c")],
    ),
    "a failed action lets its siblings run on": (inside("1", 1, BAD, RUN, orders=(1, 1)), []),
    "then the stage and the execution fail": (
        inside("1", 1, BAD, OK, None, orders=(1, 1, 2)),
        [EndStage("1", "Build", "Failed"), EndExecution("1", "Failed")],
    ),
    "a stage that succeeded leads to the next": (
        inside("1", 1, OK, OK),
        [EndStage("1", "Build", "Succeeded"), Arrive("1", 2)],
    ),
    "the last stage ends the execution": (
        inside("1", 2, OK),
        [EndStage("1", "Deploy", "Succeeded"), EndExecution("1", "Succeeded")],
    ),
    "stop and wait lets actions end": (inside("1", 1, RUN, None, stop="wait"), []),
    "stop and wait starts nothing more": (
        inside("1", 1, OK, None, stop="wait"),
        [EndStage("1", "Build", "Stopped"), EndExecution("1", "Stopped")],
    ),
    "stop and wait keeps a stage that succeeded": (
        inside("1", 1, OK, stop="wait"),
        [EndStage("1", "Build", "Succeeded"), EndExecution("1", "Stopped")],
    ),
    "stop and wait is Stopped also after a failure": (
        inside("1", 1, BAD, stop="wait"),
        [EndStage("1", "Build", "Stopped"), EndExecution("1", "Stopped")],
    ),
    "stop and abandon does not wait": (
        inside("1", 1, RUN, RUN, orders=(1, 1), stop="abandon"),
        [AbandonAction("1", "Build", "a"), AbandonAction("1", "Build", "b")],
    ),
    "abandoned actions end the stage": (
        inside("1", 1, LOST, None, stop="abandon"),
        [EndStage("1", "Build", "Stopped"), EndExecution("1", "Stopped")],
    ),
    "an update waits for running actions": (inside("1", 1, RUN, None, outdated=True), []),
    "an update then cancels": (
        inside("1", 1, OK, None, outdated=True),
        [EndStage("1", "Build", "Cancelled"), EndExecution("1", "Cancelled")],
    ),
    "an update cancels between stages": (
        inside("1", 1, OK, outdated=True),
        [EndStage("1", "Build", "Succeeded"), EndExecution("1", "Cancelled")],
    ),
    "an update does not undo what is done": (
        inside("1", 2, OK, outdated=True),
        [EndStage("1", "Deploy", "Succeeded"), EndExecution("1", "Succeeded")],
    ),
    "PARALLEL keeps its definition": (
        inside("1", 1, OK, None, outdated=True, mode="PARALLEL"),
        [StartAction("1", "Build", "b")],
    ),
    "PARALLEL runs five actions at a time": (
        inside("1", 1, RUN, RUN, RUN, RUN, None, None, orders=(1,) * 6, mode="PARALLEL"),
        [StartAction("1", "Build", "e")],
    ),
}


@pytest.mark.parametrize("case", INSIDE)
def test_inside_a_stage(case: str) -> None:
    view, expected = INSIDE[case]
    assert plan.next_steps(PipelineView((view,))) == expected


BUSY = inside("1", 1, RUN)
QUEUE: dict[str, Any] = {"mode": "QUEUED"}
IN_FRONT: dict[str, tuple[tuple[ExecutionView, ...], frozenset[str], list[plan.Step]]] = {
    "a free stage is entered": ((execution("1", 0),), frozenset(), [EnterStage("1", "Source")]),
    "a locked stage is not": ((BUSY, execution("2", 1)), frozenset(), []),
    "a failed execution holds no lock": ((execution("2", 1),), frozenset(), [EnterStage("2", "Build")]),
    "an open approval holds it": ((inside("1", 1, OK, RUN), execution("2", 1)), frozenset(), []),
    "a newer arrival replaces the waiting one": (
        (BUSY, execution("2", 1), execution("3", 1)),
        frozenset(),
        [EndExecution("2", "Superseded")],
    ),
    "also in front of the first stage": (
        (inside("1", 0, RUN), execution("2", 0), execution("3", 0)),
        frozenset(),
        [EndExecution("2", "Superseded")],
    ),
    "what is inside is never superseded": ((BUSY, execution("3", 1)), frozenset(), []),
    "the newest of several enters": (
        (execution("1", 1), execution("2", 1)),
        frozenset(),
        [EndExecution("1", "Superseded"), EnterStage("2", "Build")],
    ),
    "a queue keeps all": (
        (inside("1", 1, RUN, **QUEUE), execution("2", 1, **QUEUE), execution("3", 1, **QUEUE)),
        frozenset(),
        [],
    ),
    "a queue lets in the first": (
        (execution("3", 1, **QUEUE), execution("2", 1, **QUEUE)),
        frozenset(),
        [EnterStage("2", "Build")],
    ),
    "a queue is ordered by arrival, not by age": (
        (execution("1", 1, mode="QUEUED", arrival=9), execution("2", 1, **QUEUE)),
        frozenset(),
        [EnterStage("2", "Build")],
    ),
    "PARALLEL waits for nobody": (
        (inside("1", 1, RUN, mode="PARALLEL"), execution("2", 1, mode="PARALLEL")),
        frozenset(),
        [EnterStage("2", "Build")],
    ),
    "PARALLEL locks nobody out": (
        (inside("1", 1, RUN, mode="PARALLEL"), execution("2", 1)),
        frozenset(),
        [EnterStage("2", "Build")],
    ),
    "a disabled transition holds": ((execution("1", 1),), frozenset({"Build"}), []),
    "a disabled transition keeps the newest": (
        (execution("1", 1), execution("2", 1)),
        frozenset({"Build"}),
        [EndExecution("1", "Superseded")],
    ),
    "a disabled transition keeps the queue": (
        (execution("1", 1, **QUEUE), execution("2", 1, **QUEUE)),
        frozenset({"Build"}),
        [],
    ),
    "a disabled transition holds PARALLEL": ((execution("1", 1, mode="PARALLEL"),), frozenset({"Build"}), []),
    "a transition elsewhere does not": ((execution("1", 1),), frozenset({"Deploy"}), [EnterStage("1", "Build")]),
    "a waiting execution stops at once": (
        (BUSY, execution("2", 1, stop="wait")),
        frozenset(),
        [EndExecution("2", "Stopped")],
    ),
    "a waiting execution is cancelled at once": (
        (BUSY, execution("2", 1, outdated=True)),
        frozenset(),
        [EndExecution("2", "Cancelled")],
    ),
    "stages are locked one by one": (
        (BUSY, execution("2", 2)),
        frozenset(),
        [EnterStage("2", "Deploy")],
    ),
}


@pytest.mark.parametrize("case", IN_FRONT)
def test_in_front_of_a_stage(case: str) -> None:
    executions, disabled, expected = IN_FRONT[case]
    assert plan.next_steps(PipelineView(executions, disabled)) == expected
