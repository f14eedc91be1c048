"""The events that CodePipeline sends to EventBridge.

They are recorded with the change that they report and published after its commit, so a kill loses none.
https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.codepipeline.definition.model import Action, pipeline_arn
from local_aws.codepipeline.state.records import ActionRecord, ArtifactRecord, ExecutionRecord
from local_aws.codepipeline.state.state import State

SOURCE = "aws.codepipeline"

_STATES = {"InProgress": "STARTED", "Cancelled": "CANCELED"}


def state_name(status: str) -> str:
    """The state of an event, for the status of an execution, a stage or an action."""
    return _STATES.get(status, status.upper())


class Events:
    """Records events in the transaction of the change that they report."""

    def __init__(self, state: State, region: str) -> None:
        """`region` is the Region in the ARNs."""
        self._state, self._region = state, region

    def execution(self, execution: ExecutionRecord, state: str) -> None:
        """`CodePipeline Pipeline Execution State Change`."""
        detail = _common(execution, execution.started, state)
        if state == "STARTED":
            detail["execution-trigger"] = {
                "trigger-type": execution.trigger_type,
                "trigger-detail": execution.trigger_detail,
            }
        if state == "STOPPING":
            detail["stop-execution-comments"] = execution.stop_reason or ""
        self._record("Pipeline", execution, detail)

    def stage(self, execution: ExecutionRecord, stage: str, started: float, state: str) -> None:
        """`CodePipeline Stage Execution State Change`."""
        detail = {**_common(execution, started, state), "stage": stage}
        if execution.retried is not None:
            detail["stage-last-retry-attempt-time"] = _time(execution.retried)
        self._record("Stage", execution, detail)

    def action(
        self,
        execution: ExecutionRecord,
        action: Action,
        record: ActionRecord,
        artifacts: Mapping[str, ArtifactRecord],
        state: str,
    ) -> None:
        """`CodePipeline Action Execution State Change`; `record` is as after the change."""
        kind = action.type
        detail = {
            **_common(execution, record.started, state),
            "stage": record.stage,
            "action": record.action,
            "action-execution-id": record.id,
            "region": self._region,
            "type": {
                "owner": kind.owner,
                "category": kind.category,
                "provider": kind.provider,
                "version": kind.version,
            },
            "input-artifacts": _locations(artifacts, action.inputs),
            "output-artifacts": _locations(artifacts, action.outputs),
        }
        if state != "STARTED":
            detail["execution-result"] = _result(record)
        self._record("Action", execution, detail)

    def _record(self, what: str, execution: ExecutionRecord, detail: Mapping[str, Any]) -> None:
        self._state.insert(
            "events",
            detail_type=f"CodePipeline {what} Execution State Change",
            detail=dict(detail),
            resource=pipeline_arn(self._region, execution.pipeline),
        )


def _common(execution: ExecutionRecord, started: float, state: str) -> dict[str, Any]:
    return {
        "pipeline": execution.pipeline,
        "execution-id": execution.id,
        "start-time": _time(started),
        "state": state,
        "version": float(execution.version),
        "pipeline-execution-attempt": float(execution.attempt),
    }


def _result(record: ActionRecord) -> dict[str, str]:
    error = f"{record.error_message}" if record.error_message else None
    found = {
        "external-execution-url": record.external_url,
        "external-execution-summary": error or record.summary,
        "external-execution-id": record.external_id,
        "error-code": record.error_code,
    }
    return {name: value for name, value in found.items() if value}


def _locations(artifacts: Mapping[str, ArtifactRecord], names: Iterable[str]) -> list[dict[str, Any]]:
    there = (artifacts[name] for name in names if name in artifacts)
    return [{"name": a.name, "s3location": {"bucket": a.bucket, "key": a.key}} for a in there]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
