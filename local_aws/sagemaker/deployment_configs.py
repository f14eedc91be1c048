"""DeploymentConfig: what of it can be carried out here.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html. Emulated is the blue/green
update with all traffic at once and its TerminationWaitInSeconds.
"""

from __future__ import annotations

from local_aws.sagemaker.faults import invalid, not_emulated
from local_aws.wire import Document


def check(config: Document | None) -> None:
    """Raise ValidationException for what SageMaker refuses, or local AWS lacks."""
    if not config:
        return
    blue_green, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if blue_green and rolling:
        raise invalid("A DeploymentConfig has either a BlueGreenUpdatePolicy or a RollingUpdatePolicy.")
    if rolling:
        raise not_emulated("rolling updates (RollingUpdatePolicy)")
    if blue_green:
        _check_routing(blue_green["TrafficRoutingConfiguration"])
    if config.get("AutoRollbackConfiguration", {}).get("Alarms"):
        raise not_emulated("rollback by alarms (AutoRollbackConfiguration)")


def termination_wait_s(config: Document | None) -> float:
    """How long the old fleet is kept after the traffic has moved."""
    wait_s: float = ((config or {}).get("BlueGreenUpdatePolicy") or {}).get("TerminationWaitInSeconds", 0)
    return wait_s


def _check_routing(routing: Document) -> None:
    kind = routing["Type"]
    for member, owner in (("CanarySize", "CANARY"), ("LinearStepSize", "LINEAR")):
        if member in routing and kind != owner:
            raise invalid(f"{member} is only for the traffic routing type {owner}; the type is {kind}.")
        if kind == owner and member not in routing:
            raise invalid(f"The traffic routing type {kind} needs {member}.")
    if kind != "ALL_AT_ONCE":
        raise not_emulated(f"the traffic routing type {kind}")
