from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.contracts.records import MapRunRecord
from local_aws.stepfunctions.execution import map_counts
from tests.local_aws.stepfunctions.surroundings import (
    DEFINITION,
    GROUP,
    MACHINE,
    OTHER_DEFINITION,
    REGION,
    ROLE,
    Neighbourhood,
    logging_to,
)

EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:orders:one"
EXPRESS = f"arn:aws:states:{REGION}:{ACCOUNT}:express:orders:one:id"
MAP_RUN = f"arn:aws:states:{REGION}:{ACCOUNT}:mapRun:orders/Map:run"
AT = 1893456000.0
DAY = 24 * 60 * 60.0


def test_an_execution_is_started_and_described(states: Neighbourhood) -> None:
    states.create()
    started = states.call("StartExecution", stateMachineArn=MACHINE, name="one", input='{"a": 1}', traceHeader="Root=1")
    assert started == {"executionArn": EXECUTION, "startDate": AT}
    states.engine.end(EXECUTION)
    assert states.call("DescribeExecution", executionArn=EXECUTION) == {
        "executionArn": EXECUTION,
        "stateMachineArn": MACHINE,
        "name": "one",
        "status": "SUCCEEDED",
        "startDate": AT,
        "stopDate": AT,
        "input": '{"a": 1}',
        "inputDetails": {"included": True},
        "output": "{}",
        "outputDetails": {"included": True},
        "traceHeader": "Root=1",
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
    }
    shown = states.call("DescribeExecution", executionArn=EXECUTION, includedData="METADATA_ONLY")
    assert not shown.keys() & {"input", "inputDetails", "output", "outputDetails"}


def test_a_start_without_name_and_input_has_a_new_name_and_an_empty_object(states: Neighbourhood) -> None:
    states.create()
    first, second = states.start(), states.start()
    assert first != second
    assert states.call("DescribeExecution", executionArn=first)["input"] == "{}"


def test_a_start_of_the_same_name_and_input_is_the_same(states: Neighbourhood) -> None:
    states.create()
    assert states.start(name="one", input="1") == states.start(name="one", input="1") == EXECUTION
    refused = ("ExecutionAlreadyExists", f"Execution Already Exists: '{EXECUTION}'")
    assert states.refused("StartExecution", stateMachineArn=MACHINE, name="one", input="2") == refused


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "Invalid execution input."),
        (
            "not some json",
            "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or "
            "'false')",
        ),
        ("{'not': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
        ('{"a": }', "Unexpected character ('}' (code 125)): expected a valid value (JSON String, Number, Array, "
                    "Object or token 'null', 'true' or 'false')"),
        ('{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value"),
        ('{"a": 1 2}', "Unexpected character ('2' (code 50)): was expecting comma to separate entries"),
        ('{"a"', "Unexpected end-of-input"),
        ("NaN", "Unrecognized token 'NaN': was expecting (JSON String, Number, Array, Object or token 'null', 'true' "
                "or 'false')"),
    ],
)  # fmt: skip
def test_input_that_is_no_json(states: Neighbourhood, given: str, reason: str) -> None:
    states.create()
    refused = ("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{reason}'")
    assert states.refused("StartExecution", stateMachineArn=MACHINE, input=given) == refused


@pytest.mark.parametrize("given", ["0", '"text"', "null", "[]"])
def test_input_of_any_json(states: Neighbourhood, given: str) -> None:
    states.create()
    assert states.call("DescribeExecution", executionArn=states.start(input=given))["input"] == given


def test_input_is_bounded_in_bytes(states: Neighbourhood) -> None:
    states.create()
    given = '"' + "ä" * 131_072 + '"'
    assert states.refused("StartExecution", stateMachineArn=MACHINE, input=given)[0] == "ValidationException"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"stateMachineArn": f"{MACHINE}x"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": f"{MACHINE}:7"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": f"{MACHINE}:PROD"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": f"{MACHINE}/label"}, "ValidationException"),
        ({"stateMachineArn": MACHINE, "name": "a b"}, "InvalidName"),
    ],
)
@pytest.mark.parametrize("operation", ["StartExecution", "StartSyncExecution"])
def test_starts_that_are_refused(states: Neighbourhood, operation: str, request_: dict[str, Any], code: str) -> None:
    states.create(type="EXPRESS")
    assert states.refused(operation, **request_)[0] == code


