"""DeploymentConfig: what is refused, and which steps it means."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.sagemaker.hosting import deployment_configs
from local_aws.sagemaker.hosting.deployment_configs import Capacity, Rollout
from local_aws.sagemaker.hosting.plans import Plan, VariantPlan
from local_aws.wire import AwsError


def plan(count: int = 4, *names: str, **more: Any) -> Plan:
    return Plan("c", tuple(VariantPlan(name, "i", "u", "r", 1.0, count, 1.0, **more) for name in names or ["A"]))


def blue_green(kind: str, size: tuple[str, int] | None = None, *, wait_s: int = 0, **more: Any) -> dict[str, Any]:
    routing: dict[str, Any] = {"Type": kind, "WaitIntervalInSeconds": wait_s}
    if size:
        member = "CanarySize" if kind == "CANARY" else "LinearStepSize"
        routing[member] = {"Type": size[0], "Value": size[1]}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **more}}


PERCENT, COUNT = "CAPACITY_PERCENT", "INSTANCE_COUNT"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (blue_green("CANARY"), "needs CanarySize"),
        (blue_green("LINEAR"), "needs LinearStepSize"),
        (
            {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "CanarySize": {}}}},
            "CanarySize is only for",
        ),
        (
            blue_green("CANARY", (PERCENT, 51)),
            r"CanarySize is 51 .CAPACITY_PERCENT.; it must be at most 50% of the 4",
        ),
        (blue_green("CANARY", (COUNT, 3)), r"CanarySize is 3 \(INSTANCE_COUNT\); it must be at most 50%"),
        (blue_green("LINEAR", (PERCENT, 9)), "must be from 10% to 50%"),
        (blue_green("LINEAR", (COUNT, 3)), "must be from 10% to 50%"),
        ({"RollingUpdatePolicy": {"x": 1}}, "does not emulate rolling updates"),
        ({"RollingUpdatePolicy": {"x": 1}, **blue_green("ALL_AT_ONCE")}, "either a BlueGreenUpdatePolicy or"),
    ],
)
def test_what_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError, match=message) as refused:
        deployment_configs.check(config, plan())
    assert refused.value.code == "ValidationException"


def test_variant_names_must_stay() -> None:
    with pytest.raises(AwsError, match="must have the old one's variant names"):
        deployment_configs.check(blue_green("ALL_AT_ONCE"), plan(1, "B"), plan(1, "A"))
    deployment_configs.check(None, plan(1, "B"), plan(1, "A"))
    deployment_configs.check(blue_green("ALL_AT_ONCE"), plan(1, "A", "B"), plan(3, "B", "A"))


def test_all_at_once_is_one_step() -> None:
    config = blue_green("ALL_AT_ONCE", TerminationWaitInSeconds=30, MaximumExecutionTimeoutInSeconds=600)
    config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "a"}, {"AlarmName": "b"}]}
    found = deployment_configs.rollout(config, plan())
    assert (found.alarms, found.timeout_s) == (("a", "b"), 600)
    [step] = found.steps(plan())
    assert (step.active, step.whole, step.wait_s) == ({"A": 4}, True, 30)
    assert deployment_configs.rollout(None, plan()) == Rollout()


@pytest.mark.parametrize(
    ("config", "count", "active"),
    [
        (blue_green("CANARY", (PERCENT, 25)), 4, [1, 4]),
        (blue_green("CANARY", (PERCENT, 10)), 4, [1, 4]),
        (blue_green("CANARY", (COUNT, 2)), 4, [2, 4]),
        (blue_green("CANARY", (PERCENT, 50)), 1, [1]),
        (blue_green("LINEAR", (PERCENT, 33)), 10, [4, 7, 10]),
        (blue_green("LINEAR", (PERCENT, 50)), 3, [2, 3]),
        (blue_green("LINEAR", (COUNT, 1)), 3, [1, 2, 3]),
    ],
)
def test_steps(config: dict[str, Any], count: int, active: list[int]) -> None:
    steps = deployment_configs.rollout(config, plan(count)).steps(plan(count))
    assert [step.active["A"] for step in steps] == active
    assert [step.whole for step in steps] == [False] * (len(active) - 1) + [True]


@pytest.mark.parametrize("excluded", [{"instance_type": "ml.inf1.xlarge"}, {"serverless": {"MaxConcurrency": 1}}])
def test_where_guardrails_do_not_apply_all_moves_at_once(excluded: dict[str, Any]) -> None:
    config = blue_green("CANARY", (PERCENT, 10), TerminationWaitInSeconds=30)
    config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "a"}]}
    assert deployment_configs.rollout(config, plan(**excluded)) == Rollout()


@given(
    kind=st.sampled_from(["CANARY", "LINEAR"]),
    percent=st.booleans(),
    value=st.integers(1, 50),
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=3),
)
def test_each_step_adds_traffic_and_the_last_is_the_whole_fleet(
    kind: str, percent: bool, value: int, counts: list[int]
) -> None:
    variants = tuple(VariantPlan(str(n), "i", "u", "r", 1.0, count, 1.0) for n, count in enumerate(counts))
    served = Plan("c", variants)
    steps = Rollout(kind, Capacity(percent, value), 5, 7).steps(served)
    assert steps[-1].active == {str(n): count for n, count in enumerate(counts)}
    assert [step.whole for step in steps].count(True) == 1
    assert [step.wait_s for step in steps] == [5] * (len(steps) - 1) + [7]
    for earlier, later in pairwise(steps):
        assert earlier.active != later.active
        assert all(0 < earlier.active[name] <= later.active[name] for name in later.active)
    assert len(steps) <= (2 if kind == "CANARY" else 100)
