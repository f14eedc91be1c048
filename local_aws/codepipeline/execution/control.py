"""Decides whether an execution may be stopped, retried or rolled back: pure functions of its stored state."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.codepipeline.definition.model import PARALLEL
from local_aws.codepipeline.state.statuses import (
    ABANDONED,
    FAILED,
    IN_PROGRESS,
    STOP_AND_ABANDON,
    STOPPED,
    STOPPING,
    SUCCEEDED,
)
from local_aws.codepipeline.state.view import ActionView

FAILED_ACTIONS = "FAILED_ACTIONS"


@dataclass(frozen=True)
class StageView:
    """A stage as one execution left it; `latest` means that no later execution entered it."""

    status: str | None
    actions: tuple[ActionView, ...]
    mode: str
    latest: bool
    outdated: bool


class RefusedError(Exception):
    """The current state does not allow the request; `code` is AWS's."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message."""
        super().__init__(message)
        self.code = code


def actions_to_retry(stage: StageView, retry_mode: str) -> frozenset[str]:
    """The actions of a failed or stopped stage that run again; later run orders follow on their own.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-retry.html. Raises RefusedError. A stopped stage
    without failed actions continues (AWS documents that it can be retried, not how).
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
        raise RefusedError(refused, f"ALL_ACTIONS needs a stage without running actions; {', '.join(running)} runs")
    return frozenset(a.name for a in stage.actions if a.status is not None)


@dataclass(frozen=True)
class RollbackView:
    """A stage, and the execution that it is to be rolled back to; `source` means that it is the first stage."""

    source: bool
    mode: str
    target_rolled_back: bool
    target_outdated: bool
    target_status: str | None
    """The status of the stage in the target execution; None if that has not run it."""
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
