from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from slipway.console.access import BASE
from slipway.console.application import Console
from slipway.console.live import Clock
from slipway.console.local import local_access
from slipway.console.room import Asked, Page
from slipway.console.workflows.room import ROOM
from slipway.session import Session
from slipway.target import LOCAL_SUFFIX, Options, local_target
from slipway.terminal.output import Output
from starlette.routing import compile_path

from tests.local_server import ACCOUNT, REGION, LocalServer, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/console-machines"
BAD = "<b>bad</b> & 'worse'"
"""Text of others, which stays text."""
CHILD = {
    "StartAt": "Choose",
    "States": {
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.bad", "BooleanEquals": True, "Next": "Bad"}],
            "Default": "Good",
        },
        "Bad": {"Type": "Fail", "Error": "Child.Failed", "Cause": BAD},
        "Good": {"Type": "Succeed"},
    },
}


def parent(machine: str) -> dict[str, Any]:
    """A Map, then a Wait, then a child execution that fails if it is told to."""
    each = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}
    started_by = {"bad.$": "$.bad", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"}
    child = {"StateMachineArn": machine, "Input": started_by}
    start = "arn:aws:states:::states:startExecution.sync:2"
    return {
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": each,
                "ResultPath": None,
                "MaxConcurrency": 3,
                "Next": "Hold",
            },
            "Hold": {"Type": "Wait", "SecondsPath": "$.hold", "Next": "Child"},
            "Child": {"Type": "Task", "Resource": start, "Parameters": child, "End": True},
        },
    }


@dataclass
class Room:
    """The room of a local AWS that has two state machines, by the addresses of its pages."""

    server: LocalServer
    session: Session

    @property
    def client(self) -> Any:
        return self.server.client("stepfunctions")

    def arn(self, machine: str) -> str:
        return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:slipway-local-{machine}"

    def start(self, name: str, *, hold: int = 0, bad: bool = False, items: int = 4) -> str:
        given = json.dumps({"items": [*range(items)], "hold": hold, "bad": bad, "said": BAD})
        return str(
            self.client.start_execution(stateMachineArn=self.arn("parent"), name=name, input=given)["executionArn"]
        )

    def run(self, name: str, **given: Any) -> str:
        """Start an execution and wait for its end."""
        arn = self.start(name, **given)
        wait_for(lambda: self.client.describe_execution(executionArn=arn)["status"] != "RUNNING", f"{name} to end")
        return arn

    def _asked(self, address: str, table: Mapping[str, Any]) -> tuple[Any, Asked]:
        parts = urlsplit(address)
        path = unquote(parts.path).removeprefix(BASE)
        for pattern, found in table.items():
            match = compile_path(pattern)[0].match(path)
            if match:
                return found, Asked(self.session, match.groupdict(), dict(parse_qsl(parts.query)), datetime.now(UTC))
        raise AssertionError(f"the room has no page {path}")

    def page(self, address: str) -> Page:
        draw, asked = self._asked(address, ROOM.pages)
        page = draw(asked)
        assert isinstance(page, Page)
        return page

    def text(self, address: str) -> str:
        return "".join(self.page(address).parts)

    def file(self, address: str) -> Any:
        serve, asked = self._asked(address, ROOM.files)
        return serve(asked)

    def decide(self, address: str, **form: str) -> Any:
        decide, asked = self._asked(address, ROOM.decisions)
        return decide(asked, form)


@pytest.fixture(scope="package")
def room(local_aws: LocalServer) -> Iterator[Room]:
    options = Options(local=True, region=REGION, suffix=LOCAL_SUFFIX, port=local_aws.port)
    session = Session(options, Output(as_json=False))
    session.__dict__["target"] = local_target(local_aws.port, REGION, LOCAL_SUFFIX, local_aws.state)
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": ["states:*", "events:*"], "Resource": "*"}
    iam = local_aws.client("iam")
    name = ROLE.rpartition("/")[2]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    iam.put_role_policy(
        RoleName=name, PolicyName="may", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]})
    )
    made = Room(local_aws, session)
    definitions = {"child": CHILD, "parent": parent(made.arn("child"))}
    for machine, definition in definitions.items():
        made.client.create_state_machine(
            name=f"slipway-local-{machine}", definition=json.dumps(definition), roleArn=ROLE
        )
    yield made
    for machine in definitions:
        made.client.delete_state_machine(stateMachineArn=made.arn(machine))
    iam.delete_role_policy(RoleName=name, PolicyName="may")
    iam.delete_role(RoleName=name)


@pytest.fixture(scope="package")
def console(room: Room) -> Console:
    return Console(room.session, local_access(room.server.state, room.server.port), Clock(1.0))
