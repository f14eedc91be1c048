from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local_aws.stepfunctions.tasks.contract import Submitted
from local_aws.stepfunctions.tasks.tools import session_name
from tests.local_aws.stepfunctions.tasks.fakes import EXECUTION, MACHINE, ROLE, World, refused

PUT_EVENTS = "arn:aws:states:::events:putEvents"
GET_ITEM = "arn:aws:states:::aws-sdk:dynamodb:getItem"


def test_a_call_acts_as_the_role_of_the_state_machine(world: World) -> None:
    world.clients.answer("dynamodb", "get_item", {"Item": {"id": {"S": "1"}}})
    arguments = {"TableName": "t", "Key": {"id": {"S": "1"}}}
    assert world.output(GET_ITEM, arguments) == {"Item": {"id": {"S": "1"}}}
    assert world.clients.requests("get_item") == [arguments]
    assert world.assumed == [(ROLE, "states.amazonaws.com", session_name(MACHINE), MACHINE)]
    assert world.clients.keys == ["KEY-flow"]


def test_a_state_with_credentials_is_assumed_by_the_machine(world: World) -> None:
    given = {"AccessKeyId": "OTHER", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": _Far()}
    world.clients.answer("sts", "assume_role", {"Credentials": given})
    world.clients.answer("dynamodb", "get_item", {})
    other = "arn:aws:iam::111122223333:role/other"
    for _ in range(2):
        world.output(GET_ITEM, {"TableName": "t", "Key": {}}, role_arn=other, machine_role_arn=ROLE)
    assert world.clients.requests("assume_role") == [{"RoleArn": other, "RoleSessionName": session_name(MACHINE)}]
    assert world.clients.keys == ["KEY-flow", "OTHER", "OTHER"]


class _Far:
    def timestamp(self) -> float:
        return 9e9


def test_a_role_that_cannot_be_assumed(world: World) -> None:
    world.unassumable.add(ROLE)
    failure = world.failure(GET_ITEM, {"TableName": "t", "Key": {}})
    assert failure == ("States.Permissions", f"The role {ROLE} does not exist.", "start")


def test_what_the_machine_may_not_assume(world: World) -> None:
    world.clients.answer("sts", "assume_role", refused("AccessDenied", "User is not authorized", 403))
    other = "arn:aws:iam::111122223333:role/other"
    failure = world.failure(GET_ITEM, {"TableName": "t", "Key": {}}, role_arn=other, machine_role_arn=ROLE)
    assert failure == ("States.Permissions", "User is not authorized", "start")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ResourceNotFoundException", "DynamoDb.ResourceNotFoundException"),
        ("AccessDeniedException", "DynamoDb.DynamoDbException"),
        ("ConditionalCheckFailedException", "DynamoDb.ConditionalCheckFailedException"),
    ],
)
def test_refusals(world: World, code: str, error: str) -> None:
    world.clients.answer("dynamodb", "get_item", refused(code, "Why"))
    cause = "Why (Service: DynamoDb, Status Code: 400, Request ID: req-1) (SDK Attempt Count: 1)"
    assert world.failure(GET_ITEM, {"TableName": "t", "Key": {}}) == (error, cause, "run")


