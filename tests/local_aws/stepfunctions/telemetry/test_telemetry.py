from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.contracts.engine import Event
from local_aws.stepfunctions.contracts.records import (
    FAILED,
    RUNNING,
    SUCCEEDED,
    ExecutionRecord,
    MachineSnapshot,
    billed_ms,
)
from local_aws.stepfunctions.telemetry.events import status_detail
from local_aws.stepfunctions.telemetry.logs import is_logged, log_events
from local_aws.stepfunctions.telemetry.observers import Telemetry

STATES = f"arn:aws:states:us-east-1:{ACCOUNT}"
MACHINE = MachineSnapshot(
    arn=f"{STATES}:stateMachine:orders",
    name="orders",
    type="STANDARD",
    definition="{}",
    role_arn="role",
    log_group=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/orders:*",
    log_level="ALL",
    include_execution_data=True,
)
RECORD = ExecutionRecord(f"{STATES}:execution:orders:one", MACHINE, "one", RUNNING, '{"a":1}', 1_700_000_000.5)
ENDED = replace(RECORD, status=SUCCEEDED, stopped=1_700_000_002.5, output='"done"')
STARTED: Event = {
    "id": 1,
    "previousEventId": 0,
    "timestamp": 1_700_000_000.5,
    "type": "ExecutionStarted",
    "executionStartedEventDetails": {"input": "{}", "inputDetails": {"truncated": False}, "roleArn": "role"},
}


@pytest.mark.parametrize(
    ("taken_s", "billed"), [(0.0, 100), (0.05, 100), (0.1, 100), (0.101, 200), (2.0, 2000), (2.001, 2100)]
)
def test_an_express_execution_is_billed_in_steps(taken_s: float, billed: int) -> None:
    assert billed_ms(replace(ENDED, stopped=ENDED.started + taken_s)) == billed


def test_a_status_is_told_as_documented() -> None:
    assert status_detail(ENDED, 1_700_000_003.0) == {
        "executionArn": RECORD.arn,
        "stateMachineArn": MACHINE.arn,
        "name": "one",
        "status": "SUCCEEDED",
        "startDate": 1_700_000_000_500,
        "stopDate": 1_700_000_002_500,
        "input": '{"a":1}',
        "inputDetails": {"included": True},
        "output": '"done"',
        "outputDetails": {"included": True},
        "error": None,
        "cause": None,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
    }
    running = status_detail(RECORD, 1_700_000_001.0)
    assert (running["stopDate"], running["output"], running["outputDetails"]) == (None, None, None)


@pytest.mark.parametrize(
    ("given", "made", "with_input", "with_output"),
    [
        (100, 100, True, True),
        (130, 130, False, True),
        (10, 249, False, False),
    ],
)
def test_data_that_is_too_long_is_left_out(given: int, made: int, with_input: bool, with_output: bool) -> None:
    record = replace(ENDED, input=json.dumps("x" * given * 1024), output=json.dumps("x" * made * 1024))
    detail = status_detail(record, 1_700_000_003.0)
    assert detail["inputDetails"] == {"included": with_input}
    assert detail["outputDetails"] == {"included": with_output}
    assert (detail["input"] is not None, detail["output"] is not None) == (with_input, with_output)


@pytest.mark.parametrize(
    ("event_type", "levels"),
    [
        ("ExecutionStarted", "ALL"),
        ("ExecutionSucceeded", "ALL"),
        ("ChoiceStateEntered", "ALL"),
        ("LambdaFunctionScheduled", "ALL"),
        ("TaskSubmitted", "ALL"),
        ("FailStateEntered", "ALL ERROR"),
        ("LambdaFunctionScheduleFailed", "ALL ERROR"),
        ("LambdaFunctionStartFailed", "ALL ERROR"),
        ("MapIterationAborted", "ALL ERROR"),
        ("MapStateFailed", "ALL ERROR"),
        ("TaskSubmitFailed", "ALL ERROR"),
        ("TaskTimedOut", "ALL ERROR"),
        ("WaitStateAborted", "ALL ERROR"),
        ("ExecutionAborted", "ALL ERROR FATAL"),
        ("ExecutionFailed", "ALL ERROR FATAL"),
        ("ExecutionTimedOut", "ALL ERROR FATAL"),
    ],
)
def test_levels(event_type: str, levels: str) -> None:
    assert [level for level in ("ALL", "ERROR", "FATAL", "OFF") if is_logged(event_type, level)] == levels.split()


