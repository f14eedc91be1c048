"""Results of jobs.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html
https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobFailureResult.html
"""

from __future__ import annotations

from typing import Any

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.runtime.outcome import Continue, Done, Failed

SUMMARY_LIMIT = 2048
MESSAGE_LIMIT = 5000
EXTERNAL_ID_LIMIT = 1500


def put_success(job_id: str, outcome: Done | Continue) -> None:
    """Report that the job succeeded or, with a continuation token, that it is still running."""
    request: dict[str, Any] = {"jobId": job_id}
    details: dict[str, Any] = {}
    if outcome.summary:
        details["summary"] = outcome.summary[:SUMMARY_LIMIT]
    if outcome.external_id:
        details["externalExecutionId"] = outcome.external_id[:EXTERNAL_ID_LIMIT]
    if isinstance(outcome, Continue):
        request["continuationToken"] = outcome.token
        details["percentComplete"] = outcome.percent
    elif outcome.variables:
        # Variables and a continuation token exclude each other.
        request["outputVariables"] = dict(outcome.variables)
    if details:
        request["executionDetails"] = details
    call(clients.client("codepipeline").put_job_success_result, **request)


def put_failure(job_id: str, outcome: Failed) -> None:
    """Report that the job failed; a message longer than the API allows is cut."""
    details = {"type": outcome.type, "message": _cut(outcome.message or outcome.type)}
    if outcome.external_id:
        details["externalExecutionId"] = outcome.external_id[:EXTERNAL_ID_LIMIT]
    call(clients.client("codepipeline").put_job_failure_result, jobId=job_id, failureDetails=details)


def _cut(message: str) -> str:
    return message if len(message) <= MESSAGE_LIMIT else message[: MESSAGE_LIMIT - 4] + " ..."
