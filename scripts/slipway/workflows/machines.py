"""State machines by the names that people give them."""

from __future__ import annotations

from slipway.session import Session


def machine_arn(session: Session, machine: str) -> str:
    """The ARN of a state machine by its short name, `images` for slipway-SUFFIX-images, or as it is given."""
    if machine.startswith("arn:"):
        return machine
    names, partition = session.names, session.client("stepfunctions").meta.partition
    return f"arn:{partition}:states:{names.region}:{names.account}:stateMachine:{names.machine(machine)}"
