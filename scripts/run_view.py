"""One release as AWS's answers tell it: a pipeline execution with its actions in the pipeline's order.

Plain data in, plain data out. The shapes are those of GetPipeline, GetPipelineExecution, ListActionExecutions and
GetPipelineState: https://docs.aws.amazon.com/codepipeline/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

RUNNING = frozenset(("InProgress", "Stopping"))
SHORT_ID_CHARACTERS = 13

_STARTED_BY_RULE = {
    "training-config": "push to training-config",
    "pipeline-lambdas": "push to pipeline-lambdas",
    "inference-lambdas": "push to inference-lambdas",
    "dataset": "new dataset",
    "retraining": "schedule",
}
"""What the rules of the pipeline stack mean, by the ends of their names."""


@dataclass(frozen=True)
class Revision:
    """What a source action delivered: a commit, or a version of the data's manifest."""

    action: str
    id: str
    summary: str


@dataclass(frozen=True)
class ActionView:
    """An action; `status` is empty until it starts, `Waiting` while an approval is open."""

    stage: str
    name: str
    provider: str = ""
    status: str = ""
    started: datetime | None = None
    updated: datetime | None = None
    attempt: int = 0
    summary: str = ""
    error_code: str = ""
    error_message: str = ""
    token: str = ""
    external_id: str = ""
    """What runs for it elsewhere, such as a build."""
    configuration: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    def seconds(self, now: datetime) -> float | None:
        """How long it ran, or has been running; None if it has not started."""
        if self.started is None:
            return None
        end = now if self.status in {"InProgress", "Waiting"} or self.updated is None else self.updated
        return max((end - self.started).total_seconds(), 0.0)

    @property
    def evidence(self) -> str:
        """Where the report lies that an approval is decided by; empty if the approval names none."""
        return self.configuration.get("ExternalEntityLink", "")

    @property
    def about(self) -> str:
        """What an approval says about itself: the verdict and the metrics."""
        return self.configuration.get("CustomData", "")

    @property
    def log_group(self) -> str:
        """Where the action's work is logged; empty if nowhere that is known here."""
        if self.provider == "CodeBuild":
            return f"/aws/codebuild/{self.configuration.get('ProjectName', '')}"
        if self.provider != "Lambda":
            return ""
        if self._user_parameters().get("kind") == "training-job":
            return "/aws/sagemaker/TrainingJobs"
        function = self.configuration.get("FunctionName", "")
        return f"/aws/lambda/{function}" if function else ""

    @property
    def log_streams(self) -> str:
        """What the names of its streams begin with, in a log group that others write to as well; else empty."""
        parameters = self._user_parameters()
        return f"{parameters['name']}/" if parameters.get("kind") == "training-job" else ""

    def _user_parameters(self) -> Mapping[str, Any]:
        try:
            parsed = json.loads(self.configuration.get("UserParameters", "{}"))
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}


@dataclass(frozen=True)
class RunView:
    """One pipeline execution."""

    id: str
    pipeline: str
    status: str
    status_summary: str
    trigger: str
    revisions: tuple[Revision, ...]
    actions: tuple[ActionView, ...]
    waits_for: str = ""
    """The stage in front of which it waits, with the reason if the transition is disabled."""
    behind: str = ""
    """The execution inside that stage whose approval is open, so that nothing moves before it is answered."""

    @property
    def short_id(self) -> str:
        return self.id[:SHORT_ID_CHARACTERS]

    @property
    def running(self) -> bool:
        return self.status in RUNNING

    @property
    def approval(self) -> ActionView | None:
        """The approval that is open, which nothing but an answer ends."""
        return next((action for action in self.actions if action.status == "Waiting" and action.token), None)

    @property
    def failed_action(self) -> ActionView | None:
        """The first action that failed, in the pipeline's order."""
        return next((action for action in self.actions if action.status in {"Failed", "Abandoned"}), None)

    def log_name(self, action: ActionView) -> str:
        """What `slipway logs` takes for the log of an action; empty if it has none."""
        if action.log_streams:
            return f"training-job --run {self.short_id}"
        return action.log_group.rpartition("/")[2].removeprefix(f"{self.pipeline}-")

    def variable(self, name: str) -> str:
        """An output variable, by its name alone, of the first action that has it; empty if none has."""
        return next((action.variables[name] for action in self.actions if name in action.variables), "")

    def seconds(self, now: datetime) -> float | None:
        """From the first action's start to the last one's end, or to now."""
        started = [action.started for action in self.actions if action.started]
        if not started:
            return None
        ended = [action.updated for action in self.actions if action.updated]
        end = now if self.running or not ended else max(ended)
        return max((end - min(started)).total_seconds(), 0.0)


