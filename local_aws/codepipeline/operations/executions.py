"""The operations on executions: start, stop, retry, show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local_aws.codepipeline.actions import RULES
from local_aws.codepipeline.definition.model import SUPERSEDED, Pipeline
from local_aws.codepipeline.definition.variables import missing_variables
from local_aws.codepipeline.execution import control
from local_aws.codepipeline.execution.changes import Changes, Trigger
from local_aws.codepipeline.execution.engine import Engine
from local_aws.codepipeline.operations.lookup import find_execution, find_pipeline, find_stage, moment
from local_aws.codepipeline.operations.paging import numbered_page
from local_aws.codepipeline.state import statuses
from local_aws.codepipeline.state.records import ROLLBACK, ExecutionRecord, Revision
from local_aws.codepipeline.state.state import State
from local_aws.codepipeline.state.view import view_actions
from local_aws.wire import AwsError, Caller

Document = dict[str, Any]

MAX_CONCURRENT = 50
"""The limit in QUEUED and PARALLEL mode (https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html)."""
_MAX_LISTED = 100


class Executions:
    """StartPipelineExecution to ListPipelineExecutions."""

    def __init__(self, state: State, changes: Changes, engine: Engine) -> None:
        """Keep the parts."""
        self._state, self._changes, self._engine = state, changes, engine

    def start(self, caller: Caller, request: Document) -> Document:
        """StartPipelineExecution; a repeated clientRequestToken returns the same execution."""
        values = {v["name"]: v["value"] for v in request.get("variables", [])}
        execution = self.begin(
            request["name"],
            Trigger("StartPipelineExecution", caller.arn),
            values,
            request.get("sourceRevisions", []),
            request.get("clientRequestToken"),
        )
        return {"pipelineExecutionId": execution}

    def begin(
        self,
        name: str,
        trigger: Trigger,
        values: Mapping[str, str] | None = None,
        overrides: list[dict[str, str]] | None = None,
        client_token: str | None = None,
    ) -> str:
        """Record an execution and wake the engine; returns the execution's id. Raises AwsError."""
        with self._state.transaction():
            record = find_pipeline(self._state, name)
            if client_token is not None:
                earlier = self._state.execution_of_token(name, client_token)
                if earlier is not None:
                    return earlier.id
            definition = self._state.definition(name, record.version)
            resolved = _resolve_variables(definition, values or {})
            _check_overrides(definition, overrides or [])
            self._check_concurrency(name, record.mode)
            execution = self._changes.start_execution(record, trigger, resolved, overrides or [], client_token)
        self._engine.wake(name)
        return execution

    def _check_concurrency(self, name: str, mode: str) -> None:
        if mode != SUPERSEDED and len(self._state.active_executions(name)) >= MAX_CONCURRENT:
            raise AwsError(
                "ConcurrentPipelineExecutionsLimitExceededException",
                f"Pipeline '{name}' has {MAX_CONCURRENT} concurrent executions, the most in {mode} mode.",
            )

    def stop(self, _caller: Caller, request: Document) -> Document:
        """StopPipelineExecution."""
        abandon = request.get("abandon", False)
        with self._state.transaction():
            execution = find_execution(self._state, request)
            try:
                control.check_stop(execution.status, execution.stop, abandon=abandon)
            except control.RefusedError as refused:
                raise AwsError(refused.code, f"Execution '{execution.id}' cannot be stopped: {refused}.") from None
            self._changes.stop(execution, abandon=abandon, reason=request.get("reason"))
        self._engine.wake(execution.pipeline)
        return {"pipelineExecutionId": execution.id}

    def retry(self, _caller: Caller, request: Document) -> Document:
        """RetryStageExecution."""
        with self._state.transaction():
            execution = find_execution(self._state, request)
            record = find_pipeline(self._state, execution.pipeline)
            stage = find_stage(self._state.definition(record.name, record.version), request["stageName"])
            outdated = execution.version != record.version
            run, latest = self._state.stage(execution.id, stage), self._state.latest_stage(record.name, stage)
            view = control.StageView(
                status=run.status if run else None,
                actions=()
                if outdated
                else view_actions(self._state, execution, _number(self._state, execution, stage)),
                mode=execution.mode,
                latest=latest is not None and latest.execution == execution.id,
                outdated=outdated,
            )
            try:
                actions = control.actions_to_retry(view, request["retryMode"])
            except control.RefusedError as refused:
                message = f"Stage '{stage}' of execution '{execution.id}' cannot be retried: {refused}."
                raise AwsError(refused.code, message) from None
            if execution.status != statuses.IN_PROGRESS:
                self._check_concurrency(record.name, execution.mode)
            self._changes.retry(execution, stage, actions)
        self._engine.wake(record.name)
        return {"pipelineExecutionId": execution.id}

    def roll_back(self, caller: Caller, request: Document) -> Document:
        """RollbackStage: a new execution of one stage, with the artifacts and variables of the target."""
        target_id = request["targetPipelineExecutionId"]
        with self._state.transaction():
            target = find_execution(
                self._state, {"pipelineName": request["pipelineName"], "pipelineExecutionId": target_id}
            )
            record = find_pipeline(self._state, target.pipeline)
            definition = self._state.definition(record.name, record.version)
            stage = find_stage(definition, request["stageName"])
            number = [declared.name for declared in definition.stages].index(stage)
            run, latest = self._state.stage(target.id, stage), self._state.latest_stage(record.name, stage)
            view = control.RollbackView(
                source=number == 0,
                mode=record.mode,
                target_rolled_back=target.type == ROLLBACK,
                target_outdated=target.version != record.version,
                target_status=run.status if run else None,
                running=latest is not None and latest.status in (statuses.IN_PROGRESS, statuses.STOPPING),
            )
            try:
                control.check_rollback(view)
            except control.RefusedError as refused:
                message = f"Stage '{stage}' cannot be rolled back to execution '{target.id}': {refused}."
                raise AwsError(refused.code, message) from None
            self._check_concurrency(record.name, record.mode)
            trigger = Trigger("ManualRollback", caller.arn)
            execution = self._changes.roll_back(record, number, target, trigger)
        self._engine.wake(record.name)
        return {"pipelineExecutionId": execution}

    def get(self, _caller: Caller, request: Document) -> Document:
        """GetPipelineExecution."""
        execution = find_execution(self._state, request)
        artifacts = self._state.artifacts(execution.id).values()
        revisions = [
            {"name": a.name, **_revision(a.revision), "revisionChangeIdentifier": a.revision.change_id}
            | {"created": moment(a.revision.created)}
            for a in artifacts
            if a.revision is not None
        ]
        document = {
            "pipelineName": execution.pipeline,
            "pipelineVersion": execution.version,
            "artifactRevisions": revisions,
            "variables": [{"name": name, "resolvedValue": value} for name, value in execution.variables.items()],
            **_common(execution),
        }
        return {"pipelineExecution": document}

    def list(self, _caller: Caller, request: Document) -> Document:
        """ListPipelineExecutions, newest first."""
        record = find_pipeline(self._state, request["pipelineName"])
        wanted = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
        size = request.get("maxResults", _MAX_LISTED)

        def load(below: int, count: int) -> Sequence[ExecutionRecord]:
            return self._state.executions(record.name, wanted, below, count)

        shown, more = numbered_page(load, lambda e: e.number, request, f"executions/{record.name}/{wanted}", size)
        return {"pipelineExecutionSummaries": [self._summary(e) for e in shown], **more}

    def _summary(self, execution: ExecutionRecord) -> Document:
        sources = [a for a in self._state.settled_actions(execution) if a.revision is not None]
        first_stage = self._state.definition(execution.pipeline, execution.version).stages[0].name
        summary = {
            **_common(execution),
            "startTime": moment(execution.started),
            "lastUpdateTime": moment(execution.updated),
            "sourceRevisions": [
                {"actionName": a.action, **_revision(a.revision)}
                for a in sources
                if a.stage == first_stage and a.revision
            ],
        }
        if execution.stop_reason is not None:
            summary["stopTrigger"] = {"reason": execution.stop_reason}
        return summary


