"""Copies of the endpoint's alarms that watch only the new fleet, and roll an update back.

An alarm of the whole endpoint also counts the old fleet's failures, and would roll back the very update that repairs
them. Once a new fleet gets traffic, SageMaker also publishes its metrics with the name of its endpoint config:
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html. So before each update every
alarm is copied with this additional dimension. A variant named after the release would not do: the old and the new
config must have the same variant names
(https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.aws import cloudwatch
from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.steps.found import contains

_COPIED = (
    "Namespace",
    "MetricName",
    "Unit",
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
)


def alarm_of_update(name: str) -> str:
    """Return the name of the alarm that watches an update, the copy of the endpoint's alarm `name`."""
    return f"{name}-update"


def watch_update(alarms: tuple[str, ...], endpoint_config: str) -> None:
    """Make each alarm's copy watch the fleet of `endpoint_config`, and nothing before it.

    A changed alarm keeps its state, so the copy of an earlier update is deleted and created again. A repeat finds the
    copy and keeps it. Raises ConfigurationError for an alarm that is missing, or does not watch one metric of an
    endpoint.
    """
    for name in alarms:
        wanted = _like(name, endpoint_config)
        there = cloudwatch.describe_metric_alarm(wanted["AlarmName"])
        if there is None or not contains({**there, "Dimensions": _sorted(there)}, wanted):
            if there is not None:
                cloudwatch.delete_alarm(wanted["AlarmName"])
            cloudwatch.put_metric_alarm(wanted)


def _like(name: str, endpoint_config: str) -> dict[str, Any]:
    alarm = cloudwatch.describe_metric_alarm(name)
    if alarm is None or "EndpointName" not in {dimension["Name"] for dimension in alarm.get("Dimensions", ())}:
        found = "no such alarm on a metric" if alarm is None else "no dimension EndpointName"
        raise ConfigurationError(
            f"ROLLBACK_ALARMS: {name}: found {found}; expected alarms on one metric of an endpoint, as only such a "
            "one can be told to watch the new instances alone. Deploy the pipeline stack again, or change the template."
        )
    statistic = "ExtendedStatistic" if alarm.get("ExtendedStatistic") else "Statistic"
    return {
        "AlarmName": alarm_of_update(name),
        "AlarmDescription": f"As {name}, of the newest endpoint config alone: takes an update back. Made by releases.",
        "Dimensions": _sorted(alarm, {"Name": "EndpointConfigName", "Value": endpoint_config}),
        statistic: alarm[statistic],
        **{key: alarm[key] for key in _COPIED if alarm.get(key) is not None},
    }


def _sorted(alarm: Mapping[str, Any], *more: dict[str, str]) -> list[dict[str, str]]:
    return sorted([*alarm.get("Dimensions", ()), *more], key=lambda dimension: dimension["Name"])
