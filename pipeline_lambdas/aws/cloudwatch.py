"""The CloudWatch calls of a release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call


def describe_metric_alarm(name: str) -> dict[str, Any] | None:
    """Return the alarm on a metric; None if there is none of exactly this name.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    """
    describe = clients.client("cloudwatch").describe_alarms
    found: list[dict[str, Any]] = call(describe, AlarmNames=[name], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    return found[0] if found else None


def put_metric_alarm(alarm: Mapping[str, Any]) -> None:
    """Create the alarm; it begins without a state (INSUFFICIENT_DATA). One that exists would keep its state.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    call(clients.client("cloudwatch").put_metric_alarm, **alarm)


def delete_alarm(name: str) -> None:
    call(clients.client("cloudwatch").delete_alarms, AlarmNames=[name])
