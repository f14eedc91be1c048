"""The events that EventBridge sends about a release: its end, and the answer to its approval.

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
"""The states in which an execution ends, with the status that the API gives each."""
ENDED = frozenset(ENDS.values())
"""The statuses of an execution that has ended."""
RUNNING = frozenset({"InProgress", "Stopping"})
"""The statuses of an execution that has not:
https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecutionSummary.html"""
_ADVICE = "Let only the rules that the template makes for this function invoke it."


@dataclass(frozen=True, slots=True)
class Ended:
    """An execution ended, with this status, at this time; `last_try` if Lambda will not repeat the event."""

    release: Release
    status: str
    at: datetime
    last_try: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The approval of an execution was answered, or its time ran out."""

    release: Release


def parse_event(event: Any, prefix: str) -> Ended | Answered:
    """Return what an event reports; ConfigurationError if the rules of the pipeline `prefix` do not match it.

    After the last failed try of an event, Lambda sends an event of its own that contains it.
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
        f"The event reports neither the end of an execution of the pipeline {prefix} nor an answer to its approval. "
        f"{_ADVICE}"
    )


def parse_end(event: Any, prefix: str) -> Ended:
    """Return the end that an event reports; ConfigurationError if it reports anything else."""
    parsed = parse_event(event, prefix)
    if not isinstance(parsed, Ended):
        raise ConfigurationError(
            f"The event does not report the end of an execution of the pipeline {prefix}. {_ADVICE}"
        )
    return parsed
