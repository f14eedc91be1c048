"""What EventBridge tells of releases: that one has ended, that its approval was answered.

https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.failures import ConfigurationError

EXECUTION = "CodePipeline Pipeline Execution State Change"
ACTION = "CodePipeline Action Execution State Change"
ENDS = {
    "SUCCEEDED": "Succeeded",
    "FAILED": "Failed",
    "STOPPED": "Stopped",
    "CANCELED": "Cancelled",
    "SUPERSEDED": "Superseded",
}
"""The states in which an execution ends, and how the API calls them."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An execution ended, with this status, at this time; on the last try nothing that is missing is waited for."""

    release: Release
    status: str
    at: datetime
    last_try: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The approval of an execution was answered, or its time ran out."""

    release: Release


def parse_event(event: Any, prefix: str) -> Ended | Answered:
    """Return what an event says; ConfigurationError if the rules of the pipeline `prefix` do not let it through.

    When all tries of an event have failed, Lambda tells so in an event of its own, which holds it: its last try.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    try:
        last_try = event["source"] == "lambda"
        if last_try:
            event = event["detail"]["requestPayload"]
        kind, detail = event["detail-type"], event["detail"]
        pipeline, execution_id, state = detail["pipeline"], detail["execution-id"], detail["state"]
        if pipeline == prefix and isinstance(execution_id, str):
            if kind == EXECUTION and state in ENDS:
                return Ended(
                    Release(prefix, execution_id), ENDS[state], datetime.fromisoformat(event["time"]), last_try
                )
            if kind == ACTION and detail["type"]["category"] == "Approval":
                return Answered(Release(prefix, execution_id))
    except (KeyError, TypeError, ValueError):
        pass
    raise ConfigurationError(
        f"The event tells neither that an execution of the pipeline {prefix} ended nor that its approval was answered: "
        "this function is to be the target of the rules that the template makes for it."
    )
