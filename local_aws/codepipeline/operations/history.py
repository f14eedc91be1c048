"""Shows stages and actions: GetPipelineState and ListActionExecutions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local_aws.codepipeline.definition.model import PARALLEL, Action, Stage
from local_aws.codepipeline.execution.changes import find_action
from local_aws.codepipeline.operations.lookup import find_execution, find_pipeline, moment
from local_aws.codepipeline.operations.paging import numbered_page, page
from local_aws.codepipeline.state.records import (
    ActionRecord,
    ArtifactRecord,
    ExecutionRecord,
    PipelineRecord,
    TransitionRecord,
)
from local_aws.codepipeline.state.state import State
from local_aws.codepipeline.state.statuses import IN_PROGRESS

Document = dict[str, Any]

_MAX_LISTED = 100


class History:
    """Reads what happened; changes nothing."""

    def __init__(self, state: State, region: str) -> None:
        """Keep the state."""
        self._state, self._region = state, region

    def pipeline_state(self, _caller: object, request: Document) -> Document:
        """GetPipelineState; in PARALLEL mode the stages have no state."""
        record = find_pipeline(self._state, request["name"])
        definition = self._state.definition(record.name, record.version)
        waiting: dict[str, list[ExecutionRecord]] = {}
        if record.mode != PARALLEL:
            for execution in self._state.active_executions(record.name):
                stages = self._state.definition(record.name, execution.version).stages
                if not execution.inside:
                    waiting.setdefault(stages[execution.stage].name, []).append(execution)
        transitions = self._state.transitions(record.name)
        return {
            "pipelineName": record.name,
            "pipelineVersion": record.version,
            "stageStates": [
                self._stage_state(record, stage, waiting.get(stage.name, []), transitions.get(stage.name))
                for stage in definition.stages
            ],
            "created": moment(record.created),
            "updated": moment(record.updated),
        }

    def _stage_state(
        self,
        record: PipelineRecord,
        stage: Stage,
        waiting: list[ExecutionRecord],
        transition: TransitionRecord | None,
    ) -> Document:
        state: Document = {"stageName": stage.name, "inboundTransitionState": _transition_state(transition)}
        parallel = record.mode == PARALLEL
        state["actionStates"] = [
            {"actionName": a.name} if parallel else self._action_state(record.name, stage.name, a)
            for a in stage.actions
        ]
        if waiting:
            arrived = sorted(waiting, key=lambda e: e.arrival)
            inbound = [{"pipelineExecutionId": e.id, "status": e.status, "type": e.type} for e in arrived]
            state |= {"inboundExecution": inbound[-1], "inboundExecutions": inbound}
        run = None if parallel else self._state.latest_stage(record.name, stage.name)
        if run is not None:
            execution = self._state.execution(run.execution)
            kind = execution.type if execution else "STANDARD"
            state["latestExecution"] = {"pipelineExecutionId": run.execution, "status": run.status, "type": kind}
            if run.retries:
                state["retryStageMetadata"] = {
                    "manualStageRetryAttempt": run.retries,
                    "latestRetryTrigger": "ManualStageRetry",
                }
        return state

    def _action_state(self, pipeline: str, stage: str, action: Action) -> Document:
        """The newest attempt at an action; it may belong to an earlier execution than the stage's latest one."""
        document: Document = {"actionName": action.name}
        record = self._state.latest_action(pipeline, stage, action.name)
        if record is None:
            return document
        revision = record.revision
        if revision is not None and action.type.category == "Source":
            document["currentRevision"] = {
                "revisionId": revision.id,
                "revisionChangeId": revision.change_id,
                "created": moment(revision.created),
            }
            document["revisionUrl"] = revision.url
        document["latestExecution"] = {
            "actionExecutionId": record.id,
            "status": record.status,
            "summary": record.summary,
            "lastStatusChange": moment(record.updated),
            "token": record.token if record.status == IN_PROGRESS else None,
            "lastUpdatedBy": record.updated_by,
            "externalExecutionId": record.external_id,
            "externalExecutionUrl": record.external_url,
            "percentComplete": record.percent,
            "errorDetails": _error(record),
        }
        return document

    def actions(self, _caller: object, request: Document) -> Document:
        """ListActionExecutions, newest first, one entry per attempt."""
        pipeline = find_pipeline(self._state, request["pipelineName"])
        chosen = request.get("filter", {})
        latest = chosen.get("latestInPipelineExecution")
        execution_id = latest["pipelineExecutionId"] if latest else chosen.get("pipelineExecutionId")
        size = request.get("maxResults", _MAX_LISTED)
        list_of = f"actions/{pipeline.name}/{chosen}"
        if execution_id is None:

            def load(below: int, count: int) -> Sequence[ActionRecord]:
                return self._state.actions(pipeline.name, below, count)

            shown, more = numbered_page(load, lambda r: r.number, request, list_of, size)
            return {"actionExecutionDetails": [self._detail(record) for record in shown], **more}
        execution = find_execution(self._state, {"pipelineName": pipeline.name, "pipelineExecutionId": execution_id})
        records = self._state.actions_of(execution_id)
        if latest:
            records = _latest(records, execution, latest["startTimeRange"])
        shown, more = page(records, lambda r: r.number, request, list_of, size)
        return {"actionExecutionDetails": [self._detail(record) for record in shown], **more}

    def _detail(self, record: ActionRecord) -> Document:
        action = find_action(self._state.definition(record.pipeline, record.version), record.stage, record.action)
        artifacts = self._state.artifacts(record.execution)
        execution = self._state.execution(record.execution)
        external_id = record.external_id
        if execution and execution.mode == PARALLEL and record.token and record.status == IN_PROGRESS:
            # In PARALLEL mode, where the stages have no state, the token of an approval is found here:
            # https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutApprovalResult.html
            external_id = record.token
        result = {
            "externalExecutionId": external_id,
            "externalExecutionSummary": record.summary,
            "externalExecutionUrl": record.external_url,
            "errorDetails": _error(record),
        }
        return {
            "pipelineExecutionId": record.execution,
            "actionExecutionId": record.id,
            "pipelineVersion": record.version,
            "stageName": record.stage,
            "actionName": record.action,
            "startTime": moment(record.started),
            "lastUpdateTime": moment(record.updated),
            "updatedBy": record.updated_by,
            "status": record.status,
            "input": {
                "actionTypeId": vars(action.type),
                "configuration": dict(action.configuration),
                "resolvedConfiguration": record.resolved,
                "roleArn": action.role_arn,
                "region": self._region,
                "inputArtifacts": _locations(artifacts, action.inputs),
                "namespace": action.namespace,
            },
            "output": {
                "outputArtifacts": _locations(artifacts, action.outputs),
                "executionResult": result,
                "outputVariables": record.variables,
            },
        }


def _latest(records: Iterable[ActionRecord], execution: ExecutionRecord, time_range: str) -> list[ActionRecord]:
    """The current attempts; with `Latest`, only those since the execution was last started or retried."""
    since = execution.retried or execution.started
    return [r for r in records if r.current and (time_range == "All" or r.started >= since)]


def _error(record: ActionRecord) -> dict[str, str] | None:
    if record.error_code is None:
        return None
    return {"code": record.error_code, "message": record.error_message or ""}


def _transition_state(transition: TransitionRecord | None) -> Document:
    if transition is None:
        return {"enabled": True}
    return {
        "enabled": bool(transition.enabled),
        "lastChangedBy": transition.changed_by,
        "lastChangedAt": moment(transition.changed_at),
        "disabledReason": transition.reason,
    }


def _locations(artifacts: Mapping[str, ArtifactRecord], names: Iterable[str]) -> list[Document]:
    there = (artifacts[name] for name in names if name in artifacts)
    return [{"name": a.name, "s3location": {"bucket": a.bucket, "key": a.key}} for a in there]
