from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskFailed
from local_aws.stepfunctions.tasks.executions import execution_arn
from tests.local_aws.stepfunctions.tasks.fakes import World, call, refused

START = "arn:aws:states:::states:startExecution"
CHILD = "arn:aws:states:us-east-1:111122223333:stateMachine:Child"
RUN = "arn:aws:states:us-east-1:111122223333:execution:Child:n"
WHEN = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
EXISTS = refused("ExecutionAlreadyExists", "Execution Already Exists: 'n'")


def described(status: str, **more: Any) -> dict[str, Any]:
    return {
        "executionArn": RUN,
        "stateMachineArn": CHILD,
        "name": "n",
        "status": status,
        "startDate": WHEN,
        "input": '{"a":1}',
        "inputDetails": {"included": True},
        **more,
    }


def prepared(world: World, *answers: Any) -> World:
    world.clients.answer("stepfunctions", "start_execution", {"executionArn": RUN, "startDate": WHEN})
    world.clients.answer("stepfunctions", "describe_execution", *answers)
    return world


def submitted(world: World, end: str, **changes: Any) -> Submitted:
    found = world.start(f"{START}{end}", {"StateMachineArn": CHILD, "Input": {"a": 1}, "Name": "n"}, **changes)
    assert isinstance(found, Submitted)
    return found


def poll(world: World, end: str) -> Done | None:
    return world.of(START + end).poll(call(START + end, {}), {"arn": RUN})


@pytest.mark.parametrize(
    ("end", "input_", "output"),
    [(".sync", '{"a":1}', '{"b": 2}'), (".sync:2", {"a": 1}, {"b": 2})],
)
def test_the_output_of_an_execution(world: World, end: str, input_: Any, output: Any) -> None:
    ended = described("SUCCEEDED", output='{"b": 2}', outputDetails={"included": True}, stopDate=WHEN, redriveCount=0)
    prepared(world, described("RUNNING"), ended)
    found = submitted(world, end)
    assert found.job == {"arn": RUN}
    assert found.output["StartDate"] == 1769860800000
    assert world.clients.requests("start_execution") == [
        {"stateMachineArn": CHILD, "input": '{"a":1}', "name": "n"},
    ]
    assert poll(world, end) is None
    assert poll(world, end) == Done(
        {
            "ExecutionArn": RUN,
            "Input": input_,
            "InputDetails": {"Included": True},
            "Name": "n",
            "Output": output,
            "OutputDetails": {"Included": True},
            "RedriveCount": 0,
            "StartDate": 1769860800000,
            "StateMachineArn": CHILD,
            "Status": "SUCCEEDED",
            "StopDate": 1769860800000,
        }
    )


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_does_not_succeed(world: World, status: str) -> None:
    prepared(world, described(status, error="Broken", cause="Why"))
    with pytest.raises(TaskFailed) as failed:
        poll(world, ".sync")
    assert failed.value.error == "States.TaskFailed"
    cause = json.loads(failed.value.cause)
    assert (cause["Status"], cause["Error"], cause["Cause"], cause["Input"]) == (status, "Broken", "Why", '{"a":1}')


def test_without_waiting(world: World) -> None:
    prepared(world)
    output = world.output(START, {"StateMachineArn": CHILD})
    assert output["ExecutionArn"] == RUN


def test_a_name_is_made_of_the_call(world: World) -> None:
    prepared(world)
    for key in ("a", "a", "b"):
        world.output(START, {"StateMachineArn": CHILD}, key=key)
    first, again, other = (request["name"] for request in world.clients.requests("start_execution"))
    assert first == again != other
    assert len(first) == 36


def test_with_a_token(world: World) -> None:
    prepared(world)
    assert submitted(world, ".waitForTaskToken").job is None


def test_an_execution_that_has_ended_is_found_again(world: World) -> None:
    prepared(world, described("SUCCEEDED", output="1"))
    world.clients.answer("stepfunctions", "start_execution", EXISTS)
    found = submitted(world, ".sync", again=True)
    assert found.job == {"arn": RUN}
    assert found.output["ExecutionArn"] == RUN
    assert world.clients.requests("describe_execution") == [{"executionArn": RUN}]


@pytest.mark.parametrize(("again", "given"), [(False, '{"a":1}'), (True, '{"a":2}')])
def test_an_execution_of_another_call_is_an_error(world: World, *, again: bool, given: str) -> None:
    prepared(world, described("SUCCEEDED") | {"input": given})
    world.clients.answer("stepfunctions", "start_execution", EXISTS)
    arguments = {"StateMachineArn": CHILD, "Input": {"a": 1}, "Name": "n"}
    error, _, phase = world.failure(f"{START}.sync", arguments, again=again)
    assert (error, phase) == ("StepFunctions.ExecutionAlreadyExistsException", "submit")


def test_a_machine_that_does_not_exist(world: World) -> None:
    world.clients.answer(
        "stepfunctions", "start_execution", refused("StateMachineDoesNotExist", "State Machine Does Not Exist: 'x'")
    )
    error, cause, phase = world.failure(START, {"StateMachineArn": "x"})
    assert (error, phase) == ("StepFunctions.StateMachineDoesNotExistException", "run")
    assert cause == (
        "State Machine Does Not Exist: 'x' (Service: AWSStepFunctions; Status Code: 400; "
        "Error Code: StateMachineDoesNotExist; Request ID: req-1; Proxy: null)"
    )


def test_an_execution_is_aborted_with_its_state(world: World) -> None:
    world.clients.answer("stepfunctions", "stop_execution", {})
    world.of(f"{START}.sync").stop(call(f"{START}.sync", {}), {"arn": RUN})
    assert world.clients.requests("stop_execution") == [{"executionArn": RUN}]


@pytest.mark.parametrize("end", ["", ":7", ":live"])
def test_the_arn_of_an_execution(end: str) -> None:
    assert execution_arn({"stateMachineArn": CHILD + end, "name": "n"}) == RUN
