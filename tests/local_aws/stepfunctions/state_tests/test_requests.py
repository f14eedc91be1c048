from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.stepfunctions.state_tests.requests import Mock, StateTest
from tests.local_aws.stepfunctions.surroundings import ROLE, Neighbourhood

PASS = {"Type": "Pass", "End": True}
PUT_EVENTS = "arn:aws:states:::events:putEvents"
START = "arn:aws:states:::aws-sdk:sfn:startExecution"
PREFIX = "Mock result schema validation error: "
CONTEXT = "Invalid Context object provided: "


def task(resource: str = "arn:aws:states:::lambda:invoke.waitForTaskToken") -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True}


def request(state: Any, **more: Any) -> dict[str, Any]:
    return {"definition": json.dumps(state), **more}


def mocked(state: Any, result: Any, **more: Any) -> dict[str, Any]:
    return request(state, mock={"result": json.dumps(result)}, **more)


def test_a_state_is_run_with_what_the_request_says(states: Neighbourhood) -> None:
    given = request(
        PASS,
        roleArn=ROLE,
        input="[1]",
        variables='{"x": 1}',
        inspectionLevel="TRACE",
        revealSecrets=True,
        stateConfiguration={"retrierRetryCount": 1},
    )
    assert states.call("TestState", **given) == {"status": "SUCCEEDED", "output": "[1]"}
    assert states.tests == [
        StateTest(
            definition=json.dumps(PASS),
            state_name=None,
            role_arn=ROLE,
            input="[1]",
            level="TRACE",
            variables={"x": 1},
            configuration={"retrierRetryCount": 1},
        )
    ]


def test_a_mock_needs_no_role(states: Neighbourhood) -> None:
    states.call("TestState", **mocked(task(), {"a": 1}, context='{"Task": {"Token": "t"}, "Execution": {}}'))
    states.call("TestState", **request(task(), mock={"errorOutput": {"error": "E", "cause": "C"}}))
    assert [test.mock for test in states.tests] == [Mock(result={"a": 1}), Mock(error="E", cause="C")]
    assert states.tests[0].context == {"Task": {"Token": "t"}, "Execution": {}}


def test_a_state_of_a_machine_is_found_at_any_depth(states: Neighbourhood) -> None:
    branch = {"StartAt": "In", "States": {"In": task()}}
    machine = {"StartAt": "Out", "States": {"Out": {"Type": "Parallel", "Branches": [branch], "End": True}}}
    states.call("TestState", **mocked(machine, 1, stateName="In"))
    assert states.tests[0].state_name == "In"
    code, message = states.refused("TestState", **mocked(machine, 1, stateName="Nowhere"))
    assert (code, message) == (
        "ValidationException",
        "State 'Nowhere' not found in the state machine definition.",
    )


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (
            mocked(PASS, 1),
            "ValidationException",
            "State type 'Pass' is not supported when a mock is specified",
        ),
        (
            request({"Type": "Map"}, roleArn=ROLE),
            "InvalidDefinition",
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, "
            "Succeed, Fail, Choice]",
        ),
        (
            request(task(), mock={"result": "1", "errorOutput": {"error": "E"}}),
            "ValidationException",
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
        (
            mocked(task(), 1, revealSecrets=True),
            "ValidationException",
            "TestState does not support RevealSecrets when a mock is specified.",
        ),
        (mocked({"Type": "Map"}, {}), "ValidationException", "Mocked result must be an array."),
        (
            mocked({"Type": "Map", "ResultWriter": {}}, []),
            "ValidationException",
            "Mocked result must be a JSON object.",
        ),
        (mocked({"Type": "Parallel", "Branches": [{}]}, {}), "ValidationException", "Mocked result must be an array."),
        (
            mocked({"Type": "Parallel", "Branches": [{}]}, [1, 2]),
            "ValidationException",
            "Mocked result must contain the same number of items as number of Parallel branches.",
        ),
        (request(PASS), "ValidationException", "roleArn is required unless a mock is specified."),
        (request(PASS, roleArn="x"), "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'"),
        (
            request(PASS, roleArn=ROLE, context="{}"),
            "ValidationException",
            "A Context object can only be specified when a mock is specified.",
        ),
        (
            request(PASS, roleArn=ROLE, input="{"),
            "InvalidExecutionInput",
            "Invalid State Machine Execution Input: 'Unexpected end-of-input'",
        ),
        (request(PASS, roleArn=ROLE, variables="[]"), "ValidationException", "variables must be a JSON object."),
        (
            {"definition": "[]", "roleArn": ROLE},
            "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object'",
        ),
        (
            request(task(), roleArn=ROLE),
            "InvalidDefinition",
            "TestState API does not support Activity tasks, or the .sync or .waitForTaskToken service integration "
            "patterns, unless a mock is specified",
        ),
        (request(task(), mock={"errorOutput": {}}), "ValidationException", "mock.errorOutput.error is required."),
    ],
)
def test_refusals(states: Neighbourhood, given: dict[str, Any], code: str, message: str) -> None:
    assert states.refused("TestState", **given) == (code, message)
    assert states.tests == []


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"Execution": {"Id": 1}}, "Execution.Id must be a string"),
        ({"Execution": {"RedriveCount": "1"}}, "Execution.RedriveCount must be a number"),
        ({"Execution": {"pokemon": 1}}, "Field 'pokemon' is not allowed"),
        ({"Pokedex": {}}, "Field 'Pokedex' is not allowed"),
        ({"Map": {}}, "'Map' field is not supported when mocking a Context object"),
        ({"State": 1}, "State must be a JSON object"),
    ],
)
def test_contexts_that_are_refused(states: Neighbourhood, context: dict[str, Any], message: str) -> None:
    given = mocked(task(), 1, context=json.dumps(context))
    assert states.refused("TestState", **given) == ("ValidationException", f"{CONTEXT}{message}")