def test_an_older_code_of_a_service(world: World) -> None:
    code = "AWS.SimpleQueueService.NonExistentQueue"
    world.clients.answer("sqs", "send_message", refused(code, "No queue.", QueryErrorCode="QueueDoesNotExist"))
    error, cause, _ = world.failure("arn:aws:states:::sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "m"})
    assert error == "SQS.QueueDoesNotExistException"
    assert f"Error Code: {code};" in cause


def test_a_service_out_of_reach(world: World) -> None:
    world.clients.answer("sqs", "send_message", EndpointConnectionError(endpoint_url="http://nowhere"))
    error, cause, _ = world.failure("arn:aws:states:::sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "m"})
    assert error == "SQS.SdkClientException"
    assert cause.startswith("Unable to execute HTTP request: ")


def test_a_required_member_is_missing(world: World) -> None:
    error, cause, phase = world.failure("arn:aws:states:::aws-sdk:dynamodb:putItem", {"TableName": "t", "Item": None})
    assert (error, phase) == ("DynamoDb.DynamoDbException", "run")
    assert re.fullmatch(
        r"1 validation error detected: Value null at 'item' failed to satisfy constraint: Member must not be null "
        r"\(Service: DynamoDb, Status Code: 400, Request ID: [0-9a-f-]{36}\) \(SDK Attempt Count: 1\)",
        cause,
    )
    assert world.clients.calls == []


def test_arguments_that_start_no_task(world: World) -> None:
    arguments = {"TableName": 5, "Nothing": 1}
    cause = (
        'The Parameters \'{"TableName":5,"Nothing":1}\' could not be used to start the Task: '
        "[The value for the field 'TableName' must be a STRING, The field 'Nothing' is not supported by Step Functions]"
    )
    assert world.integrations.problem(world.integrations.resource(GET_ITEM), arguments) == cause
    assert world.failure(GET_ITEM, arguments) == ("States.Runtime", cause, "run")


def test_definition_problems(world: World) -> None:
    resource = world.integrations.resource("arn:aws:states:::sqs:sendMessage")
    found = world.integrations.definition_problems(resource, {"QueueURL": "q", "MessageBody.$": "$"})
    assert found == [
        'The field "QueueURL" is not supported by Step Functions',
        'The field "QueueUrl" is required but was missing',
    ]
    for arn in (
        "arn:aws:lambda:us-east-1:111122223333:function:f",
        "arn:aws:states:us-east-1:111122223333:activity:a",
        "arn:aws:states:::glue:startJobRun",
    ):
        assert world.integrations.definition_problems(world.integrations.resource(arn), {"Any": 1}) == []
        assert world.integrations.problem(world.integrations.resource(arn), {"Any": 1}) is None


def test_a_service_that_local_aws_lacks(world: World) -> None:
    world.unknown.add("polly")
    error, cause, _ = world.failure("arn:aws:states:::aws-sdk:polly:listLexicons", {})
    assert error == "States.TaskFailed"
    assert cause.startswith("Local AWS has no Polly (polly)")
    assert "docs/local-aws.md" in cause


@pytest.mark.parametrize(("end", "phase"), [("", "run"), (".sync", "submit")])
def test_an_integration_that_local_aws_lacks(world: World, end: str, phase: str) -> None:
    arn = f"arn:aws:states:::glue:startJobRun{end}"
    error, cause, found = world.failure(arn, {"JobName": "j"})
    assert (error, found) == ("States.TaskFailed", phase)
    assert arn in cause
    assert "docs/local-aws.md" in cause


def test_a_message_that_is_an_object(world: World) -> None:
    world.clients.answer("sqs", "send_message", {"MessageId": "m-1", "MD5OfMessageBody": "md5"})
    arguments = {"QueueUrl": "q", "MessageBody": {"token": "t", "n": 1}}
    output = world.output("arn:aws:states:::sqs:sendMessage", arguments)
    assert (output["MessageId"], output["MD5OfMessageBody"]) == ("m-1", "md5")
    assert output["SdkResponseMetadata"] == {"RequestId": "req-1"}
    assert world.clients.requests("send_message") == [{"QueueUrl": "q", "MessageBody": '{"token":"t","n":1}'}]


def test_a_callback_waits_for_its_token(world: World) -> None:
    world.clients.answer("sns", "publish", {"MessageId": "m-1"})
    arn = "arn:aws:states:::sns:publish.waitForTaskToken"
    found = world.start(arn, {"TopicArn": "t", "Message": {"token": "t"}})
    assert isinstance(found, Submitted)
    assert (found.output["MessageId"], found.job) == ("m-1", None)


def test_a_callback_that_cannot_be_asked_for(world: World) -> None:
    world.clients.answer("sns", "publish", refused("NotFound", "Topic does not exist", 404))
    arn = "arn:aws:states:::sns:publish.waitForTaskToken"
    error, _, phase = world.failure(arn, {"TopicArn": "t", "Message": "m"})
    assert (error, phase) == ("SNS.NotFoundException", "submit")


def test_events_name_the_execution(world: World) -> None:
    world.clients.answer("events", "put_events", {"Entries": [{"EventId": "1"}], "FailedEntryCount": 0})
    entry = {"Source": "app", "DetailType": "done", "Detail": {"ok": True}, "Resources": ["mine"]}
    output = world.output(PUT_EVENTS, {"Entries": [entry]})
    assert output["Entries"] == [{"EventId": "1"}]
    [request] = world.clients.requests("put_events")
    assert request["Entries"][0]["Resources"] == ["mine", EXECUTION, MACHINE]
    assert request["Entries"][0]["Detail"] == '{"ok":true}'


def test_an_event_that_is_not_taken(world: World) -> None:
    entry = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    world.clients.answer("events", "put_events", {"Entries": [entry], "FailedEntryCount": 1})
    error, cause, phase = world.failure(PUT_EVENTS, {"Entries": [{"Source": "app", "Detail": "{"}]})
    assert (error, phase) == ("EventBridge.FailedEntry", "run")
    assert json.loads(cause)["Entries"] == [entry]


def test_an_idempotency_token_is_of_the_call(world: World) -> None:
    world.clients.answer("secretsmanager", "create_secret", {"Name": "s"})
    arn = "arn:aws:states:::aws-sdk:secretsmanager:createSecret"
    for key in ("a", "a", "b"):
        world.output(arn, {"Name": "s"}, key=key)
    first, again, other = (request["ClientRequestToken"] for request in world.clients.requests("create_secret"))
    assert first == again != other


CREATE_MODEL = "arn:aws:states:::sagemaker:createModel"
EXISTS = refused("ValidationException", 'Cannot create already existing model "m".')


def test_a_model_is_made_once(world: World) -> None:
    world.clients.answer("sagemaker", "create_model", EXISTS)
    world.clients.answer("sagemaker", "describe_model", {"ModelName": "m", "ModelArn": "arn:m"})
    output = world.output(CREATE_MODEL, {"ModelName": "m"}, again=True)
    assert output["ModelArn"] == "arn:m"
    assert world.clients.requests("describe_model") == [{"ModelName": "m"}]


def test_a_model_of_another_call_is_an_error(world: World) -> None:
    world.clients.answer("sagemaker", "create_model", EXISTS)
    error, cause, _ = world.failure(CREATE_MODEL, {"ModelName": "m"})
    assert error == "SageMaker.AmazonSageMakerException"
    assert cause.startswith('Cannot create already existing model "m". (Service: AmazonSageMaker; Status Code: 400;')


UPDATE = "arn:aws:states:::sagemaker:updateEndpoint"


@pytest.mark.parametrize(
    ("described", "again", "updates"),
    [
        ({"EndpointConfigName": "old", "PendingDeploymentSummary": {"EndpointConfigName": "new"}}, True, 0),
        ({"EndpointConfigName": "new"}, True, 0),
        ({"EndpointConfigName": "old"}, True, 1),
        ({"EndpointConfigName": "new"}, False, 1),
        (refused("AccessDeniedException", "no", 403), True, 1),
    ],
)
def test_an_update_is_begun_once(world: World, described: Any, *, again: bool, updates: int) -> None:
    answer = described if isinstance(described, Exception) else {"EndpointArn": "arn:e", **described}
    world.clients.answer("sagemaker", "describe_endpoint", answer)
    world.clients.answer("sagemaker", "update_endpoint", {"EndpointArn": "arn:e"})
    output = world.output(UPDATE, {"EndpointName": "e", "EndpointConfigName": "new"}, again=again)
    assert output["EndpointArn"] == "arn:e"
    assert len(world.clients.requests("update_endpoint")) == updates
