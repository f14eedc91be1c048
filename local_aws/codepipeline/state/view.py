"""The stored state as `plan` reads it: executions that have not ended, and the actions of their stages."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.codepipeline.definition.model import PARALLEL
from local_aws.codepipeline.state.records import ROLLBACK, ExecutionRecord, PipelineRecord
from local_aws.codepipeline.state.state import State
from local_aws.codepipeline.state.statuses import NO_STOP


@dataclass(frozen=True)
class ActionView:
    """An action of a stage and the status of its latest attempt; None if it has not run, or is to run again."""

    name: str
    run_order: int
    status: str | None = None


@dataclass(frozen=True)
class ExecutionView:
    """An execution that has not ended, in front of a stage or inside it.

    `arrival` orders the executions in front of a stage. `outdated` means that the pipeline was updated after
    the execution started. `actions` are those of the stage that it is inside, else empty. A `rollback` runs one stage.
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


def view_pipeline(state: State, pipeline: PipelineRecord) -> PipelineView:
    """The executions of a pipeline that have not ended."""
    return PipelineView(
        tuple(_view_execution(state, e, pipeline.version) for e in state.active_executions(pipeline.name)),
        frozenset(t.stage for t in state.transitions(pipeline.name).values() if not t.enabled),
    )


def _view_execution(state: State, execution: ExecutionRecord, current_version: int) -> ExecutionView:
    definition = state.definition(execution.pipeline, execution.version)
    return ExecutionView(
        id=execution.id,
        mode=execution.mode,
        stages=tuple(stage.name for stage in definition.stages),
        stage=execution.stage,
        inside=bool(execution.inside),
        arrival=execution.arrival,
        stop=execution.stop,
        outdated=execution.version != current_version,
        actions=view_actions(state, execution, execution.stage) if execution.inside else (),
        rollback=execution.type == ROLLBACK,
    )


def view_actions(state: State, execution: ExecutionRecord, stage: int) -> tuple[ActionView, ...]:
    """The actions of a stage as an execution has left them; `stage` is the index of the stage."""
    declared = state.definition(execution.pipeline, execution.version).stages[stage]
    status = {record.action: record.status for record in state.current_actions(execution.id, declared.name)}
    return tuple(ActionView(a.name, a.run_order, status.get(a.name)) for a in declared.actions)
