from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws import base
from local_aws.aws import Clients
from local_aws.settings import Settings
from local_aws.stepfunctions.operations.definitions import AslDefinitions, checked, resources
from local_aws.stepfunctions.tasks.integrations import Integrations
from local_aws.stepfunctions.tasks.tools import Tools
from local_aws.wire import AwsError


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> AslDefinitions:
    settings = Settings(tmp_path_factory.mktemp("language"))
    tools = Tools(Clients(settings), settings.region, base.assume_role, lambda _: True, base.enforce, lambda _: None)
    return AslDefinitions(Integrations(tools))


def task(resource: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **more}


def machine(state: dict[str, Any]) -> str:
    return json.dumps({"StartAt": "A", "States": {"A": state}})


def within(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "In", "States": {"In": state}}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            task("arn:aws:states:::nothing:do", Parameters={"a": 1}),
            "SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::nothing:do is not recognized. The value "
            "is not a valid resource ARN, or the resource is not available in this region. at /States/A/Resource",
        ),
        (
            task("arn:aws:states:::aws-sdk:s3:getObject", Parameters={"Bucket": "b", "Wrong": 1, "Key.$": "$.key"}),
            'SCHEMA_VALIDATION_FAILED: The field "Wrong" is not supported by Step Functions at /States/A/Parameters',
        ),
        (
            {
                "Type": "Parallel",
                "End": True,
                "Branches": [within(task("arn:aws:states:::aws-sdk:s3:getObject", Parameters={"Bucket": "b"}))],
            },
            'SCHEMA_VALIDATION_FAILED: The field "Key" is required but was missing at '
            "/States/A/Branches[0]/States/In/Parameters",
        ),
    ],
)
def test_tasks_that_are_refused(language: AslDefinitions, state: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError) as error:
        checked(language, machine(state), "STANDARD")
    assert (error.value.code, error.value.message) == (
        "InvalidDefinition",
        f"Invalid State Machine Definition: '{message}'",
    )


@pytest.mark.parametrize(
    ("resource", "arguments"),
    [
        ("arn:aws:states:::lambda:invoke", {"FunctionName": "f", "Payload": {"a": 1}}),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", {"FunctionName": "f", "Payload": {"t.$": "$$.Task.Token"}}),
        ("arn:aws:states:::sqs:sendMessage", {"QueueUrl": "q", "MessageBody": {"a": 1}}),
        ("arn:aws:states:::sns:publish", {"TopicArn": "t", "Message": {"a": 1}}),
        ("arn:aws:states:::events:putEvents", {"Entries": [{"Source": "s", "DetailType": "d", "Detail": {"a": 1}}]}),
        ("arn:aws:states:::dynamodb:putItem", {"TableName": "t", "Item": {"id": {"S.$": "$.id"}}}),
        ("arn:aws:states:::states:startExecution.sync:2", {"StateMachineArn": "m", "Input": {"a": 1}}),
        ("arn:aws:states:::codebuild:startBuild.sync", {"ProjectName": "p"}),
        ("arn:aws:states:::aws-sdk:sfn:startExecution", {"StateMachineArn": "m", "Input.$": "$.x"}),
        ("arn:aws:lambda:us-east-1:111122223333:function:f", {"anything": 1}),
        ("arn:aws:states:us-east-1:111122223333:activity:a", {"anything": 1}),
    ],
)
def test_tasks_as_the_guide_declares_them(language: AslDefinitions, resource: str, arguments: Any) -> None:
    found = checked(language, machine(task(resource, Parameters=arguments)), "STANDARD")
    assert resources(found) == [resource]


def test_resources_are_found_at_any_depth_and_once(language: AslDefinitions) -> None:
    queue = task("arn:aws:states:::sqs:sendMessage", Parameters={"QueueUrl": "q", "MessageBody": "m"})
    state = {"Type": "Map", "End": True, "ItemProcessor": within({**queue})}
    both = {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "M", "States": {"M": state}}]}
    assert resources(checked(language, machine(both), "STANDARD")) == [queue["Resource"]]
