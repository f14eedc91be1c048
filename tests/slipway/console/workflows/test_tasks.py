"""What a state called, with links to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from slipway.console.shell import at
from slipway.console.workflows.tasks import calls
from slipway.names import Names
from slipway.session import Session

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


class _Session:
    names = Names("local", "wine-quality", "111122223333", "us-east-1")


SESSION = cast("Session", _Session())


def scheduled(service: str, parameters: Any, resource: str = "anything") -> dict[str, Any]:
    details = {"resourceType": service, "resource": resource, "parameters": json.dumps(parameters)}
    return {"id": 1, "type": "TaskScheduled", "timestamp": NOW, "taskScheduledEventDetails": details}


@pytest.mark.parametrize(
    ("service", "parameters", "address"),
    [
        ("sagemaker", {"TrainingJobName": "a"}, at("jobs", "training", "a")),
        ("aws-sdk:sagemaker", {"HyperParameterTuningJobName": "a"}, at("jobs", "tuning", "a")),
        ("sagemaker", {"ProcessingJobName": "a"}, at("jobs", "processing", "a")),
        ("sagemaker", {"TransformJobName": "a"}, at("jobs", "transform", "a")),
        ("sagemaker", {"EndpointName": "a", "EndpointConfigName": "b"}, at("endpoints", "a")),
        ("lambda", {"FunctionName": "f"}, at("logs", group="/aws/lambda/f")),
        ("lambda", {"FunctionName": "arn:aws:lambda:r:1:function:f:2"}, at("logs", group="/aws/lambda/f")),
        ("codebuild", {"ProjectName": "p"}, at("logs", group="/aws/codebuild/p")),
        ("aws-sdk:s3", {"Bucket": "b", "Key": "k/x y"}, at("buckets", "b", "object", key="k/x y")),
        ("aws-sdk:s3", {"Bucket": "b"}, at("buckets", "b")),
        ("sagemaker", {"TrainingJobName": 7}, None),
        ("sagemaker", ["TrainingJobName"], None),
        ("lambda", {"FunctionName": None}, None),
        ("sqs", {"QueueUrl": "q"}, None),
    ],
)
def test_links(service: str, parameters: Any, address: str | None) -> None:
    [call] = calls(SESSION, [scheduled(service, parameters)])
    assert [*call.links.values()] == ([] if address is None else [address])


def test_each_attempt_is_a_call() -> None:
    failed = {"id": 2, "type": "TaskTimedOut", "timestamp": NOW, "taskTimedOutEventDetails": {"error": "E"}}
    succeeded = {"id": 4, "type": "TaskSucceeded", "timestamp": NOW, "taskSucceededEventDetails": {"output": "{}"}}
    again = {**scheduled("lambda", {"FunctionName": "f"}, "invoke"), "id": 3}
    first, second = calls(SESSION, [scheduled("lambda", {}, "invoke"), failed, again, succeeded])
    assert (first.what, first.status, first.error) == ("lambda invoke", "failed", "E")
    assert (second.status, second.asked, second.answered) == ("succeeded", 3, 4)


def test_a_child_execution() -> None:
    arn = "arn:aws:states:us-east-1:111122223333:execution:slipway-local-images:one"
    details = {"resourceType": "states", "resource": "startExecution.sync", "output": json.dumps({"ExecutionArn": arn})}
    submitted = {"id": 2, "type": "TaskSubmitted", "timestamp": NOW, "taskSubmittedEventDetails": details}
    [call] = calls(SESSION, [scheduled("states", {}), submitted])
    assert call.links == {"execution one": at("workflows", "images", "executions", "one")}


def test_a_function_by_its_arn() -> None:
    details = {"resource": "arn:aws:lambda:us-east-1:111122223333:function:f", "input": "{}"}
    event = {
        "id": 1,
        "type": "LambdaFunctionScheduled",
        "timestamp": NOW,
        "lambdaFunctionScheduledEventDetails": details,
    }
    [call] = calls(SESSION, [event])
    assert (call.what, call.links) == ("lambda f", {"logs of f": at("logs", group="/aws/lambda/f")})