def _common(execution: ExecutionRecord) -> Document:
    document: Document = {
        "pipelineExecutionId": execution.id,
        "status": execution.status,
        "trigger": {"triggerType": execution.trigger_type, "triggerDetail": execution.trigger_detail},
        "executionMode": execution.mode,
        "executionType": execution.type,
    }
    if execution.rollback_target:
        document["rollbackMetadata"] = {"rollbackTargetPipelineExecutionId": execution.rollback_target}
    return document


def _revision(revision: Revision) -> Document:
    document = {
        "revisionId": revision.id,
        "revisionSummary": revision.summary or None,
        "revisionUrl": revision.url,
    }
    return {name: value for name, value in document.items() if value is not None}


def _number(state: State, execution: ExecutionRecord, stage: str) -> int:
    names = [declared.name for declared in state.definition(execution.pipeline, execution.version).stages]
    return names.index(stage)


def _resolve_variables(pipeline: Pipeline, values: Mapping[str, str]) -> dict[str, str]:
    declared = [(variable.name, variable.default) for variable in pipeline.variables]
    unknown = sorted(set(values) - {name for name, _ in declared})
    if unknown:
        known = ", ".join(name for name, _ in declared) or "none"
        raise AwsError(
            "ValidationException",
            f"Pipeline '{pipeline.name}' declares no variable {', '.join(unknown)}; it declares {known}.",
        )
    missing = missing_variables(declared, values)
    if missing:
        raise AwsError(
            "ValidationException",
            f"Pipeline '{pipeline.name}' needs values for the variables {', '.join(missing)}, which have no default.",
        )
    return {name: values.get(name, default or "") for name, default in declared}


def _check_overrides(pipeline: Pipeline, overrides: Iterable[Mapping[str, str]]) -> None:
    """Raise AwsError for a source revision that the pipeline does not take.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-trigger-source-overrides.html
    """
    seen: set[tuple[str, str]] = set()
    for override in overrides:
        name, kind = override["actionName"], override["revisionType"]
        action = pipeline.source(name)
        if action is None:
            raise AwsError("ValidationException", f"Pipeline '{pipeline.name}' has no source action '{name}'.")
        allowed = RULES[action.type.key].revision_types
        if kind not in allowed:
            raise AwsError(
                "ValidationException",
                f"Source action '{name}' takes the revision types {', '.join(sorted(allowed))}; found {kind}.",
            )
        if kind == "S3_OBJECT_KEY" and action.configuration.get("AllowOverrideForS3ObjectKey", "").lower() != "true":
            raise AwsError(
                "ValidationException",
                f"Source action '{name}' takes S3_OBJECT_KEY only if AllowOverrideForS3ObjectKey is 'true'.",
            )
        if (name, kind) in seen:
            raise AwsError("ValidationException", f"Source action '{name}' has two revisions of type {kind}.")
        seen.add((name, kind))