def view_run(
    pipeline: Mapping[str, Any],
    execution: Mapping[str, Any],
    details: Iterable[Mapping[str, Any]],
    state: Mapping[str, Any],
) -> RunView:
    """Put together the answers of GetPipeline, GetPipelineExecution, ListActionExecutions and GetPipelineState."""
    run_id = str(execution["pipelineExecutionId"])
    newest, attempts = _newest_attempts(details)
    live = _live_states(state, run_id)
    places = {
        (stage["name"], action["name"]): action["actionTypeId"]["provider"]
        for stage in pipeline["stages"]
        for action in sorted(stage["actions"], key=lambda action: action.get("runOrder", 1))
    }
    # Actions that the pipeline no longer has come last.
    places |= {place: "" for place in newest if place not in places}
    return RunView(
        id=run_id,
        pipeline=str(pipeline["name"]),
        status=str(execution["status"]),
        status_summary=str(execution.get("statusSummary", "")),
        trigger=trigger_text(execution.get("trigger", {}), str(pipeline["name"])),
        revisions=tuple(
            Revision(item["name"], item.get("revisionId", ""), _revision_summary(item.get("revisionSummary", "")))
            for item in execution.get("artifactRevisions", [])
        ),
        actions=tuple(
            _action(place, provider, newest.get(place), attempts.get(place, 0), live)
            for place, provider in places.items()
        ),
        waits_for=_waits_for(state, run_id),
        behind=_behind(state, run_id),
    )


def trigger_text(trigger: Mapping[str, Any], pipeline: str) -> str:
    """What started the execution, in words.

    The detail of an event is the rule's ARN. That of a push through a connection is the connection's, which may serve
    all three repositories: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ExecutionTrigger.html
    """
    kind, detail = str(trigger.get("triggerType", "")), str(trigger.get("triggerDetail", ""))
    if kind == "CloudWatchEvent":
        rule = detail.partition(":rule/")[2]
        return _STARTED_BY_RULE.get(rule.removeprefix(f"{pipeline}-"), f"rule {rule}" if rule else "an event")
    return {
        "WebhookV2": "push to a connected repository",
        "CreatePipeline": "the pipeline was created",
        "StartPipelineExecution": "by hand",
        "ManualRollback": "rollback by hand",
        "AutomatedRollback": "automatic rollback",
    }.get(kind, kind)


def waiting_approvals(state: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Stage, action, token and execution id of each approval that is open."""
    return [
        (stage["stageName"], action["actionName"], latest["token"], stage["latestExecution"]["pipelineExecutionId"])
        for stage in state.get("stageStates", [])
        for action in stage.get("actionStates", [])
        if (latest := action.get("latestExecution", {})).get("token") and latest.get("status") == "InProgress"
    ]


def _newest_attempts(
    details: Iterable[Mapping[str, Any]],
) -> tuple[dict[tuple[str, str], Mapping[str, Any]], dict[tuple[str, str], int]]:
    newest: dict[tuple[str, str], Mapping[str, Any]] = {}
    attempts: dict[tuple[str, str], int] = {}
    for detail in details:
        place = (detail["stageName"], detail["actionName"])
        attempts[place] = attempts.get(place, 0) + 1
        if place not in newest or detail["startTime"] > newest[place]["startTime"]:
            newest[place] = detail
    return newest, attempts


def _live_states(state: Mapping[str, Any], run_id: str) -> dict[str, Mapping[str, Any]]:
    """Action execution id to its state, of the stages that this execution is or was the last in."""
    return {
        latest["actionExecutionId"]: latest
        for stage in state.get("stageStates", [])
        if stage.get("latestExecution", {}).get("pipelineExecutionId") == run_id
        for action in stage.get("actionStates", [])
        if (latest := action.get("latestExecution", {})).get("actionExecutionId")
    }


def _action(
    place: tuple[str, str],
    provider: str,
    detail: Mapping[str, Any] | None,
    attempt: int,
    live: Mapping[str, Mapping[str, Any]],
) -> ActionView:
    stage, name = place
    if detail is None:
        return ActionView(stage, name, provider)
    given, output = detail.get("input", {}), detail.get("output", {})
    result = output.get("executionResult", {})
    now = live.get(detail["actionExecutionId"], {})
    error = result.get("errorDetails") or now.get("errorDetails") or {}
    provider = provider or given.get("actionTypeId", {}).get("provider", "")
    waiting = provider == "Manual" and detail["status"] == "InProgress"
    summary = result.get("externalExecutionSummary") or now.get("summary") or ""
    return ActionView(
        stage=stage,
        name=name,
        provider=provider,
        status="Waiting" if waiting else str(detail["status"]),
        external_id=result.get("externalExecutionId") or now.get("externalExecutionId") or "",
        started=detail["startTime"],
        updated=detail.get("lastUpdateTime"),
        attempt=attempt,
        summary=_revision_summary(str(summary)),
        error_code=str(error.get("code", "")),
        error_message=str(error.get("message", "")),
        token=str(now.get("token", "")),
        configuration=given.get("resolvedConfiguration") or given.get("configuration", {}),
        variables=output.get("outputVariables", {}),
    )


def _revision_summary(text: str) -> str:
    """The first line: a source's summary is the whole commit message, or a JSON document around it."""
    stripped = text.strip()
    return stripped.splitlines()[0] if stripped else ""


def _behind(state: Mapping[str, Any], run_id: str) -> str:
    held = {stage: execution for stage, _, _, execution in waiting_approvals(state)}
    return held.get(_waits_for(state, run_id), "")  # a closed transition is named with its reason, and holds anyhow


def _waits_for(state: Mapping[str, Any], run_id: str) -> str:
    for stage in state.get("stageStates", []):
        inbound = [stage.get("inboundExecution", {}), *stage.get("inboundExecutions", [])]
        if any(one.get("pipelineExecutionId") == run_id for one in inbound):
            transition = stage.get("inboundTransitionState", {})
            reason = transition.get("disabledReason", "") if transition.get("enabled") is False else ""
            return f"{stage['stageName']} ({reason})" if reason else str(stage["stageName"])
    return ""
