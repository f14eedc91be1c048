"""Executions by the names that people give them, and their histories."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from itertools import islice
from typing import Any

from slipway.errors import SlipwayError
from slipway.session import Session
from slipway.workflows.machines import machine_arn
from slipway.workflows.progress import OPEN
from slipway.workflows.sources import describe_machine, read_json
from workflows.compose import InputMismatchError, check_input, schema_of

RUNNING = frozenset((OPEN, "PENDING_REDRIVE"))
_DIGITS = 8


def start(session: Session, machine: str, given: Any, name: str = "") -> str:
    """Start an execution, with a drawn name unless it is given one; returns its ARN.

    SlipwayError, before the start, for an input that does not fit the schema which the definition holds; one that
    holds none checks its input itself.
    """
    described = describe_machine(session, machine)
    schema = schema_of(read_json(described["definition"], machine))
    if schema is not None:
        try:
            check_input(schema, given)
        except InputMismatchError as error:
            raise SlipwayError(f"--input: {error}", "Nothing was started.") from None
    answer = session.client("stepfunctions").start_execution(
        stateMachineArn=described["stateMachineArn"], name=name or uuid.uuid4().hex[:_DIGITS], input=json.dumps(given)
    )
    return str(answer["executionArn"])


def stop(session: Session, execution_arn: str, error: str = "", cause: str = "") -> None:
    """Abort an execution that runs; tasks that it waits for are stopped as their integrations say.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
    """
    said = {key: text for key, text in (("error", error), ("cause", cause)) if text}
    session.client("stepfunctions").stop_execution(executionArn=execution_arn, **said)


def redrive(session: Session, execution_arn: str) -> None:
    """Run an execution on from what failed, with the results of what succeeded.

    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
    """
    session.client("stepfunctions").redrive_execution(executionArn=execution_arn, clientToken=uuid.uuid4().hex)


def describe(session: Session, execution: str) -> dict[str, Any]:
    """DescribeExecution's answer for MACHINE:NAME, an ARN, or MACHINE, which means its newest execution."""
    client = session.client("stepfunctions")
    arn = _execution_arn(session, execution)
    try:
        found: dict[str, Any] = client.describe_execution(executionArn=arn)
    except (client.exceptions.ExecutionDoesNotExist, client.exceptions.InvalidArn):
        raise SlipwayError(
            f"Found no execution {execution!r} in {session.target.title}.",
            f"See those of a state machine: {session.command('workflow list MACHINE')}",
        ) from None
    return found


def short_name(session: Session, execution_arn: str) -> str:
    """Return MACHINE:NAME of an execution of this installation, as the verbs take it; of any other its ARN.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-iam.html
    """
    machine, name = execution_arn.split(":")[6:8]
    short = short_machine(session, machine)
    return execution_arn if short is None else f"{short}:{name}"


def short_machine(session: Session, name: str) -> str | None:
    """Return the short name of a state machine; None for one that is not of this installation."""
    prefix = session.names.machine("")
    return name.removeprefix(prefix) if name.startswith(prefix) else None


def history(session: Session, execution_arn: str) -> list[dict[str, Any]]:
    """Return every event of an execution, without the inputs and outputs of its states."""
    pages = session.client("stepfunctions").get_paginator("get_execution_history")
    found = pages.paginate(executionArn=execution_arn, includeExecutionData=False)
    return [event for page in found for event in page["events"]]


def list_executions(session: Session, machine: str, limit: int) -> list[dict[str, Any]]:
    """Return the newest executions of a state machine, the newest first."""
    arn = describe_machine(session, machine)["stateMachineArn"]
    pages = session.client("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=arn)
    return list(islice((one for page in pages for one in page["executions"]), limit))


def list_machines(session: Session) -> Iterator[dict[str, Any]]:
    """The state machines of this installation."""
    pages = session.client("stepfunctions").get_paginator("list_state_machines").paginate()
    for page in pages:
        yield from (one for one in page["stateMachines"] if short_machine(session, one["name"]) is not None)


def _execution_arn(session: Session, execution: str) -> str:
    if execution.startswith("arn:"):
        if ":execution:" in execution or ":express:" in execution:
            return execution
        return _newest(session, execution)
    machine, _, name = execution.partition(":")
    if not name:
        return _newest(session, machine)
    return f"{machine_arn(session, machine).replace(':stateMachine:', ':execution:')}:{name}"


def _newest(session: Session, machine: str) -> str:
    found = list_executions(session, machine, 1)
    if not found:
        raise SlipwayError(
            f"State machine {machine} has had no execution yet.",
            f"Start one: {session.command(f'workflow execute {machine} --input', '{...}')}",
        )
    return str(found[0]["executionArn"])
