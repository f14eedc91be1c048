"""Invoke action of Lambda: the function gets a job and reports PutJobSuccessResult or PutJobFailureResult.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html

The function writes the output artifacts, and nobody checks that it has: the action that reads a missing one fails
(https://github.com/stelligent/cfn_nag/issues/134).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from local_aws.codepipeline.actions.artifacts import session_policy
from local_aws.codepipeline.actions.contract import (
    ActionError,
    Failed,
    Outcome,
    Provider,
    Tools,
    Work,
)
from local_aws.codepipeline.definition.rules import Rules
from local_aws.codepipeline.state.records import WAITING, ActionRecord, ArtifactRecord, JobRecord
from local_aws.settings import ACCOUNT

QUEUED, IN_PROGRESS, ENDED, TIMED_OUT = "Queued", "InProgress", "Ended", "TimedOut"
"""States of a job: waiting for its invocation, invoked, answered, not answered in time."""

ANSWER_TIMEOUT_S = 20 * 60
ACTION_TIMEOUT_S = 24 * 60 * 60
"""Each invocation and the action as a whole (https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html)."""
FIRST_CONTINUATION_S = 0.2
LAST_CONTINUATION_S = 1.0
"""AWS documents no figure for the pause before a function is invoked with its continuation token; about 30 seconds have
been observed. Here it doubles from the first to the last of these; a poll costs nothing."""


def continuation_delay_s(polls: int) -> float:
    """The pause before the next invocation, after `polls` earlier ones."""
    return float(min(FIRST_CONTINUATION_S * 2 ** min(polls, 10), LAST_CONTINUATION_S))


class LambdaInvoke(Provider):
    rules = Rules(
        inputs=(0, 5),
        outputs=(0, 5),
        required=frozenset({"FunctionName"}),
        optional=frozenset({"UserParameters"}),
    )

    def start(self, work: Work) -> Outcome:
        """Create the first job of the action and invoke the function with it."""
        now = self.tools.now()
        job = record_job(self.tools, work.record, due=now + ANSWER_TIMEOUT_S, status=IN_PROGRESS)
        return self._invoke(work, job)

    def resume(self, work: Work) -> Outcome:
        """After a restart, invoke the function again with the job that it has not answered.

        Lambda's own retries of asynchronous invocations do the same, so functions must be able to handle it.
        """
        job = self.tools.state.latest_job(work.record.id)
        if job is None:
            return self.start(work)
        # The clock may have been set while nothing ran: no job waits longer than one created now.
        longest_s = ANSWER_TIMEOUT_S if job.status == IN_PROGRESS else LAST_CONTINUATION_S
        job = replace(job, due=min(job.due, self.tools.now() + longest_s))
        self.tools.state.update_job(job.id, due=job.due)
        self.tools.state.update_action(work.record.id, due=min(job.due, work.record.started + ACTION_TIMEOUT_S))
        return self._invoke(work, job) if job.status == IN_PROGRESS else None

    def due(self, work: Work) -> Outcome:
        """Invoke the function with its continuation token, or fail the action if it has not answered in time."""
        state, now = self.tools.state, self.tools.now()
        limit = work.record.started + ACTION_TIMEOUT_S
        with state.transaction():
            job = state.latest_job(work.record.id)
            if job is None or job.status not in (QUEUED, IN_PROGRESS):
                return None
            if now < min(job.due, limit):
                state.update_action(work.record.id, due=min(job.due, limit))
                return None
            if now >= limit or job.status == IN_PROGRESS:
                state.update_job(job.id, status=TIMED_OUT)
                return Failed("JobFailed", _timeout_text(work, late=now >= limit))
            due = now + ANSWER_TIMEOUT_S
            state.update_job(job.id, status=IN_PROGRESS, due=due)
            if not state.update_action(work.record.id, due=min(due, limit)):
                return None
        return self._invoke(work, job)

    def _invoke(self, work: Work, job: JobRecord) -> Outcome:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

        function = work.configuration["FunctionName"]
        event = {"CodePipeline.job": {"id": job.id, "accountId": ACCOUNT, "data": self._data(work, job)}}
        try:
            self.tools.client("lambda", work).invoke(
                FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode()
            )
        except ClientError as error:
            # AWS documents neither code nor text for a function that cannot be invoked.
            self.tools.state.update_job(job.id, status=ENDED)
            cause = error.response["Error"]
            denied = "AccessDenied" in cause["Code"]
            raise ActionError(
                "PermissionError" if denied else "ConfigurationError",
                f"The AWS Lambda function {function} could not be invoked: {cause['Code']}: {cause['Message']}",
            ) from None
        return None

    def _data(self, work: Work, job: JobRecord) -> dict[str, Any]:
        """`data` of the event: as GetJobDetails shows it, without action type and pipeline context."""
        data = job_data(work, job)
        credentials = self.tools.credentials(work, session_policy(work, self.tools.region))
        data["artifactCredentials"] = {
            "accessKeyId": credentials.access_key_id,
            "secretAccessKey": credentials.secret_access_key,
            "sessionToken": credentials.session_token,
        }
        return data


def record_job(
    tools: Tools,
    record: ActionRecord,
    *,
    due: float,
    status: str,
    polls: int = 0,
    continuation: str | None = None,
) -> JobRecord:
    """Record a job, and schedule its action for when the job is due."""
    job_id = tools.new_id()
    with tools.state.transaction():
        tools.state.insert(
            "jobs", id=job_id, action=record.id, status=status, due=due, polls=polls, continuation=continuation
        )
        tools.state.update_action(record.id, phase=WAITING, due=min(due, record.started + ACTION_TIMEOUT_S))
    return JobRecord(0, job_id, record.id, status, due, polls, continuation)


def _timeout_text(work: Work, *, late: bool) -> str:
    """The second text is AWS's; its text after 24 hours is not documented."""
    if late:
        return f"The action {work.action.name} has not ended within 24 hours."
    return (
        f"The AWS Lambda function {work.configuration['FunctionName']} failed to return a result. Check the function "
        "to verify that it has permission to call the PutJobSuccessResult action and that it made a call to "
        "PutJobSuccessResult."
    )


def job_data(work: Work, job: JobRecord) -> dict[str, Any]:
    """A job's configuration, artifacts, continuation token and key; the credentials are the caller's to add."""
    data: dict[str, Any] = {
        "actionConfiguration": {"configuration": dict(work.configuration)},
        "inputArtifacts": [_artifact(artifact) for artifact in work.inputs],
        "outputArtifacts": [_artifact(artifact) for artifact in work.outputs],
    }
    if job.continuation is not None:
        data["continuationToken"] = job.continuation
    if work.pipeline.store.key_id:
        data["encryptionKey"] = {"id": work.pipeline.store.key_id, "type": "KMS"}
    return data


def _artifact(artifact: ArtifactRecord) -> Mapping[str, Any]:
    return {
        "name": artifact.name,
        "revision": artifact.revision.id if artifact.revision else None,
        "location": {"type": "S3", "s3Location": {"bucketName": artifact.bucket, "objectKey": artifact.key}},
    }
