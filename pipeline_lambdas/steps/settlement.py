"""Reports a result for a job whose function gave none, after all retries: it timed out, ran out of memory or crashed.

Lambda sends the record of such an invocation to the function's on-failure destination:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline_lambdas.aws import codepipeline
from pipeline_lambdas.runtime.credentials import Credentials
from pipeline_lambdas.runtime.failures import AwsRequestError, ConfigurationError, FailureType
from pipeline_lambdas.runtime.job import EVENT_KEY, job_id, parse_job
from pipeline_lambdas.runtime.outcome import Failed
from pipeline_lambdas.runtime.runner import SETTLED

_TIMED_OUT = re.compile(r"Task timed out after ([0-9.]+) seconds")
_MEMORY = re.compile(r"OutOfMemory|out of memory|MemoryError", re.IGNORECASE)
_KILLED = re.compile(r"Runtime\.ExitError|Runtime exited|signal: \w+")
_TOO_OLD = "EventAgeExceeded"
_MOST_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An invocation that Lambda gave up; `event` may contain a job's credentials, and is in no repr."""

    function_arn: str
    request_id: str
    attempts: int
    too_old: bool
    error_type: str
    error_message: str
    event: Mapping[str, Any] = field(repr=False)

    @property
    def function(self) -> str:
        """The function's name; the ARN ends in a version or in $LATEST."""
        return self.function_arn.split(":")[6]

    @property
    def job(self) -> str:
        return job_id(self.event)


def parse_record(record: Any, prefix: str) -> Unanswered:
    """Parse the record of a job's invocation; ConfigurationError, without a value of it, if it is not of `prefix`."""
    try:
        context, event = record["requestContext"], record["requestPayload"]
        answer = record.get("responsePayload")
        told = answer if isinstance(answer, Mapping) else {}
        found = Unanswered(
            function_arn=context["functionArn"],
            request_id=context["requestId"],
            attempts=int(context.get("approximateInvokeCount", 1)),
            too_old=context["condition"] == _TOO_OLD,
            error_type=str(told.get("errorType", "")),
            error_message=str(told.get("errorMessage", "")),
            event=event,
        )
        if found.function.startswith(f"{prefix}-") and isinstance(event, Mapping) and EVENT_KEY in event:
            return found
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        pass
    raise ConfigurationError(
        "The event is not the record of a failed invocation by an action. Use this function only as on-failure "
        "destination of the functions that the pipeline's actions invoke."
    )


def settle(unanswered: Unanswered) -> dict[str, Any]:
    """Fail the job, unless it has a result. Returns what was done, for the log; raises JobError if the call fails."""
    outcome = failure(unanswered)
    done = {
        "function_name": unanswered.function,
        "attempts": unanswered.attempts,
        "message": outcome.message,
        "job_id": unanswered.job,
        "type": outcome.type,
    }
    try:
        codepipeline.put_failure(unanswered.job, outcome)
    except AwsRequestError as error:
        if error.code not in SETTLED:
            raise
        return {**done, "already_settled": error.code}
    return {**done, "outcome": "failed"}


def failure(unanswered: Unanswered) -> Failed:
    """Return the result for the job of an unanswered invocation."""
    kind, what = _what_happened(unanswered)
    tries = "" if unanswered.attempts == 1 else f" in {unanswered.attempts} attempts"
    message = (
        f"Function {unanswered.function} gave no result{tries}: {what}. Its log: /aws/lambda/{unanswered.function}, "
        f"request id {unanswered.request_id}."
    )
    return Failed(kind, _credentials(unanswered).redact(message), unanswered.request_id)


def _what_happened(unanswered: Unanswered) -> tuple[FailureType, str]:
    text = f"{unanswered.error_type} {unanswered.error_message}"
    timed_out = _TIMED_OUT.search(text)
    if timed_out:
        return "JobFailed", f"its time ran out, {float(timed_out[1]):g} s"
    if _MEMORY.search(text):
        return "JobFailed", "its memory ran out"
    if _KILLED.search(text):
        return "SystemUnavailable", (
            f"its process ended in the middle of its work ({_shortened(unanswered.error_message)}), as it does when "
            "its memory runs out"
        )
    if unanswered.too_old:
        return "SystemUnavailable", "Lambda could not run it in time"
    return "SystemUnavailable", _shortened(text) or "Lambda gives no reason"


def _credentials(unanswered: Unanswered) -> Credentials:
    try:
        return parse_job(unanswered.event).credentials
    except ConfigurationError:
        return Credentials("", "", "")


def _shortened(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]} ..."
