"""How far executions have come, by the histories of executions that local AWS ran."""

from __future__ import annotations

import json
from typing import Any

import pytest
from slipway.workflows.progress import Progress, read_progress

from tests.local_server import LocalServer, wait_for


def history(aws: LocalServer, name: str, definition: dict[str, Any], *, stop: bool = False) -> tuple[list[Any], str]:
    client = aws.client("stepfunctions")
    role = aws.create_role(f"{name}-role", "states.amazonaws.com", {"Effect": "Deny", "Action": "*", "Resource": "*"})
    text = json.dumps({"QueryLanguage": "JSONata", **definition})
    machine = client.create_state_machine(name=name, definition=text, roleArn=role)["stateMachineArn"]
    arn = client.start_execution(stateMachineArn=machine)["executionArn"]

    def events() -> list[Any]:
        return list(client.get_execution_history(executionArn=arn, maxResults=1000)["events"])

    if stop:
        wait_for(lambda: "WaitStateEntered" in [event["type"] for event in events()], "the Wait")
        running = read_progress(events(), "RUNNING")
        assert running["Hold"] == Progress("running", 1, 0)
        client.stop_execution(executionArn=arn)

    def ended() -> str:
        status = str(client.describe_execution(executionArn=arn)["status"])
        return "" if status == "RUNNING" else status

    status: str = wait_for(ended, "the end", 20)
    return events(), status


def test_a_map_whose_items_fail_and_are_caught(local_aws: LocalServer) -> None:
    try_it = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "none"},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Keep"}],
        "End": True,
    }
    choose = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input = 2 %}", "Next": "Try"}],
        "Default": "Fine",
    }
    inner = {"Choose": choose, "Try": try_it, "Keep": {"Type": "Pass", "End": True}, "Fine": {"Type": "Succeed"}}
    each = {"Type": "Map", "Items": [1, 2, 3], "ItemProcessor": {"StartAt": "Choose", "States": inner}, "Next": "Last"}
    definition = {"StartAt": "Each", "States": {"Each": each, "Last": {"Type": "Pass", "End": True}}}
    assert read_progress(*history(local_aws, "progress-map", definition)) == {
        "Each": Progress("succeeded", 1, 1),
        "Choose": Progress("succeeded", 3, 3),
        "Try": Progress("caught", 1, 1, 1),
        "Keep": Progress("succeeded", 1, 1),
        "Fine": Progress("succeeded", 2, 2),
        "Last": Progress("succeeded", 1, 1),
    }


def test_a_failure(local_aws: LocalServer) -> None:
    states = {"First": {"Type": "Pass", "Next": "Stop"}, "Stop": {"Type": "Fail", "Error": "E", "Cause": "why"}}
    found = read_progress(*history(local_aws, "progress-fail", {"StartAt": "First", "States": states}))
    assert found == {"First": Progress("succeeded", 1, 1), "Stop": Progress("failed", 1, 0)}


def test_an_execution_that_is_stopped(local_aws: LocalServer) -> None:
    branch = {"StartAt": "Hold", "States": {"Hold": {"Type": "Wait", "Seconds": 60, "End": True}}}
    definition = {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": [branch], "End": True}}}
    found = read_progress(*history(local_aws, "progress-stop", definition, stop=True))
    assert found == {"Both": Progress("aborted", 1, 0), "Hold": Progress("aborted", 1, 0)}


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress("running"), "running"),
        (Progress("running", 4, 1), "running 1 of 4"),
        (Progress("caught", 4, 4, 2), "caught 4 of 4, 2 failed"),
    ],
)
def test_words(progress: Progress, words: str) -> None:
    assert progress.words == words