class Delivered:
    """Takes the place of CloudWatch and EventBridge."""

    def __init__(self) -> None:
        self.logs: list[tuple[str, str, list[dict[str, Any]]]] = []
        self.events: list[tuple[str, str, dict[str, Any], list[str]]] = []
        self.metrics: list[tuple[str, float, dict[str, str]]] = []
        self.missing = False

    def log(self, group: str, stream: str, events: Sequence[dict[str, Any]]) -> None:
        if self.missing:
            raise LookupError(group)
        self.logs.append((group, stream, list(events)))

    def event(self, source: str, detail_type: str, detail: Mapping[str, Any], resources: list[str]) -> None:
        self.events.append((source, detail_type, dict(detail), resources))

    def metric(self, namespace: str, name: str, value: float, _unit: str, dimensions: Mapping[str, str]) -> None:
        assert namespace == "AWS/States"
        self.metrics.append((name, value, dict(dimensions)))

    def named(self, dimensions: dict[str, str]) -> dict[str, float]:
        return {name: value for name, value, found in self.metrics if found == dimensions}


@pytest.fixture
def delivered() -> Delivered:
    return Delivered()


def telemetry(delivered: Delivered) -> Telemetry:
    return Telemetry(delivered.event, delivered.metric, delivered.log, lambda: 1_700_000_003.0)


def logged(delivered: Delivered) -> list[dict[str, Any]]:
    return [json.loads(event["message"]) for _, _, events in delivered.logs for event in events]


def test_an_event_is_logged_as_aws_writes_it(delivered: Delivered) -> None:
    log_events(delivered.log, RECORD, [STARTED])
    ((group, stream, events),) = delivered.logs
    assert group == "/orders"
    assert stream.startswith("states/orders/2023-11-14-22-13/")
    assert events[0]["timestamp"] == 1_700_000_000_500
    assert list(json.loads(events[0]["message"]).items()) == [
        ("id", "1"),
        ("type", "ExecutionStarted"),
        ("details", STARTED["executionStartedEventDetails"]),
        ("previous_event_id", "0"),
        ("event_timestamp", "1700000000500"),
        ("execution_arn", RECORD.arn),
        ("redrive_count", "0"),
    ]


def test_data_is_logged_only_if_asked_for(delivered: Delivered) -> None:
    record = replace(RECORD, machine=replace(MACHINE, include_execution_data=False))
    log_events(delivered.log, record, [STARTED, {**STARTED, "id": 2, "executionStartedEventDetails": {}}])
    assert [one["details"] for one in logged(delivered)] == [{"roleArn": "role"}, {}]


def test_long_data_is_cut_off_and_marked(delivered: Delivered) -> None:
    details = {"name": "A", "output": '"' + "ä" * 200_000 + '"', "outputDetails": {"truncated": False}}
    log_events(delivered.log, RECORD, [{**STARTED, "stateExitedEventDetails": details}])
    event = {key: value for key, value in STARTED.items() if not key.endswith("Details")}
    delivered.logs.clear()
    log_events(delivered.log, RECORD, [{**event, "stateExitedEventDetails": details}])
    (record,) = logged(delivered)
    shown = record["details"]
    assert shown["outputDetails"] == {"truncated": True}
    assert details["output"].startswith(shown["output"])  # type: ignore[attr-defined]
    assert 248 * 1024 - 10 < len(json.dumps(shown["output"], ensure_ascii=False).encode()) <= 248 * 1024


def test_nothing_is_logged_below_the_level_and_without_a_group(delivered: Delivered) -> None:
    for machine in (
        replace(MACHINE, log_level="ERROR"),
        replace(MACHINE, log_group=""),
        replace(MACHINE, log_level="OFF"),
    ):
        log_events(delivered.log, replace(RECORD, machine=machine), [STARTED])
    assert delivered.logs == []


def test_a_group_that_is_gone_stops_nothing(delivered: Delivered, caplog: pytest.LogCaptureFixture) -> None:
    delivered.missing = True
    log_events(delivered.log, RECORD, [STARTED])
    assert "the log group of" in caplog.text


def test_many_events_go_in_several_requests(delivered: Delivered) -> None:
    details = {"input": '"' + "x" * 200_000 + '"'}
    log_events(delivered.log, RECORD, [{**STARTED, "executionStartedEventDetails": details}] * 9)
    assert [len(events) for _, _, events in delivered.logs] == [4, 4, 1]


def test_an_execution_is_told_of_in_order(delivered: Delivered) -> None:
    told = telemetry(delivered)
    told.status(RECORD)
    told.events(RECORD, [STARTED])
    told.status(ENDED)
    told.stop()
    assert [(source, kind, detail["status"]) for source, kind, detail, _ in delivered.events] == [
        ("aws.states", "Step Functions Execution Status Change", status) for status in ("RUNNING", "SUCCEEDED")
    ]
    assert delivered.events[0][3] == [RECORD.arn]
    assert len(logged(delivered)) == 1
    counted = {"ExecutionsStarted": 1, "ExecutionsSucceeded": 1, "ExecutionTime": 2000.0}
    assert delivered.named({"StateMachineArn": MACHINE.arn}) == delivered.named({}) == counted


