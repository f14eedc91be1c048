"""Describes how traffic moves from the old fleet of an endpoint to the new one.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""

from __future__ import annotations

from typing import Any

from pipeline_lambdas.config.model import InstanceVariant, Variant
from pipeline_lambdas.config.schema import DEPLOYED_IN_STEPS

# For the start of the instances, beside a deployment's waits.
_START_S = 3600
_ROUTING = {"all-at-once": "ALL_AT_ONCE", "canary": "CANARY", "linear": "LINEAR"}


def deployment_config_request(environment: str, variant: Variant, alarms: tuple[str, ...]) -> dict[str, Any] | None:
    """Return how to update the endpoint; None leaves it to SageMaker: all traffic at once, without alarms.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeploymentConfig.html
    """
    if not isinstance(variant, InstanceVariant) or not (alarms or environment in DEPLOYED_IN_STEPS):
        return None
    rollout = variant.rollout
    routing: dict[str, Any] = {"Type": _ROUTING[rollout.type], "WaitIntervalInSeconds": rollout.wait_s}
    if rollout.canary_percent:
        routing["CanarySize"] = {"Type": "CAPACITY_PERCENT", "Value": rollout.canary_percent}
    if rollout.linear_percent:
        routing["LinearStepSize"] = {"Type": "CAPACITY_PERCENT", "Value": rollout.linear_percent}
    config: dict[str, Any] = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": rollout.termination_wait_s,
            # Its default is not documented, and the waits must fit in.
            "MaximumExecutionTimeoutInSeconds": rollout.longest_s + _START_S,
        }
    }
    if alarms:
        config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return config
