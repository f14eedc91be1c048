"""Runs one job: the only place that gives CodePipeline a result, and the only broad `except`.

An action whose function gives no result hangs until it times out
(https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html), so every error is reported as
a failure. If the report itself fails, the error is raised: Lambda repeats the event, and after the last try invokes the
function settle-job.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from pipeline_lambdas.aws import codepipeline
from pipeline_lambdas.runtime.failures import AwsRequestError, JobError
from pipeline_lambdas.runtime.job import Job, job_id, parse_job
from pipeline_lambdas.runtime.outcome import Continue, Done, Failed, Outcome

SETTLED = frozenset({"InvalidJobStateException", "JobNotFoundException"})
"""What a repeated delivery of an event is told, or a repeat of a report whose answer was lost: the job has a result."""


class LambdaContext(Protocol):
    """The part of the context object that is used.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


def run_job(event: Any, context: LambdaContext, action: Callable[[Job], Outcome]) -> None:
    """Parse the event, run `action` and give CodePipeline its outcome.

    Raises only when there is no job to report to (ConfigurationError) or the report itself is refused.
    """
    started = time.monotonic()
    record: dict[str, Any] = {"job_id": job_id(event), "request_id": context.aws_request_id}
    redact: Callable[[str], str] = str
    try:
        try:
            job = parse_job(event)
            redact = job.credentials.redact
            record |= {
                "function_name": job.function_name,
                "user_parameters": job.user_parameters,
                "continued": job.continuation_token is not None,
            }
            outcome = action(job)
        except JobError as error:
            outcome = Failed(error.failure_type, redact(str(error)), error.external_id)
        except Exception as error:  # noqa: BLE001 - without a result the action would hang for 20 minutes
            outcome, record["traceback"] = _unexpected(error, context, redact)
        _report(record, outcome)
    finally:
        record["seconds"] = round(time.monotonic() - started, 3)
        sys.stdout.write(redact(json.dumps(record, default=str)) + "\n")


def _unexpected(error: Exception, context: LambdaContext, redact: Callable[[str], str]) -> tuple[Failed, str]:
    # Formatting needs a module that no other path does.
    import traceback  # noqa: PLC0415

    message = (
        f"{type(error).__name__}: {error}. This is a bug in the function; its log has the details under "
        f"request id {context.aws_request_id}."
    )
    return Failed("JobFailed", redact(message)), "".join(traceback.format_exception(error))


def _report(record: dict[str, Any], outcome: Outcome) -> None:
    try:
        try:
            _put(record, outcome)
        except AwsRequestError as error:
            if error.code in SETTLED or isinstance(outcome, Failed):
                raise
            # CodePipeline refused the success itself, for instance for the size of its variables.
            _put(record, Failed("JobFailed", f"The work is done, but its result was refused: {error}"))
    except AwsRequestError as error:
        if error.code not in SETTLED:
            record["report_error"] = str(error)
            raise
        record["already_settled"] = error.code
    except JobError as error:
        record["report_error"] = str(error)
        raise


def _put(record: dict[str, Any], outcome: Outcome) -> None:
    match outcome:
        case Done():
            record |= {"outcome": "succeeded", "summary": outcome.summary, "variables": dict(outcome.variables)}
            codepipeline.put_success(record["job_id"], outcome)
        case Continue():
            record |= {"outcome": "in progress", "summary": outcome.summary, "percent": outcome.percent}
            codepipeline.put_success(record["job_id"], outcome)
        case Failed():
            record |= {"outcome": "failed", "type": outcome.type, "message": outcome.message}
            codepipeline.put_failure(record["job_id"], outcome)
