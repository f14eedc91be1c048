"""What a state called, and the pages of the jobs, functions and executions that it started.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slipway.console.shell import at
from slipway.console.workflows.names import execution_address
from slipway.session import Session

_JOBS = {
    "TrainingJobName": "training",
    "HyperParameterTuningJobName": "tuning",
    "ProcessingJobName": "processing",
    "TransformJobName": "transform",
}
_BEGINS = frozenset({"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled", "MapRunStarted"})
_ENDS = {"Succeeded": "succeeded", "Failed": "failed", "TimedOut": "failed"}
Event = Mapping[str, Any]


@dataclass(slots=True)
class Call:
    """One attempt of a task: what was called, how it went, and where that leads to; events by their numbers."""

    what: str
    began: datetime
    asked: int
    status: str = "running"
    ended: datetime | None = None
    answered: int = 0
    error: str = ""
    cause: str = ""
    links: dict[str, str] = field(default_factory=dict)


def calls(session: Session, events: Iterable[Event]) -> list[Call]:
    """Return the attempts that the events of one visit tell of, which have their data."""
    found: list[Call] = []
    for event in events:
        kind, details = str(event["type"]), details_of(event)
        if kind in _BEGINS:
            found.append(Call(_what(kind, details), event["timestamp"], int(event["id"])))
        if not found:
            continue
        last = found[-1]
        last.links |= dict(_links(session, details))
        ended = next((status for ending, status in _ENDS.items() if kind.endswith(ending)), "")
        if ended:
            last.status, last.ended = ended, event["timestamp"]
            last.error, last.cause = str(details.get("error", "")), str(details.get("cause", ""))
        if "output" in details:
            last.answered = int(event["id"])
    return found


def _what(kind: str, details: Mapping[str, Any]) -> str:
    if kind.startswith("MapRun"):
        return "Map Run"
    service = details.get("resourceType", "lambda" if kind.startswith("Lambda") else "activity")
    return f"{service} {str(details.get('resource', '')).rpartition(':function:')[2]}"


def details_of(event: Event) -> Mapping[str, Any]:
    """Return what an event tells beyond its type."""
    return next((one for key, one in event.items() if key.endswith("Details") and isinstance(one, dict)), {})


def _links(session: Session, details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    service = str(details.get("resourceType", ""))
    told = {**_object(details.get("parameters")), **_object(details.get("output"))}
    if service.endswith("sagemaker"):
        yield from _of_sagemaker(told)
    elif service.endswith("lambda") and isinstance(told.get("FunctionName"), str):
        yield _function(told["FunctionName"])
    elif service.endswith(("states", "sfn")) and str(told.get("ExecutionArn", "")).count(":") >= 7:
        yield f"execution {told['ExecutionArn'].split(':')[7]}", execution_address(session, told["ExecutionArn"])
    elif service.endswith("codebuild") and isinstance(told.get("ProjectName"), str):
        yield f"logs of {told['ProjectName']}", at("logs", group=f"/aws/codebuild/{told['ProjectName']}")
    elif service.endswith("s3") and isinstance(told.get("Bucket"), str):
        yield from _of_bucket(told["Bucket"], told.get("Key"))
    elif ":function:" in str(details.get("resource", "")):
        yield _function(str(details["resource"]))


def _of_sagemaker(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, kind in _JOBS.items():
        if isinstance(told.get(key), str):
            yield f"{kind} job {told[key]}", at("jobs", kind, told[key])
    if isinstance(told.get("EndpointName"), str):
        yield f"endpoint {told['EndpointName']}", at("endpoints", told["EndpointName"])


def _of_bucket(bucket: str, key: Any) -> Iterator[tuple[str, str]]:
    if isinstance(key, str):
        yield f"object {key}", at("buckets", bucket, "object", key=key)
    else:
        yield f"bucket {bucket}", at("buckets", bucket)


def _function(given: str) -> tuple[str, str]:
    """The logs of a function, which is named by its name, its ARN, or a part of it, with or without a version."""
    name = given.rpartition(":function:")[2].partition(":")[0]
    return f"logs of {name}", at("logs", group=f"/aws/lambda/{name}")


def _object(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
