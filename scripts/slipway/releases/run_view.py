"""One release: a pipeline execution with its actions in the pipeline's order.

It reads and returns plain data. The shapes are those of GetPipeline, GetPipelineExecution, ListActionExecutions and
GetPipelineState: https://docs.aws.amazon.com/codepipeline/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipeline_lambdas.evidence.workflows import starting_execution
from pipeline_lambdas.release.events import RUNNING
from pipeline_lambdas.release.names import is_tuning_job, short_id
from pipeline_lambdas.release.published import function_of
from pipeline_lambdas.report.kit.text import started_by


@dataclass(frozen=True)
class Revision:
    """The output of a source action: a commit, or a version of the dataset's manifest."""

    action: str
    id: str
    summary: str


@dataclass(frozen=True)
class ActionView:
    """An action; `status` is empty before it starts, `Waiting` while its approval is open."""

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
    """What the provider calls its work: a build's id, project:stream."""
    by: str = ""
    """Who answered an approval."""
    configuration: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    def seconds(self, now: datetime) -> float | None:
        """How long it ran, or has been running; None before it starts."""
        if self.started is None:
            return None
        end = now if self.status in {"InProgress", "Waiting"} or self.updated is None else self.updated
        return max((end - self.started).total_seconds(), 0.0)

    @property
    def failed(self) -> bool:
        return self.status in {"Failed", "Abandoned"}

    @property
    def evidence(self) -> str:
        """The address of the report for the approval; empty if the approval names none."""
        return _one_line(self.configuration.get("ExternalEntityLink", ""))

    @property
    def about(self) -> str:
        """The approval's own text: the verdict and the metrics. Code of a push has written it."""
        return _one_line(self.configuration.get("CustomData", ""))

    @property
    def log_group(self) -> str:
        """The action's log group; empty if it is not known."""
        if self.provider == "CodeBuild":
            return f"/aws/codebuild/{self.configuration.get('ProjectName', '')}"
        if self.provider != "Lambda":
            return ""
        if self._user_parameters().get("kind") == "training-job":
            return "/aws/sagemaker/TrainingJobs"
        function = function_of(self.configuration)
        return f"/aws/lambda/{function}" if function else ""

    @property
    def log_streams(self) -> str:
        """The prefix of the action's streams, in a log group with other writers; else empty."""
        if self.provider == "CodeBuild":
            # https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CloudWatchLogsConfig.html
            return self.external_id.rpartition(":")[2]
        parameters = self._user_parameters()
        if parameters.get("kind") != "training-job":
            return ""
        name = str(parameters["name"])
        return f"{name}-" if is_tuning_job(name) else f"{name}/"

    @property
    def training_job(self) -> str:
        """The training job that its function was told to deploy; empty if none."""
        name = self._user_parameters().get("training_job", "")
        return str(name) if "#{" not in str(name) else ""

    @property
    def environment(self) -> str:
        """The environment that its function was told to deploy to or to evaluate; empty if none."""
        return str(self._user_parameters().get("environment", ""))

    @property
    def rejected(self) -> bool:
        """Tell whether somebody rejected the approval; nobody answered one that timed out."""
        return self.provider == "Manual" and self.status == "Failed" and bool(self.by)

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
    overtaken: frozenset[str] = frozenset()
    """The stages that a later execution has entered since: there CodePipeline tries nothing again."""
    """The execution inside that stage whose approval is open, so that nothing moves before it is answered."""

    @property
    def short_id(self) -> str:
        return short_id(self.id)

    @property
    def state(self) -> str:
        """The status in a person's words: CodePipeline calls a rejected release Failed, a waiting one InProgress."""
        if self.status == "Failed" and self.failed_action is not None and self.failed_action.rejected:
            return "Rejected"
        return "Waiting" if self.status == "InProgress" and self.approval else self.status

    @property
    def training_job(self) -> str:
        """The job that trained its model, also for a release that only deploys it, as a rollback; empty if none."""
        told = (action.training_job for action in self.actions)
        # The wait tells the best job of a search, which the start did not know yet.
        reported = [action.variables.get("TrainingJobName", "") for action in reversed(self.actions)]
        return next((name for name in (*reported, *told) if name), "")

    @property
    def running(self) -> bool:
        return self.status in RUNNING

    @property
    def approval(self) -> ActionView | None:
        """The open approval."""
        return next((action for action in self.actions if action.status == "Waiting" and action.token), None)

    @property
    def failed_action(self) -> ActionView | None:
        """The first action that failed, in the pipeline's order."""
        return next((action for action in self.actions if action.failed), None)

    @property
    def under_way(self) -> ActionView | None:
        """The first action in progress; the log of its function shows first if it cannot answer."""
        return next((action for action in self.actions if action.status == "InProgress"), None)

    def failed_in(self, stage: str) -> list[ActionView]:
        """The actions of a stage that failed."""
        return [action for action in self.actions if action.stage == stage and action.failed]

    def log_name(self, action: ActionView) -> str:
        """The name of an action's log for `slipway logs`; empty if it has none."""
        if action.log_streams and action.provider == "Lambda":
            return f"training-job --run {self.short_id}"
        return action.log_group.rpartition("/")[2].removeprefix(f"{self.pipeline}-")

    def variable(self, name: str) -> str:
        """An output variable of the first action that has one of this name; empty if none has."""
        return next((action.variables[name] for action in self.actions if name in action.variables), "")

    @property
    def started(self) -> datetime | None:
        """The first action's start; None before it."""
        return min((action.started for action in self.actions if action.started), default=None)

    def seconds(self, now: datetime) -> float | None:
        """From the first action's start to the last one's end, or to now."""
        if self.started is None:
            return None
        ended = [action.updated for action in self.actions if action.updated]
        end = now if self.running or not ended else max(ended)
        return max((end - self.started).total_seconds(), 0.0)


