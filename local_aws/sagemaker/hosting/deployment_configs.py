"""DeploymentConfig: what is accepted, and the resulting rollout.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html. Capacity is counted in whole
instances: a percentage is rounded up, and a step that adds none is skipped. So with one instance a canary is the whole
fleet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from local_aws.sagemaker.faults import invalid, not_emulated
from local_aws.sagemaker.hosting.plans import Plan
from local_aws.wire import Document

ALL_AT_ONCE, CANARY, LINEAR = "ALL_AT_ONCE", "CANARY", "LINEAR"
_PERCENT = "CAPACITY_PERCENT"
_SIZES = {CANARY: ("CanarySize", 0, 50), LINEAR: ("LinearStepSize", 10, 50)}
"""Member, and the least and greatest part of the fleet in percent."""


@dataclass(frozen=True)
class Capacity:
    """A CapacitySize: a number of instances, or a percentage of a fleet."""

    percent: bool
    value: int

    def of(self, instances: int, steps: int = 1) -> int:
        """The number of instances in each step for a fleet."""
        wanted = math.ceil(instances * self.value * steps / 100) if self.percent else self.value * steps
        return min(instances, wanted)


@dataclass(frozen=True)
class Step:
    """Traffic for a part of the new fleet, then a wait during which the alarms are watched."""

    active: Mapping[str, int]
    """Instances with traffic, by variant."""
    whole: bool
    wait_s: int
    wait_name: str


@dataclass(frozen=True)
class Rollout:
    """The steps of an update from the old fleet to the new one."""

    kind: str = ALL_AT_ONCE
    size: Capacity | None = None
    interval_s: int = 0
    termination_wait_s: int = 0
    timeout_s: int | None = None
    """The limit for the whole deployment; None for no limit."""
    alarms: tuple[str, ...] = ()

    def steps(self, plan: Plan) -> list[Step]:
        """The steps for a plan's variants; the last one is the whole fleet."""
        counts = {variant.name: variant.instance_count for variant in plan.variants}
        found: list[Step] = []
        taken = 0
        while self.size and not (self.kind == CANARY and taken):
            taken += 1
            active = {name: self.size.of(count, taken) for name, count in counts.items()}
            if active == counts:
                break
            if found and active == found[-1].active:
                continue
            found.append(Step(active, whole=False, wait_s=self.interval_s, wait_name="WaitIntervalInSeconds"))
        return [*found, Step(counts, whole=True, wait_s=self.termination_wait_s, wait_name="TerminationWaitInSeconds")]


def check(config: Document | None, plan: Plan, active: Plan | None = None) -> None:
    """Raise ValidationException for what SageMaker refuses, or local AWS lacks.

    `plan` is what is to be served, `active` what is served now.
    """
    if not config:
        return
    blue_green, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if blue_green and rolling:
        raise invalid("A DeploymentConfig has either a BlueGreenUpdatePolicy or a RollingUpdatePolicy.")
    if rolling:
        raise not_emulated("rolling updates (RollingUpdatePolicy)")
    if blue_green:
        _check_routing(blue_green["TrafficRoutingConfiguration"], plan)
    if active and {variant.name for variant in active.variants} != {variant.name for variant in plan.variants}:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
        raise invalid("With a DeploymentConfig the new endpoint config must have the old one's variant names.")


def rollout(config: Document | None, plan: Plan) -> Rollout:
    """The rollout of a checked DeploymentConfig: all at once, without alarms, where guardrails do not apply.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html; serverless endpoints are
    left out by https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
    """
    inferentia = any((variant.instance_type or "").startswith("ml.inf1.") for variant in plan.variants)
    if not config or plan.serverless or inferentia:
        return Rollout()
    policy = config.get("BlueGreenUpdatePolicy") or {}
    routing = policy.get("TrafficRoutingConfiguration") or {}
    kind = routing.get("Type", ALL_AT_ONCE)
    size = routing.get(_SIZES[kind][0]) if kind in _SIZES else None
    return Rollout(
        kind=kind,
        size=Capacity(size["Type"] == _PERCENT, size["Value"]) if size else None,
        interval_s=routing.get("WaitIntervalInSeconds", 0),
        termination_wait_s=policy.get("TerminationWaitInSeconds", 0),
        timeout_s=policy.get("MaximumExecutionTimeoutInSeconds"),
        alarms=tuple(alarm["AlarmName"] for alarm in config.get("AutoRollbackConfiguration", {}).get("Alarms", ())),
    )


def _check_routing(routing: Document, plan: Plan) -> None:
    kind = routing["Type"]
    for owner, (member, least, most) in _SIZES.items():
        if member in routing and kind != owner:
            raise invalid(f"{member} is only for the traffic routing type {owner}; the type is {kind}.")
        if kind != owner:
            continue
        if member not in routing:
            raise invalid(f"The traffic routing type {kind} needs {member}.")
        size = routing[member]
        for variant in plan.variants:
            value, count = size["Value"], variant.instance_count
            part = value if size["Type"] == _PERCENT else 100 * value / count
            if not plan.serverless and not least <= part <= most:
                allowed = f"from {least}% to {most}%" if least else f"at most {most}%"
                raise invalid(
                    f"{member} is {value} ({size['Type']}); it must be {allowed} of the {count} instance(s) of variant "
                    f"{variant.name}."
                )