def test_only_a_task_that_waits_has_a_token(states: Neighbourhood) -> None:
    given = mocked(task(PUT_EVENTS), {}, context='{"Task": {"Token": "t"}}')
    message = (
        "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service "
        "integration pattern"
    )
    assert states.refused("TestState", **given) == ("ValidationException", f"{CONTEXT}{message}")


@pytest.mark.parametrize(
    ("resource", "result", "message"),
    [
        (PUT_EVENTS, {"Entries": 1}, "Field 'Entries' must be an array"),
        (PUT_EVENTS, {"Entries": [{}, {"EventId": 1}]}, "Field 'EventId' must be a string"),
        (PUT_EVENTS, [], "Field 'result' must be a JSON object"),
        (PUT_EVENTS, {"FailedEntryCount": True}, "Field 'FailedEntryCount' must be a number"),
        (START, {}, "Required field 'ExecutionArn' is missing"),
        (START, {"executionArn": "x"}, "Required field 'ExecutionArn' is missing"),
        (START, {"ExecutionArn": "x", "StartDate": 1}, "Field 'StartDate' must be a string"),
        (
            "arn:aws:states:::aws-sdk:s3:getObject",
            {"SsekmsKeyId": 1},
            "Field 'SsekmsKeyId' must be a string",
        ),
        ("arn:aws:states:::lambda:invoke", {"StatusCode": "200"}, "Field 'StatusCode' must be a number"),
        (
            "arn:aws:states:::aws-sdk:s3:getObject",
            {"StorageClass": "WARM"},
            "Field 'StorageClass' is not an expected value",
        ),
        (
            "arn:aws:states:::aws-sdk:kms:encrypt",
            {"CiphertextBlob": ""},
            "Field 'CiphertextBlob' is smaller than the minimum length",
        ),
        (
            "arn:aws:states:::aws-sdk:lambda:getFunction",
            {"Configuration": {"MemorySize": 1}},
            "Field 'MemorySize' is less than the minimum value",
        ),
        (
            "arn:aws:states:::aws-sdk:lambda:getFunction",
            {"Configuration": {"MemorySize": 99999}},
            "Field 'MemorySize' exceeds the maximum value",
        ),
    ],
)
def test_a_mocked_result_is_held_against_the_api(
    states: Neighbourhood, resource: str, result: Any, message: str
) -> None:
    assert states.refused("TestState", **mocked(task(resource), result)) == (
        "ValidationException",
        f"{PREFIX}{message}",
    )
    lax = {"mock": {"result": json.dumps(result), "fieldValidationMode": "NONE"}}
    states.call("TestState", **request(task(resource), **lax))


@pytest.mark.parametrize("result", [{}, {"Random": "json"}])
def test_fields_beyond_the_api_are_allowed(states: Neighbourhood, result: Any) -> None:
    states.call("TestState", **mocked(task(PUT_EVENTS), result))


def test_present_asks_for_no_field(states: Neighbourhood) -> None:
    def mock(result: Any) -> dict[str, Any]:
        return {"mock": {"result": json.dumps(result), "fieldValidationMode": "PRESENT"}}

    states.call("TestState", **request(task(START), **mock({})))
    code, message = states.refused("TestState", **request(task(START), **mock({"ExecutionArn": 1})))
    assert (code, message) == ("ValidationException", f"{PREFIX}Field 'ExecutionArn' must be a string")


def test_a_service_without_a_model_is_told(states: Neighbourhood) -> None:
    code, message = states.refused("TestState", **mocked(task("arn:aws:states:::aws-sdk:nothing:do"), {}))
    assert code == "ValidationException"
    assert "fieldValidationMode NONE" in message
