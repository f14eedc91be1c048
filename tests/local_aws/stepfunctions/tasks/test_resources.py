from __future__ import annotations

import pytest

from local_aws.stepfunctions.tasks.catalog import OPTIMIZED
from local_aws.stepfunctions.tasks.contract import Resource
from local_aws.stepfunctions.tasks.permissions import sync_permissions
from local_aws.stepfunctions.tasks.resources import parse

FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:work"


@pytest.mark.parametrize(
    ("arn", "service", "action", "pattern"),
    [
        ("arn:aws:states:::lambda:invoke", "lambda", "invoke", ""),
        (
            "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "lambda",
            "invoke.waitForTaskToken",
            "waitForTaskToken",
        ),
        ("arn:aws:states:::sagemaker:createTrainingJob.sync", "sagemaker", "createTrainingJob.sync", "sync"),
        ("arn:aws:states:::states:startExecution.sync:2", "states", "startExecution.sync:2", "sync:2"),
        ("arn:aws:states:::aws-sdk:s3:listObjectsV2", "aws-sdk:s3", "listObjectsV2", ""),
        ("arn:aws:states:::aws-sdk:rds:describeDBInstances", "aws-sdk:rds", "describeDBInstances", ""),
        ("arn:aws:states:::aws-sdk:sfn:sendTaskSuccess", "aws-sdk:sfn", "sendTaskSuccess", ""),
        (
            "arn:aws:states:::aws-sdk:sagemakerruntime:invokeEndpoint",
            "aws-sdk:sagemakerruntime",
            "invokeEndpoint",
            "",
        ),
        (
            "arn:aws:states:::aws-sdk:sns:publish.waitForTaskToken",
            "aws-sdk:sns",
            "publish.waitForTaskToken",
            "waitForTaskToken",
        ),
        ("arn:aws:states:::glue:startJobRun.sync", "glue", "startJobRun.sync", "sync"),
        ("arn:aws-cn:states:::sqs:sendMessage", "sqs", "sendMessage", ""),
    ],
)
def test_service(arn: str, service: str, action: str, pattern: str) -> None:
    assert parse(arn) == Resource(arn, "service", service, action, pattern)


@pytest.mark.parametrize("end", ["", ":$LATEST", ":7", ":live"])
def test_function(end: str) -> None:
    assert parse(FUNCTION + end) == Resource(FUNCTION + end, "lambda")


def test_activity() -> None:
    arn = "arn:aws:states:us-east-1:111122223333:activity:Count"
    assert parse(arn).kind == "activity"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:states:::lambda:invoke.sync",
        "arn:aws:states:::lambda:create",
        "arn:aws:states:::sagemaker:createEndpoint.sync",
        "arn:aws:states:::sagemaker:createTrainingJob.waitForTaskToken",
        "arn:aws:states:::dynamodb:query",
        "arn:aws:states:::dynamodb:putItem.waitForTaskToken",
        "arn:aws:states:::sqs:sendMessage.sync:2",
        "arn:aws:states:::aws-sdk:s3:ListObjectsV2",
        "arn:aws:states:::aws-sdk:s3:listObjectsV2.sync",
        "arn:aws:states:::aws-sdk:nothing:listObjects",
        "arn:aws:states:::aws-sdk:stepfunctions:startExecution",
        "arn:aws:states:::aws-sdk:s3:selectObjectContent",
        "arn:aws:states:::nothing:run",
        "arn:aws:s3:::bucket",
        f"{FUNCTION}:a:b",
    ],
)
def test_what_aws_does_not_know(arn: str) -> None:
    with pytest.raises(ValueError, match="is not recognized") as error:
        parse(arn)
    assert str(error.value) == (
        f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not "
        "available in this region."
    )


def test_what_is_no_arn() -> None:
    with pytest.raises(ValueError, match=r"^Value is not a valid resource ARN$"):
        parse("lambda:invoke")


def test_every_optimized_action_reads() -> None:
    ends = {"": "", "sync": ".sync", "sync:2": ".sync:2", "waitForTaskToken": ".waitForTaskToken"}
    for service, found in OPTIMIZED.items():
        for action, patterns in found.patterns.items():
            for pattern in patterns:
                assert parse(f"arn:aws:states:::{service}:{action}{ends[pattern]}").pattern == pattern


def test_rules_of_sync() -> None:
    needed = sync_permissions(parse("arn:aws:states:::sagemaker:createProcessingJob.sync"), "eu-west-1")
    rule = "arn:aws:events:eu-west-1:111122223333:rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule"
    assert needed == [("events:PutTargets", rule), ("events:PutRule", rule), ("events:DescribeRule", rule)]


@pytest.mark.parametrize(
    ("end", "rules"),
    [
        ("startExecution.sync", 3),
        ("startExecution.sync:2", 3),
        ("startExecution", 0),
        ("startExecution.waitForTaskToken", 0),
    ],
)
def test_only_sync_needs_a_rule(end: str, rules: int) -> None:
    assert len(sync_permissions(parse(f"arn:aws:states:::states:{end}"), "us-east-1")) == rules


def test_every_job_of_local_aws_has_its_rule() -> None:
    for service in ("sagemaker", "states", "codebuild"):
        for action, patterns in OPTIMIZED[service].patterns.items():
            if "sync" in patterns:
                assert sync_permissions(parse(f"arn:aws:states:::{service}:{action}.sync"), "us-east-1"), action
