"""The actions of an execution, as ListActionExecutions tells them and as a record keeps them.

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
    """Where AWS's console is, such as us-east-1.console.aws.amazon.com; empty for readers who have no use for it."""

    host: str
    region: str

    def log(self, group: str) -> str | None:
        """Return the address of a log group; the console takes its name encoded twice, `%` as `$`."""
        if not self.host:
            return None
        encoded = group.replace("/", "$252F")
        return f"https://{self.host}/cloudwatch/home?region={self.region}#logsV2:log-groups/log-group/{encoded}"

    def usable(self, address: str | None) -> str | None:
        """Return an address unless it leads to a console that readers have no use for."""
        if not address or self.host:
            return address
        host = re.match(r"https?://([^/?#:]*)", address, re.IGNORECASE)
        return None if host and "console" in host[1].lower().split(".") else address


@dataclass(frozen=True, slots=True)
class Location:
    """Where an artifact lies."""

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
    """Return the output variables of the newest attempt at an action that has some; empty if there is none."""
    for action in reversed(actions):
        if action["actionName"] == name and stage in {None, action["stageName"]}:
            variables = (action.get("output") or {}).get("outputVariables")
            if variables:
                return dict(variables)
    return {}


def evaluation_version(actions: Sequence[Action], environment: str, uri: str) -> str | None:
    """Return the version of an environment's evaluation that the newest attempt which wrote one has told; None without.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionResult.html
    """
    for action in reversed(actions):
        if action["stageName"] == stage_of(environment):
            output = action.get("output") or {}
            external_id = (output.get("executionResult") or {}).get("externalExecutionId")
            version = version_told(output.get("outputVariables") or {}, external_id or "", uri)
            if version:
                return version
    return None


def version_told(variables: Mapping[str, str], external_id: str, uri: str) -> str | None:
    """Return the version of the evaluation at `uri` that an action tells; one that fails has no output variables."""
    if variables.get("ReportUri") == uri and variables.get("ReportVersionId"):
        return variables["ReportVersionId"]
    return keys.version_of(external_id, uri)


def stage_of(environment: str) -> str:
    """Return the stage that deploys to an environment, and evaluates what answers there."""
    return f"Deploy{environment.capitalize()}"


def functions_of(actions: Sequence[Action]) -> list[dict[str, str]]:
    """Return a record's `functions`: the versions that the release ran, or would have run.

    Those that are published once it is approved are among them from then on.
    """
    published = [*versions_of(variables_of(actions, "Publish")), *versions_of(variables_of(actions, "PublishApproved"))]
    return sorted(published, key=lambda function: function["name"])


def parameter_of(actions: Sequence[Action], name: str) -> str | None:
    """Return the newest value that some function was given for a parameter, its variables replaced.

    A rolled back execution runs without the actions that made the values.
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


def repository_of(actions: Sequence[Action], name: str) -> str | None:
    """Return the CodeCommit repository that a source action reads; None if it reads anything else."""
    for action in reversed(actions):
        if action["actionName"] == name and action["input"]["actionTypeId"]["provider"] == "CodeCommit":
            repository: str | None = (action["input"].get("configuration") or {}).get("RepositoryName")
            return repository
    return None


def artifact_of(actions: Sequence[Action], name: str) -> Location | None:
    """Return where an artifact lies, whether an action of this execution made it or only reads it."""
    for action in actions:
        made, read = (action.get("output") or {}).get("outputArtifacts"), action["input"].get("inputArtifacts")
        for artifact in [*(made or ()), *(read or ())]:
            place = artifact.get("s3location")
            if artifact["name"] == name and place:
                return Location(place["bucket"], place["key"])
    return None


def approval_of(actions: Sequence[Action]) -> dict[str, Any] | None:
    """Return the newest answer to the approval, None before it is asked for.

    A failed one that nobody answered has run out of time.
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
    """Return where an action's work is logged; None if nowhere that is known."""
    configuration = action["input"].get("configuration") or {}
    function, project = function_of(configuration), configuration.get("ProjectName")
    if function:
        return f"/aws/lambda/{function}"
    return f"/aws/codebuild/{project}" if project else None
