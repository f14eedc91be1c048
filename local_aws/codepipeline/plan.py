"""Decides what happens next in a pipeline: pure functions of its stored state.

`next_steps` is asked again after its steps were applied, until it has none. Nothing here knows a process, a clock
or a database. The rules: https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from local_aws.codepipeline.model import PARALLEL, SUPERSEDED

IN_PROGRESS, SUCCEEDED, FAILED, ABANDONED = "InProgress", "Succeeded", "Failed", "Abandoned"
STOPPING, STOPPED, CANCELLED = "Stopping", "Stopped", "Cancelled"
NO_STOP, STOP_AND_WAIT, STOP_AND_ABANDON = "", "wait", "abandon"
FAILED_ACTIONS = "FAILED_ACTIONS"
MAX_PARALLEL_ACTIONS = 5
"""Concurrent actions of one execution in PARALLEL mode."""


@dataclass(frozen=True)
class ActionView:
    """An action of a stage and the status of its latest attempt; None if it has not run in this round."""

    name: str
    run_order: int
    status: str | None = None


@dataclass(frozen=True)
class ExecutionView:
    """An execution that has not ended, in front of a stage or inside it.

    `arrival` orders the executions in front of a stage. `outdated` says that the pipeline was updated since the
    execution began. `actions` are those of the stage that it is inside, else empty. A `rollback` runs one stage only.
    """

    id: str
    mode: str
    stages: tuple[str, ...]
    stage: int
    inside: bool
    arrival: int
    stop: str = NO_STOP
    outdated: bool = False
    actions: tuple[ActionView, ...] = ()
    rollback: bool = False

    @property
    def stage_name(self) -> str:
        return self.stages[self.stage]

    @property
    def is_last_stage(self) -> bool:
        return self.rollback or self.stage == len(self.stages) - 1

    @property
    def cancelled(self) -> bool:
        """UpdatePipeline cancels executions, except those in PARALLEL mode, which keep their definition."""
        return self.outdated and self.mode != PARALLEL


@dataclass(frozen=True)
class PipelineView:
    """All executions of a pipeline that have not ended, and the stages whose inbound transition is disabled."""

    executions: tuple[ExecutionView, ...]
    disabled: frozenset[str] = frozenset()


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
    """Return the steps to take now, in order; empty if everything waits for something outside."""
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
    """The actions of the smallest run order that is not done; the next one starts when all of these succeeded."""
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


@dataclass(frozen=True)
class StageView:
    """A stage as one execution left it; `latest` says that no later execution entered it."""

    status: str | None
    actions: tuple[ActionView, ...]
    mode: str
    latest: bool
    outdated: bool


class RefusedError(Exception):
    """The request does not fit the state; `code` is AWS's."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message."""
        super().__init__(message)
        self.code = code


def actions_to_retry(stage: StageView, retry_mode: str) -> frozenset[str]:
    """The actions of a failed or stopped stage that run again; later run orders follow by themselves.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-retry.html. Raises RefusedError. A stopped stage
    none of whose actions failed is continued (AWS documents that it can be retried, not how).
    """
    refused = "StageNotRetryableException"
    failed = frozenset(a.name for a in stage.actions if a.status in (FAILED, ABANDONED))
    running = [a.name for a in stage.actions if a.status == IN_PROGRESS]
    if stage.status is None:
        raise RefusedError(refused, "the execution has not run this stage")
    if stage.outdated:
        raise RefusedError(refused, "the pipeline's structure has changed since the execution started")
    if not stage.latest and stage.mode != PARALLEL:
        raise RefusedError("NotLatestPipelineExecutionException", "a later execution has entered the stage")
    if stage.status not in (FAILED, STOPPED) and not (stage.status == IN_PROGRESS and failed):
        raise RefusedError(refused, f"the stage is {stage.status} and none of its actions has failed")
    if retry_mode == FAILED_ACTIONS:
        return failed
    if running:
        raise RefusedError(refused, f"ALL_ACTIONS needs a stage at rest; {', '.join(running)} is in progress")
    return frozenset(a.name for a in stage.actions if a.status is not None)


@dataclass(frozen=True)
class RollbackView:
    """A stage, and the execution to whose state it is to be put back; `source` says that it is the first stage."""

    source: bool
    mode: str
    target_rolled_back: bool
    target_outdated: bool
    target_status: str | None
    """Of the stage in the target execution; None if that has not run it."""
    running: bool
    """Whether any execution is inside the stage."""


def check_rollback(view: RollbackView) -> None:
    """Raise RefusedError if the stage cannot be rolled back to the target.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html and
    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RollbackStage.html, whose
    UnableToRollbackStageException covers all of these.
    """
    problems = {
        "a source stage has nothing to roll back": view.source,
        "in PARALLEL mode there is no rollback": view.mode == PARALLEL,
        "the target is a rollback itself": view.target_rolled_back,
        "the pipeline's structure has changed since the target started": view.target_outdated,
        "the target has not succeeded in this stage": view.target_status != SUCCEEDED,
        "the stage is running": view.running,
    }
    for problem, there in problems.items():
        if there:
            raise RefusedError("UnableToRollbackStageException", problem)


def check_stop(status: str, stop: str, *, abandon: bool) -> None:
    """Raise RefusedError if an execution in that status, stopping in that way, cannot be stopped (again).

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StopPipelineExecution.html
    """
    if status not in (IN_PROGRESS, STOPPING):
        raise RefusedError("PipelineExecutionNotStoppableException", f"it is {status}")
    if status == STOPPING and (stop == STOP_AND_ABANDON or not abandon):
        raise RefusedError("DuplicatedStopRequestException", "it is being stopped already")


def missing_variables(declared: Iterable[tuple[str, str | None]], given: Iterable[str]) -> list[str]:
    """The pipeline's variables that have no default and were given no value."""
    values = set(given)
    return [name for name, default in declared if default is None and name not in values]
