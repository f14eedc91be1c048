"""Reads the actions of an execution, from ListActionExecutions or from a record.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionDetail.html
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline_lambdas.evidence import keys
from pipeline_lambdas.release.published import function_of, versions_of

Action = Mapping[str, Any]

SOURCE_STAGE = "Source"
EVALUATIONS = frozenset({"SmokeTest", "Evaluate"})
"""The actions that write an evaluation of what their stage has deployed."""
_APPROVALS = {"InProgress": "Waiting", "Succeeded": "Approved", "Abandoned": "Abandoned"}


@dataclass(frozen=True, slots=True)
class Console:
    """The address of a console that answers the paths of AWS's, such as https://us-east-1.console.aws.amazon.com.

    It is empty for readers without access to one.
    """

    address: str
    region: str

    def log(self, group: str) -> str | None:
        """Return the address of a log group; the console encodes its name twice, with `%` as `$`."""
        if not self.address:
            return None
        encoded = group.replace("/", "$252F")
        return f"{self.address}/cloudwatch/home?region={self.region}#logsV2:log-groups/log-group/{encoded}"

    def usable(self, address: str | None) -> str | None:
        """Return an address; None if it leads to a console that readers cannot use."""
        if not address or self.address:
            return address
        host = re.match(r"https?://([^/?#:]*)", address, re.IGNORECASE)
        return None if host and "console" in host[1].lower().split(".") else address


@dataclass(frozen=True, slots=True)
class Location:
    """The bucket and the key of an artifact."""

    bucket: str
    key: str


def moment(time: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def action_documents(actions: Sequence[Action], console: Console) -> list[dict[str, Any]]:
    """Return a record's `actions`: every attempt, the oldest first."""
    attempts: Counter[tuple[str, str]] = Counter()
    documents = []
    for action in actions:
        attempts[action["stageName"], action["actionName"]] += 1
        documents.append(_document(action, attempts[action["stageName"], action["actionName"]], console))
    return documents


def variables_of(actions: Sequence[Action], name: str, stage: str | None = None) -> dict[str, str]:
    """Return the output variables of an action's newest attempt that has some; empty if none has."""
    for action in reversed(actions):
        if action["actionName"] == name and stage in {None, action["stageName"]}:
            variables = (action.get("output") or {}).get("outputVariables")
            if variables:
                return dict(variables)
    return {}


def evaluation_version(actions: Sequence[Action], environment: str, uri: str) -> str | None:
    """Return the version of an environment's evaluation that the newest attempt reports; None if none reports one.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionResult.html
    """
    for action in reversed(actions):
        if action["stageName"] == stage_of(environment):
            output = action.get("output") or {}
            external_id = (output.get("executionResult") or {}).get("externalExecutionId")
            version = reported_version(output.get("outputVariables") or {}, external_id or "", uri)
            if version:
                return version
    return None


def reported_version(variables: Mapping[str, str], external_id: str, uri: str) -> str | None:
    """Return the version of the evaluation at `uri` that an action reports; a failed action has no output variables."""
    if variables.get("ReportUri") == uri and variables.get("ReportVersionId"):
        return variables["ReportVersionId"]
    return keys.version_of(external_id, uri)


def stage_of(environment: str) -> str:
    """Return the stage that deploys to an environment and evaluates its endpoint."""
    return f"Deploy{environment.capitalize()}"


def functions_of(actions: Sequence[Action]) -> list[dict[str, str]]:
    """Return a record's `functions`: the versions that the release runs, or would have run.

    The versions that are published after the approval belong to them once they exist.
    """
    published = [*versions_of(variables_of(actions, "Publish")), *versions_of(variables_of(actions, "PublishApproved"))]
    return sorted(published, key=lambda function: function["name"])


def parameter_of(actions: Sequence[Action], name: str) -> str | None:
    """Return the newest value of a parameter that a function received, with its variables resolved.

    A rollback runs without the actions that produced the values.
    """
    for action in reversed(actions):
        text = (action["input"].get("resolvedConfiguration") or {}).get("UserParameters")
        try:
            value = json.loads(text or "{}").get(name)
        except ValueError:
            continue
        if isinstance(value, str) and value and "#{" not in value:
            return value
    return None


def trained_job(actions: Sequence[Action]) -> str | None:
    """Return the training job of a release; the tuning job, until one of its training jobs is the best."""
    for action in ("WaitForTraining", "StartTraining"):
        name = variables_of(actions, action).get("TrainingJobName")
        if name:
            return name
    return parameter_of(actions, "training_job")


def repository_of(actions: Sequence[Action], name: str) -> str | None:
    """Return the CodeCommit repository of a source action; None for another provider."""
    for action in reversed(actions):
        if action["actionName"] == name and action["input"]["actionTypeId"]["provider"] == "CodeCommit":
            repository: str | None = (action["input"].get("configuration") or {}).get("RepositoryName")
            return repository
    return None


def artifact_of(actions: Sequence[Action], name: str) -> Location | None:
    """Return the location of an artifact that an action of this execution wrote or read; None if none did."""
    for action in actions:
        made, read = (action.get("output") or {}).get("outputArtifacts"), action["input"].get("inputArtifacts")
        for artifact in [*(made or ()), *(read or ())]:
            place = artifact.get("s3location")
            if artifact["name"] == name and place:
                return Location(place["bucket"], place["key"])
    return None


def approval_of(actions: Sequence[Action]) -> dict[str, Any] | None:
    """Return the newest answer to the approval, None before the pipeline asks for it.

    A failed approval without an answer has timed out.
    """
    asked = [action for action in actions if action["input"]["actionTypeId"]["category"] == "Approval"]
    if not asked:
        return None
    action = asked[-1]
    status, by = action["status"], action.get("updatedBy")
    result = action.get("output", {}).get("executionResult") or {}
    answered = status == "Succeeded" or (status == "Failed" and bool(by))
    return {
        "status": _APPROVALS.get(status) or ("Rejected" if by else "Expired"),
        "by": by if answered else None,
        "reason": (result.get("externalExecutionSummary") or "") if answered else "",
        "at": moment(action["lastUpdateTime"]) if status != "InProgress" else None,
    }


def _document(action: Action, attempt: int, console: Console) -> dict[str, Any]:
    kind, result = action["input"]["actionTypeId"], (action.get("output") or {}).get("executionResult") or {}
    error = result.get("errorDetails") or {}
    over = action["status"] != "InProgress"
    started, ended = action["startTime"], action.get("lastUpdateTime")
    group = _log_group(action)
    address = console.log(group) if group and kind["provider"] == "Lambda" else result.get("externalExecutionUrl")
    return {
        "stage": action["stageName"],
        "action": action["actionName"],
        "provider": kind["provider"],
        "status": action["status"],
        "attempt": attempt,
        "started": moment(started),
        "ended": moment(ended) if over else None,
        "seconds": round((ended - started).total_seconds(), 3) if over and ended else None,
        "summary": result.get("externalExecutionSummary") or "",
        "error_code": error.get("code"),
        "error_message": error.get("message"),
        "log_url": console.usable(address),
        "log_group": group,
    }


def _log_group(action: Action) -> str | None:
    """Return the log group of an action; None if it is not known."""
    configuration = action["input"].get("configuration") or {}
    function, project = function_of(configuration), configuration.get("ProjectName")
    if function:
        return f"/aws/lambda/{function}"
    return f"/aws/codebuild/{project}" if project else None