def test_what_fails_does_not_end_the_telling(delivered: Delivered, caplog: pytest.LogCaptureFixture) -> None:
    told = telemetry(delivered)
    told.events(RECORD, [{"id": 1, "type": "ExecutionStarted", "timestamp": "never"}])
    told.status(ENDED)
    told.stop()
    assert "could not tell" in caplog.text
    assert [detail["status"] for _, _, detail, _ in delivered.events] == ["SUCCEEDED"]


def test_an_express_execution_sends_no_event_and_counts_its_cost(delivered: Delivered) -> None:
    told = telemetry(delivered)
    told.status(replace(ENDED, machine=replace(MACHINE, type="EXPRESS")))
    told.stop()
    assert delivered.events == []
    assert delivered.named({"StateMachineArn": MACHINE.arn}) == {
        "ExecutionsSucceeded": 1,
        "ExecutionTime": 2000.0,
        "ExpressExecutionBilledDuration": 2000,
        "ExpressExecutionBilledMemory": 64,
        "ExpressExecutionMemory": 64,
    }


def test_versions_aliases_and_redrives_are_counted(delivered: Delivered) -> None:
    machine = replace(MACHINE, version_arn=f"{MACHINE.arn}:1", alias_arn=f"{MACHINE.arn}:PROD")
    told = telemetry(delivered)
    redriven = replace(RECORD, machine=machine, redrive_count=1)
    told.status(redriven)
    told.status(replace(redriven, status=FAILED, stopped=1_700_000_001.5))
    told.stop()
    counted = {"ExecutionsRedriven": 1, "ExecutionsFailed": 1, "RedrivenExecutionsFailed": 1, "ExecutionTime": 1000.0}
    for dimension in ({}, {"Alias": "PROD"}, {"Version": "1"}):
        assert delivered.named({**({"StateMachineArn": MACHINE.arn} if dimension else {}), **dimension}) == counted


def steps(*types: str, **details: dict[str, Any]) -> list[Event]:
    """Events a second apart, each of which follows the one before."""
    return [
        {"id": number, "previousEventId": number - 1, "timestamp": float(number), "type": kind, **details}
        for number, kind in enumerate(types, 1)
    ]


@pytest.mark.parametrize(
    ("events", "dimensions", "counted"),
    [
        (
            steps(
                "LambdaFunctionScheduled",
                "LambdaFunctionStarted",
                "LambdaFunctionSucceeded",
                lambdaFunctionScheduledEventDetails={"resource": "function"},
            ),
            {"LambdaFunctionArn": "function"},
            {
                "LambdaFunctionsScheduled": 1,
                "LambdaFunctionsStarted": 1,
                "LambdaFunctionsSucceeded": 1,
                "LambdaFunctionScheduleTime": 1000.0,
                "LambdaFunctionRunTime": 1000.0,
                "LambdaFunctionTime": 2000.0,
            },
        ),
        (
            steps(
                "TaskScheduled",
                "TaskStarted",
                "TaskSubmitted",
                "TaskFailed",
                taskScheduledEventDetails={"resourceType": "codebuild", "resource": "startBuild.sync"},
            ),
            {"ServiceIntegrationResourceArn": "arn:aws:states:::codebuild:startBuild.sync"},
            {
                "ServiceIntegrationsScheduled": 1,
                "ServiceIntegrationsStarted": 1,
                "ServiceIntegrationsFailed": 1,
                "ServiceIntegrationScheduleTime": 1000.0,
                "ServiceIntegrationRunTime": 2000.0,
                "ServiceIntegrationTime": 3000.0,
            },
        ),
        (
            steps(
                "ActivityScheduled",
                "ActivityTimedOut",
                activityScheduledEventDetails={"resource": "activity"},
                activityTimedOutEventDetails={"error": "States.HeartbeatTimeout"},
            ),
            {"ActivityArn": "activity"},
            {"ActivitiesScheduled": 1, "ActivitiesHeartbeatTimedOut": 1, "ActivityTime": 1000.0},
        ),
    ],
)
def test_tasks_are_counted(
    delivered: Delivered, events: list[Event], dimensions: dict[str, str], counted: dict[str, float]
) -> None:
    told = telemetry(delivered)
    for event in events:
        told.events(replace(RECORD, machine=replace(MACHINE, log_level="OFF")), [event])
    told.stop()
    assert delivered.named(dimensions) == counted


def test_the_end_of_a_task_that_is_not_known_is_not_counted(delivered: Delivered) -> None:
    told = telemetry(delivered)
    told.events(replace(RECORD, machine=replace(MACHINE, log_level="OFF")), steps("TaskSucceeded"))
    told.stop()
    assert delivered.metrics == []
