from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from pipeline_lambdas.runtime.failures import (
    AwsRequestError,
    ConfigurationError,
    JobFailedError,
    PermissionDeniedError,
    UnavailableError,
)
from pipeline_lambdas.runtime.job import EVENT_KEY, Job
from pipeline_lambdas.runtime.outcome import Continue, Done, Failed, Outcome
from pipeline_lambdas.runtime.runner import run_job
from tests.events import SECRETS, event
from tests.pipeline_lambdas.aws_doubles import Context

JOB_ID = "11111111-1111-4111-8111-111111111111"


def raising(error: Exception) -> Callable[[Job], Outcome]:
    def action(_: Job) -> Outcome:
        raise error

    return action


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the one line that an invocation logs."""
    output = capsys.readouterr()
    assert output.err == ""
    lines = output.out.splitlines()
    assert len(lines) == 1
    assert not any(secret in lines[0] for secret in SECRETS)
    record: dict[str, Any] = json.loads(lines[0])
    return record


def test_success_with_variables(codepipeline: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    codepipeline.add_response(
        "put_job_success_result",
        {},
        {
            "jobId": JOB_ID,
            "outputVariables": {"TrainingJobName": "job"},
            "executionDetails": {"summary": "started", "externalExecutionId": "job"},
        },
    )
    run_job(event("train_model"), Context(), lambda _: Done({"TrainingJobName": "job"}, "started", "job"))
    record = logged(capsys)
    assert record["outcome"] == "succeeded"
    assert record["job_id"] == JOB_ID
    assert record["continued"] is False
    assert json.loads(record["user_parameters"])["execution_id"].startswith("8f3c2a1d")


def test_continuation_has_no_variables(codepipeline: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    codepipeline.add_response(
        "put_job_success_result",
        {},
        {
            "jobId": JOB_ID,
            "continuationToken": "token",
            "executionDetails": {"summary": "s" * 2048, "percentComplete": 40},
        },
    )
    run_job(event("train_model"), Context(), lambda _: Continue("token", "s" * 3000, 40))
    assert logged(capsys)["percent"] == 40


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (JobFailedError("why"), "JobFailed"),
        (ConfigurationError("why"), "ConfigurationError"),
        (PermissionDeniedError("why"), "PermissionError"),
        (UnavailableError("why"), "SystemUnavailable"),
    ],
)
def test_a_known_failure_has_its_type(
    codepipeline: Stubber, capsys: pytest.CaptureFixture[str], error: Exception, kind: str
) -> None:
    codepipeline.add_response(
        "put_job_failure_result", {}, {"jobId": JOB_ID, "failureDetails": {"type": kind, "message": "why"}}
    )
    run_job(event("train_model"), Context(), raising(error))
    record = logged(capsys)
    assert (record["outcome"], record["type"]) == ("failed", kind)
    assert "traceback" not in record


def test_an_unexpected_exception_is_reported_with_a_hint(
    codepipeline: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    message = (
        "KeyError: 'Body'. This is a bug in the function; its log has the details under request id "
        "99999999-9999-4999-8999-999999999999."
    )
    codepipeline.add_response(
        "put_job_failure_result", {}, {"jobId": JOB_ID, "failureDetails": {"type": "JobFailed", "message": message}}
    )
    run_job(event("train_model"), Context(), raising(KeyError("Body")))
    assert "test_runner.py" in logged(capsys)["traceback"]


def test_credentials_in_an_exception_reach_neither_log_nor_result(
    codepipeline: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    message = (
        "RuntimeError: [redacted] [redacted] [redacted]. This is a bug in the function; its log has the details "
        "under request id 99999999-9999-4999-8999-999999999999."
    )
    codepipeline.add_response(
        "put_job_failure_result", {}, {"jobId": JOB_ID, "failureDetails": {"type": "JobFailed", "message": message}}
    )
    run_job(event("train_model"), Context(), raising(RuntimeError(" ".join(SECRETS))))
    assert logged(capsys)["message"] == message


def test_a_long_message_is_cut(codepipeline: Stubber) -> None:
    codepipeline.add_response(
        "put_job_failure_result",
        {},
        {"jobId": JOB_ID, "failureDetails": {"type": "JobFailed", "message": "m" * 4996 + " ..."}},
    )
    run_job(event("train_model"), Context(), lambda _: Failed("JobFailed", "m" * 6000))


@pytest.mark.parametrize("code", ["InvalidJobStateException", "JobNotFoundException"])
@pytest.mark.parametrize("outcome", [Done(), Failed("JobFailed", "no")])
def test_a_repeated_delivery_ends_well(
    codepipeline: Stubber, capsys: pytest.CaptureFixture[str], code: str, outcome: Outcome
) -> None:
    operation = "put_job_success_result" if isinstance(outcome, Done) else "put_job_failure_result"
    codepipeline.add_client_error(operation, code, "has a result")
    run_job(event("train_model"), Context(), lambda _: outcome)
    assert logged(capsys)["already_settled"] == code


def test_a_refused_success_becomes_a_failure(codepipeline: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    codepipeline.add_client_error("put_job_success_result", "OutputVariablesSizeExceededException", "too large")
    codepipeline.add_response(
        "put_job_failure_result", {}, {"jobId": JOB_ID, "failureDetails": {"type": "JobFailed", "message": ANY}}
    )
    run_job(event("train_model"), Context(), lambda _: Done({"a": "b"}))
    assert "OutputVariablesSizeExceededException" in logged(capsys)["message"]


def test_a_report_that_is_denied_raises(codepipeline: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    codepipeline.add_client_error("put_job_failure_result", "AccessDeniedException", "no")
    with pytest.raises(PermissionDeniedError):
        run_job(event("train_model"), Context(), raising(JobFailedError("why")))
    assert "report_error" in logged(capsys)


def test_a_failure_that_is_refused_raises(codepipeline: Stubber) -> None:
    codepipeline.add_client_error("put_job_failure_result", "ValidationException", "no")
    with pytest.raises(AwsRequestError):
        run_job(event("train_model"), Context(), raising(JobFailedError("why")))


def test_a_broken_event_with_an_id_is_reported(codepipeline: Stubber) -> None:
    document = event("train_model")
    del document[EVENT_KEY]["data"]["artifactCredentials"]
    codepipeline.add_response(
        "put_job_failure_result",
        {},
        {"jobId": JOB_ID, "failureDetails": {"type": "ConfigurationError", "message": ANY}},
    )
    run_job(document, Context(), raising(AssertionError("not reached")))


def test_an_event_without_a_job_raises() -> None:
    with pytest.raises(ConfigurationError):
        run_job({}, Context(), raising(ClientError({}, "none")))
