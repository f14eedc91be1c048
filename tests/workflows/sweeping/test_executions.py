"""What the sweeper deletes, and what it leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline_lambdas.runtime.failures import ConfigurationError, UnavailableError
from tests.pipeline_lambdas.aws_doubles import Context, stubbed
from workflows.runtime.errors import InputError
from workflows.runtime.names import mark
from workflows.sweeping.handlers.sweep import handler

ARN = "arn:aws:states:us-east-1:111122223333:execution:slipway-local-text:one"
MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:slipway-local-text"
OWN = f"slipway-local-text-{mark(ARN)}"
REDRIVEN = f"slipway-local-text-{mark(ARN, 1)}"


def event(redrives: int = 0) -> dict[str, Any]:
    detail = {"executionArn": ARN, "stateMachineArn": MACHINE, "status": "ABORTED", "redriveCount": redrives}
    return {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME_PREFIX", "slipway-local")
    monkeypatch.setattr("time.sleep", lambda _: None)


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    with stubbed(monkeypatch, "sagemaker") as stub:
        yield stub


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    with stubbed(monkeypatch, "stepfunctions") as stub:
        yield stub


def is_in(states: Stubber, *statuses: str) -> None:
    for status in statuses:
        described = {"executionArn": ARN, "stateMachineArn": MACHINE, "status": status, "startDate": 0}
        states.add_response("describe_execution", described, {"executionArn": ARN})


def lists(sagemaker: Stubber, part: str, *names: str) -> None:
    entries = [
        {"EndpointName": name, "EndpointArn": "a" * 20, "CreationTime": 0, "LastModifiedTime": 0, "EndpointStatus": "X"}
        for name in names
    ]
    sagemaker.add_response("list_endpoints", {"Endpoints": entries}, {"NameContains": part})


def describes(sagemaker: Stubber, name: str, status: str) -> None:
    described = {"EndpointName": name, "EndpointArn": "a" * 20, "CreationTime": 0, "LastModifiedTime": 0}
    sagemaker.add_response("describe_endpoint", {**described, "EndpointStatus": status}, {"EndpointName": name})


def test_the_endpoints_of_the_execution_are_deleted(
    sagemaker: Stubber, states: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    is_in(states, "ABORTED")
    lists(sagemaker, mark(ARN), OWN, f"other-installation-{mark(ARN)}")
    describes(sagemaker, OWN, "InService")
    sagemaker.add_response("delete_endpoint", {}, {"EndpointName": OWN})
    # The second look: one that was created just before the execution was stopped.
    is_in(states, "ABORTED")
    lists(sagemaker, mark(ARN), OWN, f"{OWN}-b")
    describes(sagemaker, f"{OWN}-b", "Failed")
    sagemaker.add_response("delete_endpoint", {}, {"EndpointName": f"{OWN}-b"})
    handler(event(), Context())
    assert json.loads(capsys.readouterr().out) == {"execution": ARN, "deleted": [OWN, f"{OWN}-b"]}


def test_those_of_every_redrive_are(sagemaker: Stubber, states: Stubber) -> None:
    for look in range(2):
        is_in(states, "FAILED")
        lists(sagemaker, mark(ARN, 0))
        lists(sagemaker, mark(ARN, 1), REDRIVEN)
        if look == 0:
            describes(sagemaker, REDRIVEN, "Deleting")
    handler(event(redrives=1), Context())


def test_an_execution_that_was_redriven_keeps_its_endpoints(sagemaker: Stubber, states: Stubber) -> None:
    is_in(states, "RUNNING", "RUNNING")
    handler(event(), Context())
    assert sagemaker


def test_one_that_is_being_created_is_waited_for(sagemaker: Stubber, states: Stubber) -> None:
    is_in(states, "TIMED_OUT", "TIMED_OUT", "TIMED_OUT")
    lists(sagemaker, mark(ARN), OWN)
    describes(sagemaker, OWN, "Creating")
    describes(sagemaker, OWN, "InService")
    sagemaker.add_response("delete_endpoint", {}, {"EndpointName": OWN})
    lists(sagemaker, mark(ARN))
    handler(event(), Context())


def test_when_the_time_is_up_lambda_is_to_repeat_the_event(sagemaker: Stubber, states: Stubber) -> None:
    is_in(states, "TIMED_OUT")
    lists(sagemaker, mark(ARN), OWN)
    describes(sagemaker, OWN, "Creating")
    with pytest.raises(UnavailableError, match=f"Endpoint {OWN} is Creating and can only be deleted after that"):
        handler(event(), Context([19_000]))


def test_another_event_is_refused() -> None:
    wrong: list[Any] = [{}, {"detail": {"executionArn": 1}}, []]
    for one in wrong:
        with pytest.raises(InputError, match=r"has no detail\.executionArn"):
            handler(one, Context())


def test_a_missing_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NAME_PREFIX")
    with pytest.raises(ConfigurationError, match="lacks NAME_PREFIX"):
        handler(event(), Context())


def test_on_schedule_those_of_all_unsuccessful_executions_are_deleted(
    sagemaker: Stubber, states: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    """An event of Step Functions may get lost."""
    lists(sagemaker, "slipway-local-", OWN, "slipway-local-wine-quality-prod", "second", "third", "fourth")
    executions: list[dict[str, str]] = [
        {"slipway:suffix": "local", "slipway:execution": ARN},
        {"slipway:suffix": "local"},
        {"slipway:suffix": "local", "slipway:execution": f"{ARN}2"},
        {"slipway:suffix": "local", "slipway:execution": f"{ARN}3"},
        {"slipway:suffix": "local-b", "slipway:execution": f"{ARN}4"},
    ]
    for tags in executions:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        sagemaker.add_response("list_tags", {"Tags": listed}, {"ResourceArn": "a" * 20})
    is_in(states, "ABORTED")
    states.add_response(
        "describe_execution",
        {"executionArn": f"{ARN}2", "stateMachineArn": MACHINE, "status": "SUCCEEDED", "startDate": 0},
        {"executionArn": f"{ARN}2"},
    )
    states.add_client_error("describe_execution", "ExecutionDoesNotExist")
    describes(sagemaker, OWN, "InService")
    sagemaker.add_response("delete_endpoint", {}, {"EndpointName": OWN})
    handler({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}, Context())
    assert json.loads(capsys.readouterr().out) == {"execution": None, "deleted": [OWN]}
