"""Decides what happens next in a pipeline: pure functions of its stored state.

`next_steps` is called again after its steps were applied, until it returns none. Nothing here uses a process, a clock
or a database. The rules: https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.codepipeline.definition.model import PARALLEL, SUPERSEDED
from local_aws.codepipeline.state.statuses import (
    ABANDONED,
    CANCELLED,
    FAILED,
    IN_PROGRESS,
    STOP_AND_ABANDON,
    STOPPED,
    SUCCEEDED,
)
from local_aws.codepipeline.state.view import ExecutionView, PipelineView

MAX_PARALLEL_ACTIONS = 5
"""Concurrent actions of one execution in PARALLEL mode."""


@dataclass(frozen=True)
class EnterStage:
    execution: str
    stage: str


@dataclass(frozen=True)
class StartAction:
    execution: str
    stage: str
    action: str


@dataclass(frozen=True)
class AbandonAction:
    execution: str
    stage: str
    action: str


@dataclass(frozen=True)
class EndStage:
    execution: str
    stage: str
    status: str


@dataclass(frozen=True)
class Arrive:
    """The execution now waits in front of its next stage."""

    execution: str
    stage: int


@dataclass(frozen=True)
class EndExecution:
    execution: str
    status: str


Step = EnterStage | StartAction | AbandonAction | EndStage | Arrive | EndExecution


def next_steps(view: PipelineView) -> list[Step]:
    """Return the steps to take now, in order; empty if everything is waiting."""
    steps: list[Step] = []
    for execution in view.executions:
        if execution.inside:
            steps += _inside(execution)
    return steps + _in_front(view)


def _inside(execution: ExecutionView) -> list[Step]:
    running = [action for action in execution.actions if action.status == IN_PROGRESS]
    if running and execution.stop == STOP_AND_ABANDON:
        return [AbandonAction(execution.id, execution.stage_name, action.name) for action in running]
    failed = any(action.status in (FAILED, ABANDONED) for action in execution.actions)
    if running and (failed or execution.stop or execution.cancelled):
        return []
    if all(action.status == SUCCEEDED for action in execution.actions):
        return [EndStage(execution.id, execution.stage_name, SUCCEEDED), _after_success(execution)]
    ending = _ending(execution, failed=failed)
    return _end_both(execution, ending) if ending else _start_actions(execution, len(running))


def _ending(execution: ExecutionView, *, failed: bool) -> str | None:
    """Return how an execution ends in a stage that did not succeed; None if it continues."""
    if execution.stop:
        return STOPPED
    if failed:
        return FAILED
    return CANCELLED if execution.cancelled else None


def _after_success(execution: ExecutionView) -> Step:
    if execution.stop:
        return EndExecution(execution.id, STOPPED)
    if execution.cancelled and not execution.is_last_stage:
        return EndExecution(execution.id, CANCELLED)
    if execution.is_last_stage:
        return EndExecution(execution.id, SUCCEEDED)
    return Arrive(execution.id, execution.stage + 1)


def _end_both(execution: ExecutionView, status: str) -> list[Step]:
    return [EndStage(execution.id, execution.stage_name, status), EndExecution(execution.id, status)]


def _start_actions(execution: ExecutionView, running: int) -> list[Step]:
    """The actions of the lowest unfinished run order; the next one starts when all of these have succeeded."""
    order = min(action.run_order for action in execution.actions if action.status != SUCCEEDED)
    waiting = [a for a in execution.actions if a.run_order == order and a.status is None]
    if execution.mode == PARALLEL:
        waiting = waiting[: MAX_PARALLEL_ACTIONS - running]
    return [StartAction(execution.id, execution.stage_name, action.name) for action in waiting]


def _in_front(view: PipelineView) -> list[Step]:
    locked = {e.stage_name for e in view.executions if e.inside and e.mode != PARALLEL}
    steps: list[Step] = []
    queues: dict[str, list[ExecutionView]] = {}
    for execution in sorted(view.executions, key=lambda e: e.arrival):
        if execution.inside:
            continue
        if execution.stop or execution.cancelled:
            steps.append(EndExecution(execution.id, STOPPED if execution.stop else CANCELLED))
        elif execution.mode != PARALLEL:
            queues.setdefault(execution.stage_name, []).append(execution)
        elif execution.stage_name not in view.disabled:
            steps.append(EnterStage(execution.id, execution.stage_name))
    for stage, queue in queues.items():
        steps += _superseded(queue)
        if stage not in locked and stage not in view.disabled:
            first = queue[-1] if queue[-1].mode == SUPERSEDED else queue[0]
            steps.append(EnterStage(first.id, stage))
    return steps


def _superseded(queue: list[ExecutionView]) -> list[Step]:
    """In SUPERSEDED mode only the newest arrival waits."""
    return [EndExecution(e.id, "Superseded") for e in queue[:-1] if e.mode == SUPERSEDED]
