"""Who answers for a function that gave no answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline_lambdas.handlers.settle_job import handler
from pipeline_lambdas.runtime.failures import ConfigurationError, UnavailableError
from tests.events import PREFIX, SECRETS, event
from tests.pipeline_lambdas.aws_doubles import Context

JOB_ID = "11111111-1111-4111-8111-111111111111"
REQUEST_ID = "e4b46cbf-b738-xmpl-8880-a18cdf61200e"
TIMED_OUT = {
    "errorType": "Sandbox.Timedout",
    "errorMessage": f"RequestId: {REQUEST_ID} Error: Task timed out after 120.00 seconds",
}
KILLED = {
    "errorType": "Runtime.ExitError",
    "errorMessage": f"RequestId: {REQUEST_ID} Error: Runtime exited with error: signal: killed",
}


def record(payload: Any, function: str = "train-model", **more: Any) -> dict[str, Any]:
    """An invocation record, as the developer guide shows it."""
    return {
        "version": "1.0",
        "timestamp": "2026-11-20T03:00:00.000Z",
        "requestContext": {
            "requestId": REQUEST_ID,
            "functionArn": f"arn:aws:lambda:us-east-1:111122223333:function:{PREFIX}-{function}:$LATEST",
            "condition": more.get("condition", "RetriesExhausted"),
            "approximateInvokeCount": more.get("attempts", 2),
        },
        "requestPayload": payload,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": more.get("answer"),
    }


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_NAME", "wine-quality")
    monkeypatch.setenv("NAME_PREFIX", PREFIX)


def expect_failure(codepipeline: Stubber, kind: str, what: str, tries: str = " in 2 attempts") -> str:
    message = (
        f"Function {PREFIX}-train-model gave no result{tries}: {what}. Its log: /aws/lambda/{PREFIX}-train-model, "
        f"request id {REQUEST_ID}."
    )
    details = {"type": kind, "message": message, "externalExecutionId": REQUEST_ID}
    codepipeline.add_response("put_job_failure_result", {}, {"jobId": JOB_ID, "failureDetails": details})
    return message


@pytest.mark.parametrize(
    ("answer", "kind", "what"),
    [
        (TIMED_OUT, "JobFailed", "its time ran out, 120 s"),
        (
            {"errorMessage": f"2026-11-20T03:02:00.000Z {REQUEST_ID} Task timed out after 3.01 seconds"},
            "JobFailed",
            "its time ran out, 3.01 s",
        ),
        ({"errorType": "Runtime.OutOfMemory", "errorMessage": "x"}, "JobFailed", "its memory ran out"),
        (
            KILLED,
            "SystemUnavailable",
            f"its process ended in the middle of its work ({KILLED['errorMessage']}), as it does when its memory runs "
            "out",
        ),
        (
            {"errorType": "UnavailableError", "errorMessage": "PutJobSuccessResult answered ThrottlingException: Rate"},
            "SystemUnavailable",
            "UnavailableError PutJobSuccessResult answered ThrottlingException: Rate",
        ),
        (None, "SystemUnavailable", "Lambda gives no reason"),
        ("text", "SystemUnavailable", "Lambda gives no reason"),
    ],
)
def test_the_action_fails_with_what_happened(
    codepipeline: Stubber, capsys: pytest.CaptureFixture[str], answer: Any, kind: str, what: str
) -> None:
    message = expect_failure(codepipeline, kind, what)
    handler(record(event("train_model"), answer=answer), Context())
    line = json.loads(capsys.readouterr().out)
    assert (line["outcome"], line["message"], line["job_id"]) == ("failed", message, JOB_ID)


def test_an_event_that_waited_too_long_says_so(codepipeline: Stubber) -> None:
    expect_failure(codepipeline, "SystemUnavailable", "Lambda could not run it in time", tries="")
    handler(record(event("train_model"), condition="EventAgeExceeded", attempts=1), Context())


def test_no_credential_is_told_or_logged(codepipeline: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    expect_failure(codepipeline, "SystemUnavailable", "Error [redacted] [redacted] [redacted]")
    answer = {"errorType": "Error", "errorMessage": " ".join(SECRETS)}
    handler(record(event("train_model"), answer=answer), Context())
    output = capsys.readouterr()
    assert not any(secret in output.out + output.err for secret in SECRETS)


@pytest.mark.parametrize("code", ["InvalidJobStateException", "JobNotFoundException"])
def test_a_job_that_has_a_result_keeps_it(codepipeline: Stubber, capsys: pytest.CaptureFixture[str], code: str) -> None:
    codepipeline.add_client_error("put_job_failure_result", code, "has a result")
    handler(record(event("train_model"), answer=KILLED), Context())
    assert json.loads(capsys.readouterr().out)["already_settled"] == code


def test_a_report_that_fails_is_raised_so_that_lambda_repeats_it(
    codepipeline: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    for _ in range(10):
        codepipeline.add_client_error("put_job_failure_result", "ThrottlingException", "Rate exceeded", 400)
    with pytest.raises(UnavailableError):
        handler(record(event("train_model"), answer=KILLED), Context())
    codepipeline._queue.clear()  # how often botocore asks is its own matter


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"requestContext": {}},
        [],
        None,
        record(None),
        record("text"),
        record(event("release_ended"), "record-release"),
    ],
)
def test_an_event_that_is_not_the_record_of_a_job_is_refused(payload: Any) -> None:
    with pytest.raises(ConfigurationError, match="not the record of a failed invocation"):
        handler(payload, Context())
