"""State machines and executions by the names in addresses, and the addresses of both.

A machine of the installation has its short name, `images` for slipway-SUFFIX-images; any other has its own. A child of
a distributed Map belongs to a label of the machine: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slipway.console.room import Asked
from slipway.console.shell import at
from slipway.session import Session
from slipway.workflows.executions import short_machine

HOME = ("workflows",)


def machine_address(session: Session, name: str) -> str:
    """Return the page of a state machine by its full name."""
    return at(*HOME, short_machine(session, name) or name)


def execution_address(session: Session, arn: str, *below: str, **query: str | int) -> str:
    """Return the page of an execution, or one below it."""
    machine, name = arn.split(":")[6:8]
    machine, _, label = machine.partition("/")
    labelled: dict[str, str | int] = {"label": label} if label else {}
    return at(*HOME, short_machine(session, machine) or machine, "executions", name, *below, **labelled, **query)


def machine_above(session: Session, execution_arn: str) -> tuple[tuple[str, str], ...]:
    """Return the pages above those of an execution, as (title, address)."""
    name = execution_arn.split(":")[6].partition("/")[0]
    return (("Workflows", at(*HOME)), (short_machine(session, name) or name, machine_address(session, name)))


def find_machine(asked: Asked) -> dict[str, Any]:
    """DescribeStateMachine's answer for the machine in the path; raises ClientError."""
    client = asked.session.client("stepfunctions")
    for arn in _arns(asked, "stateMachine"):
        try:
            found: dict[str, Any] = client.describe_state_machine(stateMachineArn=arn)
        except client.exceptions.StateMachineDoesNotExist as error:
            missing = error
        else:
            return found
    raise missing


def find_execution(asked: Asked) -> dict[str, Any]:
    """DescribeExecution's answer for the execution in the path; raises ClientError."""
    client, name = asked.session.client("stepfunctions"), asked.path["execution"]
    label = asked.query.get("label", "")
    for arn in _arns(asked, "execution"):
        whole = f"{arn}/{label}:{name}" if label else f"{arn}:{name}"
        try:
            found: dict[str, Any] = client.describe_execution(executionArn=whole)
        except client.exceptions.ExecutionDoesNotExist as error:
            missing = error
        else:
            return found
    raise missing


def _arns(asked: Asked, kind: str) -> Iterator[str]:
    """What the name may mean: a machine of the installation, and one that has just this name."""
    names, given = asked.session.names, asked.path["machine"]
    partition = asked.session.client("stepfunctions").meta.partition
    own = names.machine(given)
    for name in (given,) if given.startswith(names.machine("")) else (own, given):
        yield f"arn:{partition}:states:{names.region}:{names.account}:{kind}:{name}"
