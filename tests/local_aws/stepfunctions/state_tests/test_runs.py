from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.stepfunctions.contracts.engine import EngineError
from local_aws.stepfunctions.state_tests.requests import Mock, StateTest
from local_aws.stepfunctions.state_tests.runs import StateRuns
from local_aws.stepfunctions.tasks.contract import Done, TaskFailed
from tests.local_aws.stepfunctions.execution.fakes import FakeTasks
from tests.local_aws.stepfunctions.interpreter.play import INVOKE

TASK = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f"}, "Next": "After"}
GIVEN = {"initial": {"x": 1}, "other": 2}


def run(definition: Any, given: Any = None, tasks: FakeTasks | None = None, **more: Any) -> Any:
    runs = StateRuns(tasks or FakeTasks(), "us-east-1", "000000000000", lambda: "name")
    text = json.dumps({} if given is None else given)
    role = "arn:aws:iam::000000000000:role/r"
    answer = dict(runs(StateTest(json.dumps(definition), more.pop("state_name", None), role, text, **more)))
    if "output" in answer:
        answer["output"] = json.loads(answer["output"])
    return answer


def seen(answer: Any) -> dict[str, Any]:
    return {
        name: json.loads(value) if isinstance(value, str) else value for name, value in answer["inspectionData"].items()
    }


def test_a_pass_state() -> None:
    state = {
        "Type": "Pass",
        "InputPath": "$.initial",
        "Parameters": {"y.$": "$.x"},
        "ResultPath": "$.made",
        "Next": "After",
    }
    made = {**GIVEN, "made": {"y": 1}}
    assert run(state, GIVEN) == {"status": "SUCCEEDED", "output": made, "nextState": "After"}
    assert seen(run(state, GIVEN, level="DEBUG")) == {
        "input": GIVEN,
        "afterInputPath": {"x": 1},
        "afterParameters": {"y": 1},
        "afterResultSelector": {"y": 1},
        "afterResultPath": made,
    }


def test_what_is_shown_of_a_pass_state_is_what_it_puts_out() -> None:
    answer = run({"Type": "Pass", "Parameters": {"id.$": "States.UUID()"}, "End": True}, level="DEBUG")
    assert seen(answer)["afterParameters"] == answer["output"]


def test_a_pass_state_with_a_result() -> None:
    state = {"Type": "Pass", "Result": {"r": 1}, "End": True}
    assert seen(run(state, GIVEN, level="DEBUG")) == {
        "input": GIVEN,
        "result": {"r": 1},
        "afterResultSelector": {"r": 1},
        "afterResultPath": {"r": 1},
    }


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ({"Type": "Succeed"}, {"status": "SUCCEEDED", "output": {"n": 3}}),
        ({"Type": "Fail", "Error": "E", "Cause": "why"}, {"status": "FAILED", "error": "E", "cause": "why"}),
        (
            {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericEquals": 3, "Next": "Three"}],
                "Default": "Other",
            },
            {"status": "SUCCEEDED", "output": {"n": 3}, "nextState": "Three"},
        ),
        (
            {"Type": "Wait", "Seconds": 0, "Next": "After"},
            {"status": "SUCCEEDED", "output": {"n": 3}, "nextState": "After"},
        ),
    ],
)
def test_states_without_a_result(state: Any, answer: Any) -> None:
    assert run(state, {"n": 3}) == answer
    assert seen(run(state, {"n": 3}, level="DEBUG")) == {"input": {"n": 3}, "afterInputPath": {"n": 3}}


def test_a_wait_that_is_longer_than_a_test_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local_aws.stepfunctions.state_tests.runs._MOST_WAIT_S", 0.0)
    assert run({"Type": "Wait", "Seconds": 1, "End": True}) == {"status": "FAILED", "error": "States.Timeout"}


def test_a_task_is_called() -> None:
    tasks = FakeTasks({"StateName": lambda call: Done({"got": call.arguments})})
    answer = run({**TASK, "ResultSelector": {"only.$": "$.got"}}, tasks=tasks, level="DEBUG")
    assert answer["output"] == {"only": {"FunctionName": "f"}}
    assert seen(answer)["result"] == {"got": {"FunctionName": "f"}}
    assert tasks.calls[0].role_arn == "arn:aws:iam::000000000000:role/r"


