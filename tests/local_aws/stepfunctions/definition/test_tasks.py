"""https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html ."""

from __future__ import annotations

import pytest

from tests.local_aws.stepfunctions.definition.machines import FUNCTION, TASK, Raw, machine, told, told_of

ACTIVITY = "arn:aws:states:us-east-1:111122223333:activity:approve"
NOT_KNOWN = "The value is not a valid resource ARN, or the resource is not available in this region. at /Resource"


def called(resource: str, parameters: Raw | None = None) -> Raw:
    return {"Type": "Task", "Resource": resource, "Parameters": parameters or {}, "End": True}


GOOD = [
    {"Type": "Task", "Resource": FUNCTION, "End": True},
    {"Type": "Task", "Resource": f"{FUNCTION}:live", "End": True},
    {"Type": "Task", "Resource": "arn:aws-cn:lambda:cn-north-1:111122223333:function:f", "End": True},
    {"Type": "Task", "Resource": ACTIVITY, "HeartbeatSeconds": 60, "End": True},
    called("arn:aws:states:::lambda:invoke", {"FunctionName": "f"}),
    called("arn:aws:states:::lambda:invoke.waitForTaskToken", {"FunctionName.$": "$.f"}),
    called("arn:aws:states:::states:startExecution.sync:2", {"StateMachineArn": "x"}),
    called("arn:aws:states:::sagemaker:createTrainingJob.sync"),
    called("arn:aws:states:::codebuild:startBuild.sync"),
    called("arn:aws:states:::aws-sdk:s3:listBuckets"),
    called("arn:aws:states:::aws-sdk:sfn:startExecution.waitForTaskToken"),
    called("arn:aws:states:::http:invoke"),
]


@pytest.mark.parametrize("state", GOOD, ids=lambda state: state["Resource"])
def test_resources(state: Raw) -> None:
    assert told_of(state) == []


@pytest.mark.parametrize("resource", ["", "${Function}", "greet", "arn:aws:lambda", "arn:aws:lambda:us-east-1"])
def test_a_resource_is_an_arn(resource: str) -> None:
    assert told_of(TASK | {"Resource": resource}) == ["Value is not a valid resource ARN at /Resource"]


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:swf:us-east-1:111122223333:task:x",
        "arn:aws:states:us-east-1:111122223333:stateMachine:x",
        "arn:aws:states:::lambda",
        "arn:aws:states:::lambda:invoke.sync",
        "arn:aws:states:::sqs:sendMessage.sync",
        "arn:aws:states:::aws-sdk:s3:listBuckets.sync",
        "arn:aws:states:::glue:startJobRun.waitForTaskToken",
        "arn:aws:states:::sagemaker:createTrainingJob.waitForTaskToken",
        "arn:aws:states:::batch:submitJob.sync:2",
    ],
)
def test_a_resource_is_one_that_can_be_called(resource: str) -> None:
    assert told_of(called(resource)) == [f"The resource provided {resource} is not recognized. {NOT_KNOWN}"]


def test_an_integration_has_parameters() -> None:
    resource = "arn:aws:states:::aws-sdk:s3:listBuckets"
    line = f"field is required for resource ARN: {resource} at "
    assert told_of({"Type": "Task", "Resource": resource, "End": True}) == [f"Parameters {line}"]
    assert told_of({"Type": "Task", "Resource": resource, "End": True}, QueryLanguage="JSONata") == [
        f"Arguments {line}"
    ]
    state = {"Type": "Task", "Resource": resource, "Arguments": "{% {} %}", "End": True}
    assert told_of(state, QueryLanguage="JSONata") == []


def test_a_call_has_what_it_needs() -> None:
    missing = "is required but was missing at /Parameters"
    lines = told_of(called("arn:aws:states:::sqs:sendMessage.waitForTaskToken"))
    assert lines == [f"The field 'QueueUrl' {missing}", f"The field 'MessageBody' {missing}"]


EXPRESS = {
    "arn:aws:states:::sqs:sendMessage.waitForTaskToken": ".waitForTaskToken",
    "arn:aws:states:::states:startExecution.sync": ".sync",
    "arn:aws:states:::states:startExecution.sync:2": ".sync",
}
ALL_NEEDED = {"QueueUrl": "q", "MessageBody": "m", "StateMachineArn": "x"}


@pytest.mark.parametrize("resource", EXPRESS)
def test_express_does_not_wait_for_others(resource: str) -> None:
    definition = machine(S=called(resource, ALL_NEEDED))
    line = f"Express state machine does not support '{EXPRESS[resource]}' service integration  at /States/S/Resource"
    assert told(definition, "EXPRESS") == [line]
    assert told(definition) == []


def test_express_has_no_activities() -> None:
    definition = machine(S=TASK | {"Resource": ACTIVITY})
    line = "Express state machine does not support Activity ARN at /States/S/Resource"
    assert told(definition, "EXPRESS") == [line]


TIMES: dict[str, tuple[Raw, list[str]]] = {
    "heartbeat alone": ({"HeartbeatSeconds": 5}, []),
    "smaller heartbeat": ({"TimeoutSeconds": 6, "HeartbeatSeconds": 5}, []),
    "equal heartbeat": (
        {"TimeoutSeconds": 5, "HeartbeatSeconds": 5},
        ["'HeartbeatSeconds' must be smaller than 'TimeoutSeconds' at /HeartbeatSeconds"],
    ),
    "timeout twice": (
        {"TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t"},
        ["There should only be one of the following fields: [TimeoutSeconds, TimeoutSecondsPath] at "],
    ),
    "heartbeat twice": (
        {"HeartbeatSeconds": 5, "HeartbeatSecondsPath": "$.h"},
        ["There should only be one of the following fields: [HeartbeatSeconds, HeartbeatSecondsPath] at "],
    ),
}


@pytest.mark.parametrize("case", TIMES)
def test_times(case: str) -> None:
    fields, expected = TIMES[case]
    assert told_of(TASK | fields) == expected


ROLE = "arn:aws:iam::111122223333:role/r"
CREDENTIALS: dict[str, tuple[Raw, str, list[str]]] = {
    "role": ({"Credentials": {"RoleArn": ROLE}}, "JSONPath", []),
    "role of a path": ({"Credentials": {"RoleArn.$": "$.role"}}, "JSONPath", []),
    "role of a call": ({"Credentials": {"RoleArn.$": "States.Format('{}', $.role)"}}, "JSONPath", []),
    "expression": ({"Credentials": {"RoleArn": "{% $states.input.role %}"}}, "JSONata", []),
    "no role": (
        {"Credentials": {}},
        "JSONPath",
        ["The field 'RoleArn' is required but was missing at /Credentials"],
    ),
    "no object": ({"Credentials": 1}, "JSONPath", ["Expected value of type [OBJECT] at /Credentials"]),
    "of an activity": (
        {"Resource": ACTIVITY, "Credentials": {"RoleArn": ROLE}},
        "JSONPath",
        ["The field 'Credentials' is not supported for activities at /Credentials"],
    ),
}


@pytest.mark.parametrize("case", CREDENTIALS)
def test_credentials(case: str) -> None:
    fields, language, expected = CREDENTIALS[case]
    assert told_of(TASK | fields, QueryLanguage=language) == expected


def test_a_resource_is_a_text() -> None:
    assert told_of(TASK | {"Resource": 1}) == ["Expected value of type [STRING] at /Resource"]
