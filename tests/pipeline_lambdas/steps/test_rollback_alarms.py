"""The alarms that watch an update, in moto's CloudWatch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from pipeline_lambdas.aws import clients
from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.steps.rollback_alarms import watch_update

ENDPOINT = [{"Name": "VariantName", "Value": "AllTraffic"}, {"Name": "EndpointName", "Value": "n-prod"}]
ERRORS: dict[str, Any] = {
    "AlarmName": "n-prod-errors",
    "AlarmActions": ["arn:aws:sns:us-east-1:111122223333:topic"],
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocation5XXErrors",
    "Dimensions": ENDPOINT,
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 2,
    "DatapointsToAlarm": 2,
    "Threshold": 0.05,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}
LATENCY = {key: value for key, value in ERRORS.items() if key != "Statistic"} | {
    "AlarmName": "n-prod-latency",
    "MetricName": "ModelLatency",
    "ExtendedStatistic": "p95",
    "Threshold": 500000.0,
}
NAMES = ("n-prod-errors", "n-prod-latency")


@pytest.fixture
def cloudwatch() -> Iterator[Any]:
    with mock_aws():
        clients.client.cache_clear()
        client = clients.client("cloudwatch")
        for alarm in (ERRORS, LATENCY):
            client.put_metric_alarm(**alarm)
        yield client
        clients.client.cache_clear()


def alarm(cloudwatch: Any, name: str) -> dict[str, Any]:
    [found] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(found)


def config_of(found: dict[str, Any]) -> str:
    return str({item["Name"]: item["Value"] for item in found["Dimensions"]}["EndpointConfigName"])


@pytest.mark.parametrize("original", [ERRORS, LATENCY], ids=NAMES)
def test_an_update_is_watched_as_the_endpoint_is_but_for_the_old_fleet(
    cloudwatch: Any, original: dict[str, Any]
) -> None:
    watch_update(NAMES, "n-prod-2")
    found = alarm(cloudwatch, f"{original['AlarmName']}-update")
    own = {"AlarmName", "AlarmActions", "Dimensions"}
    assert {key: found[key] for key in original.keys() - own} == {key: original[key] for key in original.keys() - own}
    expected = [*ENDPOINT, {"Name": "EndpointConfigName", "Value": "n-prod-2"}]
    assert sorted(found["Dimensions"], key=str) == sorted(expected, key=str)
    assert not found["AlarmActions"], "the failed release is told"


def test_what_an_earlier_update_left_in_alarm_is_forgotten(cloudwatch: Any) -> None:
    watch_update(NAMES, "n-prod-1")
    for name in (*NAMES, *(f"{name}-update" for name in NAMES)):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="it fails")
    watch_update(NAMES, "n-prod-2")
    for name in NAMES:
        found = alarm(cloudwatch, f"{name}-update")
        assert (found["StateValue"] != "ALARM", config_of(found)) == (True, "n-prod-2")
        assert alarm(cloudwatch, name)["StateValue"] == "ALARM"


def test_a_repeat_keeps_what_the_update_has_shown(cloudwatch: Any) -> None:
    watch_update(NAMES, "n-prod-1")
    cloudwatch.set_alarm_state(AlarmName="n-prod-errors-update", StateValue="ALARM", StateReason="it fails")
    watch_update(NAMES, "n-prod-1")
    assert alarm(cloudwatch, "n-prod-errors-update")["StateValue"] == "ALARM"


def test_another_threshold_reaches_the_next_update(cloudwatch: Any) -> None:
    watch_update(NAMES, "n-prod-1")
    cloudwatch.put_metric_alarm(**{**ERRORS, "Threshold": 0.5})
    watch_update(NAMES, "n-prod-1")
    assert alarm(cloudwatch, "n-prod-errors-update")["Threshold"] == 0.5


def test_an_alarm_that_cannot_be_told_apart_is_refused(cloudwatch: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"ROLLBACK_ALARMS: n-prod-gone: found no such alarm on a metric"):
        watch_update(("n-prod-gone",), "n-prod-1")
    cloudwatch.put_metric_alarm(**{**ERRORS, "AlarmName": "sales", "Dimensions": [{"Name": "Shop", "Value": "1"}]})
    with pytest.raises(ConfigurationError, match="sales: found no dimension EndpointName"):
        watch_update(("sales",), "n-prod-1")
