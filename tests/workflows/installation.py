"""The workflows as `slipway workflow deploy` installs them on a local AWS, and executions of their state machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.local_server import ACCOUNT, REGION, wait_for
from tests.releases.house import House

STACK = "slipway-workflows-local"
DATA_BUCKET, MODEL_BUCKET = (f"slipway-local-{purpose}-{ACCOUNT}-{REGION}" for purpose in ("data", "models"))


def machine_arn(machine: str) -> str:
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:slipway-local-{machine}"


@dataclass
class Ended:
    """An execution that has ended, with its history."""

    described: dict[str, Any]
    events: list[dict[str, Any]]

    @property
    def arn(self) -> str:
        return str(self.described["executionArn"])

    @property
    def status(self) -> str:
        return str(self.described["status"])

    @property
    def output(self) -> dict[str, Any]:
        assert self.status == "SUCCEEDED", self.failure
        output: dict[str, Any] = json.loads(self.described["output"])
        return output

    @property
    def error(self) -> str:
        return str(self.described.get("error"))

    @property
    def cause(self) -> str:
        return str(self.described.get("cause"))

    @property
    def failure(self) -> tuple[str, str]:
        """Error and cause."""
        return self.error, self.cause

    @property
    def states(self) -> list[str]:
        """The states that were entered, in their order."""
        return [e["stateEnteredEventDetails"]["name"] for e in self.events if "stateEnteredEventDetails" in e]


@dataclass
class Installation:
    """A checkout and its local AWS."""

    house: House

    def client(self, service: str) -> Any:
        return self.house.client(service)

    def start_machine(self, machine: str, given: Any, name: str = "") -> str:
        """Start an execution of a machine by its short name, `images` for slipway-local-images; returns its ARN."""
        request = {"stateMachineArn": machine_arn(machine), "input": json.dumps(given)}
        named = {"name": name} if name else {}
        return str(self.client("stepfunctions").start_execution(**request, **named)["executionArn"])

    def ended(self, arn: str) -> Ended:
        """Wait until an execution has ended."""

        def found() -> dict[str, Any] | None:
            described: dict[str, Any] = self.client("stepfunctions").describe_execution(executionArn=arn)
            return described if described["status"] != "RUNNING" else None

        described = wait_for(found, f"{arn} to end", 120)
        return Ended(described, list(self.events(arn)))

    def events(self, arn: str) -> Iterator[dict[str, Any]]:
        """The history of an execution so far."""
        for page in self.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn):
            yield from page["events"]

    def until_entered(self, arn: str, state: str, timeout_s: float = 60) -> None:
        """Wait until an execution has entered a state, and see it soon: it may leave it soon."""

        def entered() -> bool:
            return any(e.get("stateEnteredEventDetails", {}).get("name") == state for e in self.events(arn))

        wait_for(entered, f"{arn} to enter {state}", timeout_s, rest=0)

    @contextmanager
    def denied(self, logical_id: str, *actions: str, **narrower: Any) -> Iterator[None]:
        """Meanwhile a role of the stack may not do this; `narrower` are a Resource and a Condition."""
        iam = self.client("iam")
        role = self.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)[
            "StackResourceDetail"
        ]["PhysicalResourceId"]
        statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*", **narrower}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=role, PolicyName="denied", PolicyDocument=document)
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="denied")
