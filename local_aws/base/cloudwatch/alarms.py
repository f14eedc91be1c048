"""CloudWatch's alarms: what MiniStack leaves out of their evaluation, their ARNs for IAM, and what services put.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html. MiniStack evaluates an alarm
when data is put, over all data of the metric's name. Here the dimensions count, periods are evaluated one by one
(DatapointsToAlarm of EvaluationPeriods), missing data is treated as the alarm says, and an alarm is evaluated again
when it is read, so that it ends by itself. Periods end now instead of on the minute. A deployment's waits are short,
and so are the periods of an alarm on one fleet of an endpoint: a minute is a second. Alarms on metric math and anomaly
detection are not evaluated.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from local_aws.base.tables import ministack
from local_aws.settings import ACCOUNT

Alarm = dict[str, Any]

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}
_MINUTE_S = 1.0
"""Of an alarm on one fleet: as short as the time between two data of a metric."""
_EVALUATED = ("Threshold Crossed", "Unchecked", "Insufficient Data", "No data")
"""How reasons begin that come from an evaluation, and not from SetAlarmState."""


def evaluate_alarms() -> None:
    """Put the evaluation above in place of MiniStack's."""
    cloudwatch = ministack("services.cloudwatch")
    describe = cloudwatch._describe_alarms  # noqa: SLF001

    def describe_evaluated(*request: Any) -> Any:
        cloudwatch._evaluate_all_alarms()  # noqa: SLF001
        return describe(*request)

    cloudwatch._evaluate_alarm = _evaluate  # noqa: SLF001
    cloudwatch._describe_alarms = describe_evaluated  # noqa: SLF001


def put_metric(namespace: str, name: str, value: float, unit: str, dimensions: Mapping[str, str]) -> None:
    """Put a datum of an `AWS/` namespace, as a service does in its own name."""
    ministack("services.cloudwatch").record_metric(namespace, name, value, unit, dict(dimensions))


def alarm_arn(headers: Mapping[str, str], body: bytes, region: str) -> str | None:
    """The alarm that a request is about: of no or of several names all alarms, None for requests about others.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    """
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation:
        if "Alarm" not in operation:
            return None  # metrics come often and in large bodies
        request = json.loads(body)
        names = request.get("AlarmNames") or [request[key] for key in ("AlarmName",) if request.get(key)]
    else:
        form = parse_qs(body.decode("utf-8", errors="replace"))
        if "Alarm" not in form.get("Action", [""])[0]:
            return None
        names = [v[0] for key, v in form.items() if key == "AlarmName" or key.startswith("AlarmNames.member.")]
    return f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{names[0] if len(names) == 1 else '*'}"


def _evaluate(alarm: Alarm) -> None:
    """Give an alarm its state. One set by SetAlarmState holds for a period, after which AWS evaluates again."""
    comparison = _COMPARISONS.get(alarm.get("ComparisonOperator") or "")
    if comparison is None or not alarm.get("MetricName"):
        return
    now, period_s = time.time(), alarm.get("Period") or 60
    evaluated = str(alarm.get("StateReason", "")).startswith(_EVALUATED)
    if not evaluated and now - alarm.get("StateUpdatedTimestamp", 0) < period_s:
        return
    threshold = alarm.get("Threshold") or 0.0
    values = _values(alarm, now, period_s * _MINUTE_S / 60 if _of_one_fleet(alarm) else period_s)
    found = [value for value in values if value is not None]
    missing = alarm.get("TreatMissingData") or "missing"
    breaching = sum(comparison(value, threshold) for value in found)
    if missing == "breaching":
        breaching += len(values) - len(found)
    if breaching >= (alarm.get("DatapointsToAlarm") or len(values)):
        shown = ", ".join(f"{value:g}" for value in found) or "no data"
        reason = f"Threshold Crossed: {breaching} of the last {len(values)} datapoints ({shown}) against {threshold:g}"
        _settle(alarm, "ALARM", reason)
    elif found or missing == "notBreaching":
        _settle(alarm, "OK", f"Threshold Crossed: {breaching} of the last {len(values)} datapoints breach")
    elif missing == "missing":
        _settle(alarm, "INSUFFICIENT_DATA", "Insufficient Data: no datapoints were received")


def _of_one_fleet(alarm: Alarm) -> bool:
    """By https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html alone."""
    return any(dimension["Name"] == "EndpointConfigName" for dimension in alarm.get("Dimensions") or [])


def _values(alarm: Alarm, now: float, period_s: float) -> list[float | None]:
    """The statistic of each evaluated period, the latest first; None where there is no data."""
    cloudwatch = ministack("services.cloudwatch")
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))  # noqa: SLF001
    metric = cloudwatch._metrics.get((alarm["Namespace"], alarm["MetricName"], dimensions))  # noqa: SLF001
    points = metric.since(now - (alarm.get("EvaluationPeriods") or 1) * period_s)
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    values: list[float | None] = []
    for number in range(alarm.get("EvaluationPeriods") or 1):
        end = now - number * period_s
        inside = [point for point in points if end - period_s < point["Timestamp"] <= end + (1 if number == 0 else 0)]
        stats = cloudwatch._calc_stats(inside)  # noqa: SLF001
        values.append(cloudwatch._stat_value(stats, statistic, inside) if stats else None)  # noqa: SLF001
    return values


def _settle(alarm: Alarm, state: str, reason: str) -> None:
    old = alarm["StateValue"]
    if old == state:
        return
    cloudwatch = ministack("services.cloudwatch")
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], old, state, reason)  # noqa: SLF001
    cloudwatch._dispatch_alarm_actions(alarm, old, state, reason)  # noqa: SLF001
    cloudwatch._evaluate_parent_alarms(alarm)  # noqa: SLF001