def test_a_mock_stands_for_the_call() -> None:
    answer = run(TASK, mock=Mock(result={"Payload": 1}), level="DEBUG")
    assert answer["output"] == {"Payload": 1}
    assert seen(answer)["afterParameters"] == {"FunctionName": "f"}


def test_a_mocked_error_is_retried_then_caught_then_fails() -> None:
    state = {
        **TASK,
        "Retry": [{"ErrorEquals": ["Broken"], "IntervalSeconds": 4, "MaxAttempts": 2}],
        "Catch": [{"ErrorEquals": ["Broken"], "ResultPath": "$.error", "Next": "Mend"}],
    }
    broken = Mock(error="Broken", cause="why")
    first = run(state, {"x": 1}, mock=broken, level="DEBUG", configuration={"retrierRetryCount": 1})
    assert (first["status"], first["error"], first["cause"]) == ("RETRIABLE", "Broken", "why")
    assert first["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 8}
    caught = run(state, {"x": 1}, mock=broken, level="DEBUG", configuration={"retrierRetryCount": 2})
    assert (caught["status"], caught["nextState"]) == ("CAUGHT_ERROR", "Mend")
    assert caught["output"] == {"x": 1, "error": {"Error": "Broken", "Cause": "why"}}
    assert caught["inspectionData"]["errorDetails"] == {"catchIndex": 0}
    assert run(TASK, mock=broken)["status"] == "FAILED"


def test_what_a_call_fails_with_is_told() -> None:
    def fail(_: Any) -> Done:
        raise TaskFailed("Lambda.Unknown", "gone")

    assert run(TASK, tasks=FakeTasks({"StateName": fail})) == {
        "status": "FAILED",
        "error": "Lambda.Unknown",
        "cause": "gone",
    }


def test_a_jsonata_state_sees_variables_and_sets_them() -> None:
    state = {
        **{name: value for name, value in TASK.items() if name != "Parameters"},
        "QueryLanguage": "JSONata",
        "Arguments": {"FunctionName": "{% $name %}"},
        "Assign": {"payload": "{% $states.result.Payload %}"},
        "Output": "{% $states.result.Payload + 1 %}",
    }
    answer = run(state, mock=Mock(result={"Payload": 1}), variables={"name": "f"}, level="DEBUG")
    assert answer["output"] == 2
    assert seen(answer) == {
        "input": {},
        "afterArguments": {"FunctionName": "f"},
        "result": {"Payload": 1},
        "variables": {"name": "f", "payload": 1},
    }


def test_a_map_shows_its_items() -> None:
    item = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}
    state = {
        "Type": "Map",
        "ItemsPath": "$.list",
        "ItemSelector": {"value.$": "$$.Map.Item.Value"},
        "MaxConcurrency": 2,
        "ItemProcessor": item,
        "End": True,
    }
    answer = run(state, {"list": [1, 2]}, mock=Mock(result=[1, 2]), level="DEBUG")
    assert answer["output"] == [1, 2]
    inspected = seen(answer)
    assert inspected["afterItemsPath"] == [1, 2]
    assert inspected["afterItemSelector"] == [{"value": 1}, {"value": 2}]
    assert inspected["maxConcurrency"] == 2


def test_a_state_of_a_machine_is_found_by_its_name() -> None:
    machine = {
        "StartAt": "P",
        "States": {
            "P": {
                "Type": "Parallel",
                "Branches": [{"StartAt": "In", "States": {"In": {"Type": "Pass", "Result": 1, "End": True}}}],
                "End": True,
            }
        },
    }
    assert run(machine, state_name="In")["output"] == 1
    with pytest.raises(EngineError, match="'Out' not found"):
        run(machine, state_name="Out")
    with pytest.raises(EngineError, match="InvalidDefinition"):
        run({"Type": "Pass"})