def view_run(
    pipeline: Mapping[str, Any],
    execution: Mapping[str, Any],
    details: Iterable[Mapping[str, Any]],
    state: Mapping[str, Any],
) -> RunView:
    """Combine the answers of GetPipeline, GetPipelineExecution, ListActionExecutions and GetPipelineState."""
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
        trigger=trigger_text(execution.get("trigger", {}), str(pipeline["name"]), starting_execution(execution) or ""),
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
        overtaken=frozenset(
            stage["stageName"]
            for stage in state.get("stageStates", [])
            if stage.get("latestExecution", {}).get("pipelineExecutionId", run_id) != run_id
        ),
    )


def trigger_text(trigger: Mapping[str, Any], pipeline: str, workflow: str = "") -> str:
    """Say what started the execution; `workflow` is the ARN of a state machine's execution that did."""
    return started_by(str(trigger.get("triggerType", "")), str(trigger.get("triggerDetail", "")), pipeline, workflow)


def waiting_approvals(state: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return stage, action, token and execution id of each open approval."""
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
    """Map action execution ids to states, in the stages whose latest execution this is."""
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
        started=detail["startTime"],
        updated=detail.get("lastUpdateTime"),
        attempt=attempt,
        summary=_revision_summary(str(summary)),
        error_code=str(error.get("code", "")),
        error_message=str(error.get("message", "")),
        token=str(now.get("token", "")),
        external_id=str(result.get("externalExecutionId") or now.get("externalExecutionId") or ""),
        by=str(detail.get("updatedBy", "")) if provider == "Manual" else "",
        configuration=given.get("resolvedConfiguration") or given.get("configuration", {}),
        variables=output.get("outputVariables", {}),
    )


def _revision_summary(text: str) -> str:
    """Return the first line: a source's summary is the whole commit message, or a JSON document that contains it."""
    stripped = text.strip()
    return stripped.splitlines()[0] if stripped else ""


def _one_line(text: str) -> str:
    """Return a text in one line, so that what others wrote does not look like a next step."""
    return " ".join(text.split())


def _behind(state: Mapping[str, Any], run_id: str) -> str:
    held = {stage: execution for stage, _, _, execution in waiting_approvals(state)}
    return held.get(_waits_for(state, run_id), "")  # a closed transition is named with its reason, and holds anyhow


def _waits_for(state: Mapping[str, Any], run_id: str) -> str:
    for stage in state.get("stageStates", []):
        inbound = [stage.get("inboundExecution", {}), *stage.get("inboundExecutions", [])]
        if any(one.get("pipelineExecutionId") == run_id for one in inbound):
            transition = stage.get("inboundTransitionState", {})
            reason = _one_line(transition.get("disabledReason", "")) if transition.get("enabled") is False else ""
            return f"{stage['stageName']} ({reason})" if reason else str(stage["stageName"])
    return ""
