"""The results that actions wait for: of jobs and of manual approvals."""

from __future__ import annotations

from typing import Any

from local_aws.codepipeline.actions.artifacts import session_policy
from local_aws.codepipeline.actions.contract import Failed, Succeeded, Tools
from local_aws.codepipeline.actions.lambda_invoke import (
    ENDED,
    IN_PROGRESS,
    QUEUED,
    continuation_delay_s,
    job_data,
    record_job,
)
from local_aws.codepipeline.definition import variables
from local_aws.codepipeline.definition.model import Action, pipeline_arn
from local_aws.codepipeline.execution.changes import Changes, find_action
from local_aws.codepipeline.execution.engine import Engine
from local_aws.codepipeline.operations.lookup import find_pipeline, find_stage, moment
from local_aws.codepipeline.state.records import ActionRecord, JobRecord, Revision
from local_aws.settings import ACCOUNT
from local_aws.wire import AwsError, Caller

Document = dict[str, Any]


class Answers:
    """PutJobSuccessResult, PutJobFailureResult, GetJobDetails and PutApprovalResult."""

    def __init__(self, tools: Tools, changes: Changes, engine: Engine) -> None:
        """Keep the parts."""
        self._tools, self._state, self._changes, self._engine = tools, tools.state, changes, engine

    def job_success(self, _caller: Caller, request: Document) -> None:
        """PutJobSuccessResult: ends the action, or schedules another invocation with the continuation token.

        https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html
        """
        _check_output_variables(request)
        with self._state.transaction():
            job, record = self._open_job(request["jobId"])
            self._state.update_job(job.id, status=ENDED)
            reported = self._reported(request, record)
            if "continuationToken" in request:
                self._state.update_action(record.id, updated=self._tools.now(), **reported)
                self._continue(job, record, request["continuationToken"])
            else:
                self._succeed(record, request.get("outputVariables", {}), reported)
        self._engine.wake(record.pipeline)

    def _continue(self, job: JobRecord, record: ActionRecord, token: str) -> None:
        due = self._tools.now() + continuation_delay_s(job.polls)
        record_job(self._tools, record, due=due, status=QUEUED, polls=job.polls + 1, continuation=token)

    def _succeed(self, record: ActionRecord, output_variables: dict[str, str], reported: Document) -> None:
        outcome = Succeeded(
            output_variables, reported["revision"], reported["summary"], reported["external_id"], record.external_url
        )
        self._state.update_action(record.id, percent=reported["percent"])
        self._changes.end_action(self._action(record), record, outcome)

    def _reported(self, request: Document, record: ActionRecord) -> Document:
        """The columns that executionDetails and currentRevision set; the others stay as they are."""
        details, revision = request.get("executionDetails", {}), request.get("currentRevision")
        found = record.revision
        if revision is not None:
            created = revision["created"].timestamp() if "created" in revision else self._tools.now()
            summary = revision.get("revisionSummary", "")
            found = Revision(revision["revision"], revision["changeIdentifier"], summary, created)
        return {
            "summary": details.get("summary", record.summary),
            "external_id": details.get("externalExecutionId", record.external_id),
            "percent": details.get("percentComplete", record.percent),
            "revision": found,
        }

    def job_failure(self, _caller: Caller, request: Document) -> None:
        """PutJobFailureResult."""
        details = request["failureDetails"]
        with self._state.transaction():
            job, record = self._open_job(request["jobId"])
            self._state.update_job(job.id, status=ENDED)
            failed = Failed(details["type"], details["message"], details.get("externalExecutionId"), record.summary)
            self._changes.end_action(self._action(record), record, failed)
        self._engine.wake(record.pipeline)

    def job_details(self, _caller: Caller, request: Document) -> Document:
        """GetJobDetails, with new credentials for the artifacts."""
        job, record = self._job(request["jobId"])
        work = self._engine.work(record)
        credentials = self._tools.credentials(work, session_policy(work, self._tools.region))
        data = {
            **job_data(work, job),
            "actionTypeId": vars(work.action.type),
            "pipelineContext": {
                "pipelineName": record.pipeline,
                "stage": {"name": record.stage},
                "action": {"name": record.action, "actionExecutionId": record.id},
                "pipelineArn": pipeline_arn(self._tools.region, record.pipeline),
                "pipelineExecutionId": record.execution,
            },
            "artifactCredentials": {
                "accessKeyId": credentials.access_key_id,
                "secretAccessKey": credentials.secret_access_key,
                "sessionToken": credentials.session_token,
            },
        }
        return {"jobDetails": {"id": job.id, "data": data, "accountId": ACCOUNT}}

    def approval(self, caller: Caller, request: Document) -> Document:
        """PutApprovalResult.

        AWS documents two errors for a token that is no longer open, not when each applies. Here it is
        ApprovalAlreadyCompletedException after an answer, InvalidApprovalTokenException otherwise.
        """
        pipeline, stage, name = request["pipelineName"], request["stageName"], request["actionName"]
        with self._state.transaction():
            self._check_names(pipeline, stage, name)
            record = self._state.action_of_token(pipeline, stage, name, request["token"])
            if record is None or (record.status != IN_PROGRESS and record.updated_by is None):
                raise AwsError("InvalidApprovalTokenException", "The token is unknown or has expired.")
            if record.status != IN_PROGRESS:
                raise AwsError("ApprovalAlreadyCompletedException", f"The approval of '{name}' is already answered.")
            self._answer(caller, record, request["result"])
        self._engine.wake(pipeline)
        return {"approvedAt": moment(self._tools.now())}

    def _answer(self, caller: Caller, record: ActionRecord, result: Document) -> None:
        summary = result["summary"] or None
        outcome: Succeeded | Failed = Succeeded(summary=summary)
        if result["status"] == "Rejected":
            reason = f": {summary}" if summary else "."
            outcome = Failed("JobFailed", f"Rejected by {caller.arn}{reason}", summary=summary)
        self._changes.end_action(self._action(record), record, outcome, updated_by=caller.arn)

    def _check_names(self, pipeline: str, stage: str, name: str) -> None:
        record = find_pipeline(self._state, pipeline)
        definition = self._state.definition(pipeline, record.version)
        declared = definition.stage(find_stage(definition, stage))
        action = declared.action(name) if declared else None
        if action is None:
            raise AwsError("ActionNotFoundException", f"Stage '{stage}' does not have an action '{name}'")

    def _action(self, record: ActionRecord) -> Action:
        return find_action(self._state.definition(record.pipeline, record.version), record.stage, record.action)

    def _job(self, job_id: str) -> tuple[JobRecord, ActionRecord]:
        job = self._state.job(job_id)
        record = self._state.action(job.action) if job else None
        if job is None or record is None or job.status == QUEUED:
            raise AwsError("JobNotFoundException", f"There is no job with the id '{job_id}'.")
        return job, record

    def _open_job(self, job_id: str) -> tuple[JobRecord, ActionRecord]:
        """A job that still takes a result: not answered, not timed out, not abandoned."""
        job, record = self._job(job_id)
        if job.status != IN_PROGRESS or record.status != IN_PROGRESS:
            status = job.status if job.status != IN_PROGRESS else record.status
            raise AwsError("InvalidJobStateException", f"The job '{job_id}' takes no result: it is {status}.")
        return job, record


def _check_output_variables(request: Document) -> None:
    given = request.get("outputVariables", {})
    if given and "continuationToken" in request:
        raise AwsError("ValidationException", "outputVariables cannot be given together with a continuationToken.")
    size = sum(len(name.encode()) + len(value.encode()) for name, value in given.items())
    if size > variables.MAX_OUTPUT_BYTES:
        raise AwsError(
            "OutputVariablesSizeExceededException",
            f"The output variables have {size} bytes; {variables.MAX_OUTPUT_BYTES} are allowed.",
        )
