from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.stepfunctions.tasks.contract import Submitted
from tests.local_aws.stepfunctions.tasks.fakes import METADATA, World, body, refused

FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:work:live"
INVOKE = "arn:aws:states:::lambda:invoke"
ERROR = '{"errorMessage": "Bad row", "errorType": "BadRow", "stackTrace": []}'


def answers(world: World, payload: str, **more: Any) -> None:
    answer = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "ResponseMetadata": METADATA, **more}
    world.clients.answer("lambda", "invoke", lambda **_: answer | {"Payload": body(payload)})


def test_a_plain_function_gives_its_payload(world: World) -> None:
    answers(world, '{"sum": 3}')
    assert world.output(FUNCTION, {"a": [1, "ü"]}) == {"sum": 3}
    assert world.clients.requests("invoke") == [{"FunctionName": FUNCTION, "Payload": '{"a":[1,"ü"]}'.encode()}]


def test_invoke_tells_of_the_invocation(world: World) -> None:
    answers(world, '{"sum": 3}')
    output = world.output(INVOKE, {"FunctionName": "work", "Qualifier": "live", "Payload": "text"})
    assert output == {
        "ExecutedVersion": "$LATEST",
        "Payload": {"sum": 3},
        "SdkHttpMetadata": output["SdkHttpMetadata"],
        "SdkResponseMetadata": {"RequestId": "req-1"},
        "StatusCode": 200,
    }
    assert world.clients.requests("invoke") == [
        {"FunctionName": "work", "Qualifier": "live", "Payload": b'"text"'},
    ]


def test_an_asynchronous_invocation(world: World) -> None:
    answers(world, "", StatusCode=202)
    output = world.output(INVOKE, {"FunctionName": "work", "InvocationType": "Event", "Payload": {}})
    assert (output["Payload"], output["StatusCode"]) == ("", 202)


@pytest.mark.parametrize(
    ("arn", "cause"),
    [(FUNCTION, ERROR), (INVOKE, '{"errorMessage":"Bad row","errorType":"BadRow","stackTrace":[]}')],
)
def test_an_exception_has_the_name_of_its_class(world: World, arn: str, cause: str) -> None:
    answers(world, ERROR, FunctionError="Unhandled")
    assert world.failure(arn, {"FunctionName": "work"}) == ("BadRow", cause, "run")


@pytest.mark.parametrize("payload", ['{"errorMessage":"Task timed out after 3.00 seconds"}', "null", "gone"])
def test_an_error_without_a_type(world: World, payload: str) -> None:
    answers(world, payload, FunctionError="Unhandled")
    cause = (
        f"The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
    )
    assert world.failure(INVOKE, {"FunctionName": "work"}) == ("Lambda.Unknown", cause, "run")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ResourceNotFoundException", "Lambda.ResourceNotFoundException"),
        ("TooManyRequestsException", "Lambda.TooManyRequestsException"),
        ("ServiceException", "Lambda.ServiceException"),
        ("AccessDeniedException", "Lambda.AWSLambdaException"),
    ],
)
@pytest.mark.parametrize("arn", [FUNCTION, INVOKE])
def test_what_lambda_refuses(world: World, arn: str, code: str, error: str) -> None:
    world.clients.answer("lambda", "invoke", refused(code, "Why", 429))
    cause = f"Why (Service: AWSLambda; Status Code: 429; Error Code: {code}; Request ID: req-1; Proxy: null)"
    assert world.failure(arn, {"FunctionName": "work"}) == (error, cause, "run")


def test_a_function_that_is_given_the_token(world: World) -> None:
    answers(world, "null")
    found = world.start(f"{INVOKE}.waitForTaskToken", {"FunctionName": "work", "Payload": {"token": "t"}})
    assert isinstance(found, Submitted)
    assert (found.output["Payload"], found.job) == (None, None)


def test_a_function_that_is_given_the_token_and_fails(world: World) -> None:
    answers(world, ERROR, FunctionError="Unhandled")
    error, cause, phase = world.failure(f"{INVOKE}.waitForTaskToken", {"FunctionName": "work"})
    assert (error, json.loads(cause)["errorMessage"], phase) == ("BadRow", "Bad row", "submit")


def test_a_function_without_a_name(world: World) -> None:
    error, cause, _ = world.failure(INVOKE, {"Payload": {}})
    assert error == "Lambda.AWSLambdaException"
    assert cause.startswith("1 validation error detected: Value null at 'functionName'")
