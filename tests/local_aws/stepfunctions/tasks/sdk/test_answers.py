from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from local_aws.stepfunctions.tasks.catalog import OPTIMIZED
from local_aws.stepfunctions.tasks.sdk.answers import MOST_BYTES, epoch_ms, iso, text_of
from local_aws.stepfunctions.tasks.sdk.dialect import Refusal, sdk_dialect
from tests.local_aws.stepfunctions.tasks.fakes import METADATA, body, model

WHEN = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def output(dialect: Any, service: str, operation: str, answer: dict[str, Any]) -> Any:
    return dialect.output(model(service).operation_model(operation).output_shape, answer)


@pytest.mark.parametrize(
    ("moment", "text", "millis"),
    [
        (WHEN, "2026-01-31T12:00:00Z", 1769860800000),
        (WHEN.replace(microsecond=120_400), "2026-01-31T12:00:00.120Z", 1769860800120),
        (WHEN.astimezone(timezone(timedelta(hours=5))), "2026-01-31T12:00:00Z", 1769860800000),
    ],
)
def test_times(moment: datetime, text: str, millis: int) -> None:
    assert (iso(moment), epoch_ms(moment)) == (text, millis)


def test_an_object_of_s3() -> None:
    answer = {
        "AcceptRanges": "bytes",
        "Body": body("text data"),
        "ContentLength": 9,
        "ETag": '"1"',
        "LastModified": WHEN,
        "Metadata": {},
        "SSEKMSKeyId": "k",
        "ResponseMetadata": METADATA,
    }
    assert output(sdk_dialect("S3"), "s3", "GetObject", answer) == {
        "AcceptRanges": "bytes",
        "Body": "text data",
        "ContentLength": 9,
        "ETag": '"1"',
        "LastModified": "2026-01-31T12:00:00Z",
        "Metadata": {},
        "SsekmsKeyId": "k",
    }


def test_an_optimized_answer_tells_of_the_request() -> None:
    dialect = OPTIMIZED["states"].dialect
    answer = {"executionArn": "arn", "startDate": WHEN, "ResponseMetadata": METADATA}
    headers = {"Content-Type": "application/json", "x-amzn-RequestId": "req-1"}
    assert output(dialect, "stepfunctions", "StartExecution", answer) == {
        "ExecutionArn": "arn",
        "StartDate": 1769860800000,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": "req-1"},
    }


def test_an_answer_without_output() -> None:
    assert output(sdk_dialect("S3"), "s3", "DeleteBucket", {"ResponseMetadata": METADATA}) == {}


def test_a_body_is_read_as_far_as_an_output_may_be_long() -> None:
    source = body(b"a" * (3 * MOST_BYTES))
    assert len(text_of(source)) == MOST_BYTES
    assert source.tell() == MOST_BYTES


def test_bytes_that_are_no_text() -> None:
    assert text_of(b"a\xff") == "a\ufffd"


REFUSAL = Refusal("Code", "Why", 404, "req-1", "h-1")


@pytest.mark.parametrize(
    ("service_id", "shape", "error", "cause"),
    [
        (
            "S3",
            "NoSuchBucket",
            "S3.NoSuchBucketException",
            "Why (Service: S3, Status Code: 404, Request ID: req-1, Extended Request ID: h-1) (SDK Attempt Count: 1)",
        ),
        (
            "SFN",
            "InvalidToken",
            "Sfn.InvalidTokenException",
            "Why (Service: Sfn, Status Code: 404, Request ID: req-1) (SDK Attempt Count: 1)",
        ),
        (
            "Secrets Manager",
            None,
            "SecretsManager.SecretsManagerException",
            "Why (Service: SecretsManager, Status Code: 404, Request ID: req-1) (SDK Attempt Count: 1)",
        ),
    ],
)
def test_failures_of_aws_sdk(service_id: str, shape: str | None, error: str, cause: str) -> None:
    failed = sdk_dialect(service_id).failure(REFUSAL, shape, "run")
    assert (failed.error, failed.cause) == (error, cause)


@pytest.mark.parametrize(
    ("service", "shape", "error", "name"),
    [
        ("lambda", "ResourceNotFoundException", "Lambda.ResourceNotFoundException", "AWSLambda"),
        ("lambda", None, "Lambda.AWSLambdaException", "AWSLambda"),
        ("sagemaker", "ResourceInUse", "SageMaker.ResourceInUseException", "AmazonSageMaker"),
        ("sagemaker", None, "SageMaker.AmazonSageMakerException", "AmazonSageMaker"),
        ("states", "StateMachineDoesNotExist", "StepFunctions.StateMachineDoesNotExistException", "AWSStepFunctions"),
        ("sqs", None, "SQS.AmazonSQSException", "AmazonSQS"),
        ("dynamodb", None, "DynamoDB.AmazonDynamoDBException", "AmazonDynamoDBv2"),
    ],
)
def test_failures_of_optimized_integrations(service: str, shape: str | None, error: str, name: str) -> None:
    dialect = OPTIMIZED[service].dialect
    assert dialect is not None
    failed = dialect.failure(REFUSAL, shape, "submit")
    cause = f"Why (Service: {name}; Status Code: 404; Error Code: Code; Request ID: req-1; Proxy: null)"
    assert (failed.error, failed.cause, failed.phase) == (error, cause, "submit")
