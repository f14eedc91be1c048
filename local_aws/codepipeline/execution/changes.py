"""Every change to an execution: rows and events together, in one transaction.

`Changes.apply` carries out the steps that `plan` decides on; the other methods serve the API and the actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.codepipeline.actions.artifacts import artifact_key
from local_aws.codepipeline.actions.contract import Failed, Succeeded
from local_aws.codepipeline.definition import variables
from local_aws.codepipeline.definition.model import Action, Pipeline
from local_aws.codepipeline.execution import plan
from local_aws.codepipeline.execution.events import Events, state_name
from local_aws.codepipeline.state import statuses
from local_aws.codepipeline.state.records import (
    ROLLBACK,
    STANDARD,
    START,
    ActionRecord,
    ArtifactRecord,
    ExecutionRecord,
    PipelineRecord,
)
from local_aws.codepipeline.state.state import State


@dataclass(frozen=True)
class Trigger:
    """What started an execution: type and detail (at most 1,024 characters), as ListPipelineExecutions returns them."""

    type: str
    detail: str


class Changes:
    """Writes what happens to executions."""

    def __init__(
        self,
        state: State,
        events: Events,
        now: Callable[[], float],
        new_id: Callable[[], str],
        new_suffix: Callable[[], str],
    ) -> None:
        """`new_suffix` returns the last seven characters of an artifact's key."""
        self._state, self._events = state, events
        self._now, self._new_id, self._new_suffix = now, new_id, new_suffix

    def start_execution(
        self,
        pipeline: PipelineRecord,
        trigger: Trigger,
        values: Mapping[str, str],
        overrides: list[dict[str, str]],
        client_token: str | None = None,
    ) -> str:
        """Record a new execution in front of the first stage; returns its id."""
        execution_id, now = self._new_id(), self._now()
        with self._state.transaction():
            self._state.insert(
                "executions",
                id=execution_id,
                pipeline=pipeline.name,
                version=pipeline.version,
                mode=pipeline.mode,
                type=STANDARD,
                status=statuses.IN_PROGRESS,
                trigger_type=trigger.type,
                trigger_detail=trigger.detail[:1024],
                variables=dict(values),
                overrides=overrides,
                client_token=client_token,
                started=now,
                updated=now,
                attempt=1,
                stop=statuses.NO_STOP,
                stage=0,
                inside=0,
                arrival=self._state.next_arrival(pipeline.name),
            )
            self._events.execution(self._execution(execution_id), "STARTED")
        return execution_id

    def roll_back(self, pipeline: PipelineRecord, stage: int, target: ExecutionRecord, trigger: Trigger) -> str:
        """Record an execution in front of one stage with the artifacts and variables of its target; returns its id.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html
        """
        with self._state.transaction():
            execution_id = self.start_execution(pipeline, trigger, target.variables, [])
            self._update_execution(execution_id, type=ROLLBACK, rollback_target=target.id, stage=stage)
            for artifact in self._state.artifacts(target.id).values():
                self._state.insert("artifacts", **{**vars(artifact), "execution": execution_id})
        return execution_id

    def apply(self, step: plan.Step) -> str | None:
        """Carry out one step; returns the id of an action to run now, or None."""
        match step:
            case plan.EnterStage(execution, stage):
                self._enter(execution, stage)
            case plan.StartAction(execution, stage, action):
                return self._start_action(execution, stage, action)
            case plan.AbandonAction(execution, stage, action):
                self._abandon(execution, stage, action)
            case plan.EndStage(execution, stage, status):
                self._state.update_stage(execution, stage, status=status)
                self._stage_event(execution, stage, state_name(status))
            case plan.Arrive(execution, stage_number):
                arrival = self._state.next_arrival(self._execution(execution).pipeline)
                self._update_execution(execution, stage=stage_number, inside=0, arrival=arrival)
            case plan.EndExecution(execution, status):
                self._update_execution(execution, status=status, inside=0)
                self._events.execution(self._execution(execution), state_name(status))
        return None

    def _enter(self, execution_id: str, stage: str) -> None:
        execution = self._execution(execution_id)
        self._update_execution(execution_id, inside=1)
        self._state.insert(
            "stages",
            execution=execution_id,
            pipeline=execution.pipeline,
            stage=stage,
            status=statuses.IN_PROGRESS,
            started=self._now(),
            retries=0,
        )
        self._stage_event(execution_id, stage, "STARTED")

    def _start_action(self, execution_id: str, stage: str, name: str) -> str | None:
        """Record an attempt with its resolved configuration; None if that is impossible and the action has failed."""
        execution = self._execution(execution_id)
        definition = self._state.definition(execution.pipeline, execution.version)
        action = find_action(definition, stage, name)
        artifacts = self._make_artifacts(definition, execution, action)
        action_id, now, failure = self._new_id(), self._now(), None
        resolved: dict[str, str] = {}
        try:
            resolved = variables.resolve(action.configuration, self._namespaces(definition, execution))
        except variables.UnresolvedError as error:
            failure = Failed(
                "ConfigurationError",
                "An action in this pipeline failed because one or more variables could not be resolved: "
                f"Action name={name}. {error}",
            )
        missing = [a for a in action.inputs if a not in artifacts or not artifacts[a].ready]
        if missing:
            failure = Failed("ConfigurationError", f"The input artifact {', '.join(missing)} has not been produced.")
        self._state.insert(
            "actions",
            id=action_id,
            execution=execution_id,
            pipeline=execution.pipeline,
            version=execution.version,
            stage=stage,
            action=name,
            current=1,
            status=statuses.IN_PROGRESS,
            phase=START,
            started=now,
            updated=now,
            resolved=resolved,
            variables={},
        )
        record = self._action(action_id)
        self._events.action(execution, action, record, artifacts, "STARTED")
        if failure is None:
            return action_id
        self._end_action(action, record, failure, None)
        return None

    def _make_artifacts(
        self, definition: Pipeline, execution: ExecutionRecord, action: Action
    ) -> dict[str, ArtifactRecord]:
        """The execution's artifacts; outputs of an action that runs for the first time get their keys."""
        artifacts = self._state.artifacts(execution.id)
        for name in action.outputs:
            if name not in artifacts:
                key = artifact_key(definition.name, name, self._new_suffix())
                bucket = definition.store.bucket
                self._state.insert("artifacts", execution=execution.id, name=name, bucket=bucket, key=key, ready=0)
                artifacts[name] = ArtifactRecord(execution.id, name, bucket, key, 0, None)
        return artifacts

    def _namespaces(self, definition: Pipeline, execution: ExecutionRecord) -> dict[str, Mapping[str, str]]:
        namespaces: dict[str, Mapping[str, str]] = {
            variables.EXECUTION: {variables.EXECUTION_ID: execution.id},
            variables.PIPELINE: execution.variables,
        }
        for record in self._state.settled_actions(execution):
            namespace = find_action(definition, record.stage, record.action).namespace
            if namespace and record.status == statuses.SUCCEEDED:
                namespaces[namespace] = record.variables
        return namespaces

    def _abandon(self, execution_id: str, stage: str, name: str) -> None:
        for record in self._state.current_actions(execution_id, stage):
            if record.action == name and record.status == statuses.IN_PROGRESS:
                job = self._state.latest_job(record.id)
                if job is not None:
                    self._state.update_job(job.id, status=statuses.ABANDONED)
                self._state.update_action(record.id, status=statuses.ABANDONED, updated=self._now(), due=None)
                self._action_event(record.id)

    def end_action(
        self, action: Action, record: ActionRecord, outcome: Succeeded | Failed, updated_by: str | None = None
    ) -> bool:
        """Record how an action ended; False if it had already ended."""
        with self._state.transaction():
            return self._end_action(action, record, outcome, updated_by)

    def _end_action(
        self, action: Action, record: ActionRecord, outcome: Succeeded | Failed, updated_by: str | None
    ) -> bool:
        values: dict[str, Any] = {"updated": self._now(), "due": None, "updated_by": updated_by}
        if isinstance(outcome, Failed):
            values |= {"status": statuses.FAILED, "error_code": outcome.code, "error_message": outcome.message}
            values |= {"external_id": outcome.external_id or record.external_id, "summary": outcome.summary}
        else:
            values |= {"status": statuses.SUCCEEDED, "variables": dict(outcome.variables), "revision": outcome.revision}
            values |= {"summary": outcome.summary, "external_url": outcome.external_url}
            values |= {"external_id": outcome.external_id}
        if not self._state.update_action(record.id, **values):
            return False
        if isinstance(outcome, Succeeded):
            for name in action.outputs:
                self._state.update_artifact(record.execution, name, ready=1, revision=outcome.revision)
        self._update_execution(record.execution)
        self._action_event(record.id)
        return True

    def stop(self, execution: ExecutionRecord, *, abandon: bool, reason: str | None) -> None:
        """Record that the execution is to stop; `plan` does the rest."""
        mode = statuses.STOP_AND_ABANDON if abandon else statuses.STOP_AND_WAIT
        self._update_execution(execution.id, status=statuses.STOPPING, stop=mode, stop_reason=reason)
        if execution.inside:
            stage = self._state.definition(execution.pipeline, execution.version).stages[execution.stage].name
            self._state.update_stage(execution.id, stage, status=statuses.STOPPING)
        if execution.status != statuses.STOPPING:
            self._events.execution(self._execution(execution.id), "STOPPING")
            if execution.inside:
                self._stage_event(execution.id, stage, "STOPPING")

    def retry(self, execution: ExecutionRecord, stage: str, actions: frozenset[str]) -> None:
        """Put an execution back into a stage, and run these actions again."""
        now = self._now()
        run = self._state.stage(execution.id, stage)
        self._state.replace_actions(execution.id, stage, actions)
        self._state.update_stage(
            execution.id, stage, status=statuses.IN_PROGRESS, retries=run.retries + 1 if run else 1, retried=now
        )
        self._update_execution(
            execution.id,
            status=statuses.IN_PROGRESS,
            inside=1,
            stop=statuses.NO_STOP,
            stop_reason=None,
            attempt=execution.attempt + 1,
            retried=now,
        )
        self._events.execution(self._execution(execution.id), "RESUMED")
        self._stage_event(execution.id, stage, "RESUMED")

    def _update_execution(self, execution_id: str, **values: Any) -> None:
        self._state.update_execution(execution_id, updated=self._now(), **values)

    def _execution(self, execution_id: str) -> ExecutionRecord:
        execution = self._state.execution(execution_id)
        if execution is None:
            raise KeyError(f"execution {execution_id}")
        return execution

    def _action(self, action_id: str) -> ActionRecord:
        record = self._state.action(action_id)
        if record is None:
            raise KeyError(f"action execution {action_id}")
        return record

    def _stage_event(self, execution_id: str, stage: str, state: str) -> None:
        run = self._state.stage(execution_id, stage)
        self._events.stage(self._execution(execution_id), stage, run.started if run else self._now(), state)

    def _action_event(self, action_id: str) -> None:
        record = self._action(action_id)
        execution = self._execution(record.execution)
        action = find_action(self._state.definition(record.pipeline, record.version), record.stage, record.action)
        artifacts = self._state.artifacts(record.execution)
        self._events.action(execution, action, record, artifacts, state_name(record.status))


def find_action(pipeline: Pipeline, stage: str, action: str) -> Action:
    """An action that a record names; KeyError if the definition lacks it."""
    declared = pipeline.stage(stage)
    found = declared.action(action) if declared else None
    if found is None:
        raise KeyError(f"pipeline {pipeline.name} has no action {stage}/{action}")
    return found