def test_an_express_machine_runs_synchronously(states: Neighbourhood) -> None:
    states.create(type="EXPRESS")
    ended = states.call("StartSyncExecution", stateMachineArn=MACHINE, name="one", input="[1]")
    arn = ended.pop("executionArn")
    assert arn.startswith(f"arn:aws:states:{REGION}:{ACCOUNT}:express:orders:one:")
    assert ended == {
        "stateMachineArn": MACHINE,
        "name": "one",
        "status": "SUCCEEDED",
        "startDate": AT,
        "stopDate": AT,
        "input": "[1]",
        "inputDetails": {"included": True},
        "output": "[1]",
        "outputDetails": {"included": True},
        "billingDetails": {"billedDurationInMilliseconds": 100, "billedMemoryUsedInMB": 64},
    }
    assert states.call("StartExecution", stateMachineArn=MACHINE, name="one")["executionArn"] != arn


def test_what_a_type_does_not_support(states: Neighbourhood) -> None:
    states.create()
    wrong = ("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
    assert states.refused("StartSyncExecution", stateMachineArn=MACHINE) == wrong
    express = states.create("express", type="EXPRESS")
    assert states.refused("ListExecutions", stateMachineArn=express) == wrong
    refused = ("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")
    for operation in ("DescribeExecution", "StopExecution", "GetExecutionHistory", "RedriveExecution"):
        assert states.refused(operation, executionArn=EXPRESS) == refused


@pytest.mark.parametrize(
    "operation",
    [
        "DescribeExecution",
        "StopExecution",
        "GetExecutionHistory",
        "RedriveExecution",
        "ListMapRuns",
        "DescribeStateMachineForExecution",
    ],
)
def test_executions_that_are_not_there(states: Neighbourhood, operation: str) -> None:
    missing = ("ExecutionDoesNotExist", f"Execution Does Not Exist: '{EXECUTION}'")
    assert states.refused(operation, executionArn=EXECUTION) == missing
    assert states.refused(operation, executionArn="x") == ("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'")


def test_stop(states: Neighbourhood) -> None:
    states.create()
    states.start(name="one")
    states.clock.advance(3)
    assert states.call("StopExecution", executionArn=EXECUTION, error="E", cause="C") == {"stopDate": AT + 3}
    shown = states.call("DescribeExecution", executionArn=EXECUTION)
    assert (shown["status"], shown["error"], shown["cause"]) == ("ABORTED", "E", "C")
    assert shown["redriveStatus"] == "REDRIVABLE"


def test_an_execution_keeps_the_machine_as_it_was(states: Neighbourhood) -> None:
    states.create(loggingConfiguration=logging_to(GROUP, "ERROR"), tracingConfiguration={"enabled": True})
    states.start(name="one")
    states.call("UpdateStateMachine", stateMachineArn=MACHINE, definition=OTHER_DEFINITION)
    assert states.call("DescribeStateMachineForExecution", executionArn=EXECUTION) == {
        "stateMachineArn": MACHINE,
        "name": "orders",
        "definition": DEFINITION,
        "roleArn": ROLE,
        "updateDate": AT,
        "loggingConfiguration": logging_to(GROUP, "ERROR", includeExecutionData=False),
        "tracingConfiguration": {"enabled": True},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }


def test_a_redrive_is_idempotent_by_its_token_for_a_while(states: Neighbourhood) -> None:
    states.create()
    states.start(name="one")
    states.engine.end(EXECUTION, "FAILED")
    first = states.call("RedriveExecution", executionArn=EXECUTION, clientToken="t")
    states.clock.advance(60)
    assert states.call("RedriveExecution", executionArn=EXECUTION, clientToken="t") == first == {"redriveDate": AT}
    states.engine.end(EXECUTION, "FAILED")
    states.clock.advance(15 * 60)
    assert states.call("RedriveExecution", executionArn=EXECUTION, clientToken="t")["redriveDate"] == AT + 960
    shown = states.call("DescribeExecution", executionArn=EXECUTION)
    assert (shown["redriveCount"], shown["redriveDate"]) == (2, AT + 960)


@pytest.mark.parametrize(
    ("status", "passed", "reason"),
    [
        ("RUNNING", 0.0, "Execution is RUNNING and cannot be redriven"),
        ("SUCCEEDED", 0.0, "Execution is SUCCEEDED and cannot be redriven"),
        ("FAILED", 15 * DAY, "Execution redrivable period exceeded"),
        ("FAILED", 366 * DAY, "Execution has exceeded the max execution time"),
    ],
)
def test_what_cannot_be_redriven(states: Neighbourhood, status: str, passed: float, reason: str) -> None:
    states.create()
    states.start(name="one")
    if status != "RUNNING":
        states.engine.end(EXECUTION, status)
    states.clock.advance(passed)
    assert states.refused("RedriveExecution", executionArn=EXECUTION) == ("ExecutionNotRedrivable", reason)
    assert states.call("DescribeExecution", executionArn=EXECUTION)["redriveStatusReason"] == reason


def test_executions_are_listed_newest_first_in_pages(states: Neighbourhood) -> None:
    states.create(publish=True)
    for number in range(5):
        states.start(f"{MACHINE}:1" if number == 4 else MACHINE, name=f"n{number}")
        states.clock.advance(number % 2)
    states.engine.end(EXECUTION.replace(":one", ":n1"))

    def page(**request: Any) -> tuple[list[str], str | None]:
        answer = states.call("ListExecutions", stateMachineArn=MACHINE, **request)
        return [one["name"] for one in answer["executions"]], answer.get("nextToken")

    assert page() == (["n4", "n3", "n2", "n1", "n0"], None)
    names, token = page(maxResults=2)
    assert names == ["n4", "n3"]
    states.engine.end(EXECUTION.replace(":one", ":n3"))
    assert page(maxResults=2, nextToken=token)[0] == ["n2", "n1"]
    assert page(statusFilter="SUCCEEDED")[0] == ["n3", "n1"]
    running, token = page(statusFilter="RUNNING", maxResults=1)
    states.engine.end(EXECUTION.replace(":one", ":n4"))
    assert (running, page(statusFilter="RUNNING", maxResults=9, nextToken=token)[0]) == (["n4"], ["n2", "n0"])
    of_version = states.call("ListExecutions", stateMachineArn=f"{MACHINE}:1")["executions"]
    assert of_version == [
        {
            "executionArn": EXECUTION.replace(":one", ":n4"),
            "stateMachineArn": MACHINE,
            "name": "n4",
            "status": "SUCCEEDED",
            "startDate": AT + 2,
            "stopDate": AT + 2,
            "stateMachineVersionArn": f"{MACHINE}:1",
            "redriveCount": 0,
        }
    ]


def test_a_token_is_good_for_its_list_and_a_day(states: Neighbourhood) -> None:
    states.create()
    for _ in range(3):
        states.start()
    token = states.call("ListExecutions", stateMachineArn=MACHINE, maxResults=1)["nextToken"]
    invalid = ("InvalidToken", "Invalid Token: 'Invalid token'")
    for request in ({"statusFilter": "RUNNING", "nextToken": token}, {"nextToken": "x"}, {"nextToken": token[:-4]}):
        assert states.refused("ListExecutions", stateMachineArn=MACHINE, **request) == invalid
    states.clock.advance(DAY)
    states.call("ListExecutions", stateMachineArn=MACHINE, nextToken=token)
    states.clock.advance(1)
    assert states.refused("ListExecutions", stateMachineArn=MACHINE, nextToken=token) == invalid


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({}, "ValidationException"),
        ({"stateMachineArn": MACHINE, "mapRunArn": MAP_RUN}, "ValidationException"),
        ({"stateMachineArn": MACHINE, "statusFilter": "PENDING_REDRIVE"}, "ValidationException"),
        ({"stateMachineArn": MACHINE, "maxResults": 1001}, "ValidationException"),
        ({"stateMachineArn": f"{MACHINE}x"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": f"{MACHINE}:8"}, "StateMachineDoesNotExist"),
        ({"mapRunArn": MAP_RUN}, "ResourceNotFound"),
        ({"mapRunArn": MACHINE}, "InvalidArn"),
    ],
)
def test_lists_that_are_refused(states: Neighbourhood, request_: dict[str, Any], code: str) -> None:
    states.create()
    assert states.refused("ListExecutions", **request_)[0] == code


def test_history_in_both_orders_and_in_pages(states: Neighbourhood) -> None:
    states.create()
    states.start(name="one")
    entered = {"name": "Only", "input": "{}", "inputDetails": {"truncated": False}}
    details: list[dict[str, Any]] = [
        {"type": "ExecutionStarted", "executionStartedEventDetails": {"input": "{}", "roleArn": ROLE}},
        {"type": "PassStateEntered", "stateEnteredEventDetails": entered},
        {"type": "PassStateExited", "stateExitedEventDetails": {"name": "Only", "output": "1",
                                                                "assignedVariables": {"x": "1"}}},
    ]  # fmt: skip
    states.engine.histories[EXECUTION] = [
        {"id": number, "previousEventId": number - 1, "timestamp": AT, **detail}
        for number, detail in enumerate(details, 1)
    ]

    def page(**request: Any) -> tuple[list[int], str | None]:
        answer = states.call("GetExecutionHistory", executionArn=EXECUTION, **request)
        return [event["id"] for event in answer["events"]], answer.get("nextToken")

    assert page() == ([1, 2, 3], None)
    ids, token = page(maxResults=2)
    assert (ids, page(maxResults=2, nextToken=token)) == ([1, 2], ([3], None))
    ids, token = page(maxResults=2, reverseOrder=True)
    assert (ids, page(maxResults=2, reverseOrder=True, nextToken=token)) == ([3, 2], ([1], None))
    invalid = states.refused("GetExecutionHistory", executionArn=EXECUTION, nextToken=token)
    assert invalid[0] == "InvalidToken"
    events = states.call("GetExecutionHistory", executionArn=EXECUTION, includeExecutionData=False)["events"]
    assert events[0]["executionStartedEventDetails"] == {"roleArn": ROLE}
    assert events[1]["stateEnteredEventDetails"] == events[2]["stateExitedEventDetails"] == {"name": "Only"}


COUNTS = {**map_counts.none(), "succeeded": 2, "total": 2}


def with_map_run(states: Neighbourhood) -> None:
    states.create()
    states.start(name="one")
    states.engine.runs[MAP_RUN] = MapRunRecord(
        MAP_RUN, EXECUTION, "Map", "RUNNING", AT, None, 5, 0, 0.0, COUNTS, {**COUNTS, "running": 1}
    )


def test_map_runs_are_described_listed_and_changed(states: Neighbourhood) -> None:
    with_map_run(states)
    assert states.call("DescribeMapRun", mapRunArn=MAP_RUN) == {
        "mapRunArn": MAP_RUN,
        "executionArn": EXECUTION,
        "status": "RUNNING",
        "startDate": AT,
        "maxConcurrency": 5,
        "toleratedFailureCount": 0,
        "toleratedFailurePercentage": 0.0,
        "itemCounts": COUNTS,
        "executionCounts": {**COUNTS, "running": 1},
        "redriveCount": 0,
    }
    machine = f"{MACHINE}/Map"
    listed = [{"mapRunArn": MAP_RUN, "executionArn": EXECUTION, "stateMachineArn": machine, "startDate": AT}]
    assert states.call("ListMapRuns", executionArn=EXECUTION) == {"mapRuns": listed}
    changes = {"maxConcurrency": 9, "toleratedFailurePercentage": 12.5}
    states.call("UpdateMapRun", mapRunArn=MAP_RUN, **changes)
    shown = states.call("DescribeMapRun", mapRunArn=MAP_RUN)
    assert {name: shown[name] for name in changes} == changes
    assert states.refused("UpdateMapRun", mapRunArn=MAP_RUN)[0] == "ValidationException"
    states.engine.runs[MAP_RUN] = replace(states.engine.runs[MAP_RUN], status="FAILED", stopped=AT + 1)
    status, refused = states.post("UpdateMapRun", mapRunArn=MAP_RUN, maxConcurrency=1)
    assert (status, refused["reason"]) == (400, "CANNOT_UPDATE_COMPLETED_MAP_RUN")
    missing = MAP_RUN.replace(":run", ":other")
    assert states.refused("DescribeMapRun", mapRunArn=missing) == (
        "ResourceNotFound",
        f"Resource not found: '{missing}'",
    )


def test_children_of_a_map_run_are_listed_with_their_items(states: Neighbourhood) -> None:
    with_map_run(states)
    child = f"arn:aws:states:{REGION}:{ACCOUNT}:express:orders/Map:child:id"
    machine = replace(states.engine.records[EXECUTION].machine, arn=f"{MACHINE}/Map", label="Map", type="EXPRESS")
    states.engine.records[child] = replace(
        states.engine.records[EXECUTION],
        arn=child,
        machine=machine,
        name="child",
        map_run_arn=MAP_RUN,
        item_count=7,
    )
    (listed,) = states.call("ListExecutions", mapRunArn=MAP_RUN)["executions"]
    assert (listed["executionArn"], listed["mapRunArn"], listed["itemCount"]) == (child, MAP_RUN, 7)
    assert states.call("ListExecutions", mapRunArn=MAP_RUN, redriveFilter="REDRIVEN") == {"executions": []}
    shown = states.call("DescribeExecution", executionArn=child)
    assert (shown["mapRunArn"], shown["stateMachineArn"]) == (MAP_RUN, f"{MACHINE}/Map")
