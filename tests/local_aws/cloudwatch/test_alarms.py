"""CloudWatch's alarms as local AWS evaluates them, and whom IAM lets read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.base.cloudwatch.alarms import alarm_arn
from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for

ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
ENDPOINT = [{"Name": "EndpointName", "Value": "prod"}]


class Alarm:
    """An alarm of one test, on a namespace of its own."""

    def __init__(self, server: LocalServer, name: str, **settings: Any) -> None:
        self.name, self.client = name, server.client("cloudwatch")
        usual: dict[str, Any] = {
            "Period": 60,
            "EvaluationPeriods": 1,
            "Statistic": "Sum",
            "TreatMissingData": "notBreaching",
        }
        self.client.put_metric_alarm(
            AlarmName=name,
            Namespace=f"Test/{name}",
            MetricName="Errors",
            Dimensions=ENDPOINT,
            ComparisonOperator="GreaterThanThreshold",
            Threshold=1,
            **(usual | settings),
        )

    def put(self, value: float, dimensions: list[dict[str, str]] | None = None, age_s: float = 0) -> None:
        datum: dict[str, Any] = {
            "MetricName": "Errors",
            "Dimensions": ENDPOINT if dimensions is None else dimensions,
            "Value": value,
            "Timestamp": datetime.now(UTC) - timedelta(seconds=age_s),
        }
        self.client.put_metric_data(Namespace=f"Test/{self.name}", MetricData=[datum])

    @property
    def state(self) -> str:
        [found] = self.client.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        return str(found["StateValue"])


def test_only_data_of_its_dimensions_counts(local_aws: LocalServer) -> None:
    alarm = Alarm(local_aws, "dimensions")
    assert alarm.state == "OK"
    alarm.put(5, [{"Name": "EndpointName", "Value": "dev"}])
    alarm.put(5, [])
    alarm.put(5, [*ENDPOINT, {"Name": "EndpointConfigName", "Value": "c"}])
    assert alarm.state == "OK"
    alarm.put(5)
    assert alarm.state == "ALARM"


def test_periods_are_judged_one_by_one(local_aws: LocalServer) -> None:
    alarm = Alarm(local_aws, "periods", EvaluationPeriods=3, DatapointsToAlarm=2)
    alarm.put(5)
    assert alarm.state == "OK"
    alarm.put(0, age_s=80)
    assert alarm.state == "OK"
    alarm.put(5, age_s=150)
    assert alarm.state == "ALARM"


@pytest.mark.parametrize(
    ("missing", "state"), [("notBreaching", "OK"), ("breaching", "ALARM"), ("missing", "INSUFFICIENT_DATA")]
)
def test_missing_data_is_treated_as_the_alarm_says(local_aws: LocalServer, missing: str, state: str) -> None:
    alarm = Alarm(local_aws, f"missing-{missing}", TreatMissingData=missing)
    alarm.put(9, age_s=300)
    assert alarm.state == state


def test_a_state_set_by_hand_holds(local_aws: LocalServer) -> None:
    alarm = Alarm(local_aws, "by-hand")
    alarm.client.set_alarm_state(AlarmName="by-hand", StateValue="ALARM", StateReason="a drill")
    alarm.put(0)
    assert alarm.state == "ALARM"


def test_an_alarm_ends_when_its_data_is_old(local_aws: LocalServer) -> None:
    alarm = Alarm(local_aws, "ends", Period=10)
    alarm.put(5, age_s=7)
    assert alarm.state == "ALARM"
    wait_for(lambda: alarm.state == "OK", "the end of the alarm", 10)
    assert alarm.client.describe_alarm_history(AlarmName="ends")["AlarmHistoryItems"]


def test_an_alarm_is_there_after_a_kill(own_local_aws: LocalServer) -> None:
    Alarm(own_local_aws, "kept").client.set_alarm_state(AlarmName="kept", StateValue="ALARM", StateReason="a drill")
    own_local_aws.kill()
    own_local_aws.up()
    [found] = own_local_aws.client("cloudwatch").describe_alarms(AlarmNames=["kept"])["MetricAlarms"]
    assert (found["StateValue"], found["StateReason"]) == ("ALARM", "a drill")


def test_iam_knows_the_alarm(local_aws: LocalServer) -> None:
    Alarm(local_aws, "mine")
    key, secret = local_aws.user_with("alarm-reader", allow("cloudwatch:DescribeAlarms", resource=f"{ARN}:mine"))
    client = local_aws.client("cloudwatch", key, secret)
    assert client.describe_alarms(AlarmNames=["mine"])["MetricAlarms"]
    for names in (["other"], ["mine", "other"], []):
        with pytest.raises(ClientError, match="not authorized to perform: cloudwatch:DescribeAlarms"):
            client.describe_alarms(AlarmNames=names)


@pytest.mark.parametrize(
    ("body", "target", "expected"),
    [
        (b'{"AlarmNames": ["a"]}', "DescribeAlarms", f"{ARN}:a"),
        (b'{"AlarmNames": ["a", "b"]}', "DescribeAlarms", f"{ARN}:*"),
        (b"{}", "DescribeAlarms", f"{ARN}:*"),
        (b'{"AlarmName": "a"}', "PutMetricAlarm", f"{ARN}:a"),
        (b'{"Namespace": "n"}', "PutMetricData", None),
        (b"Action=DescribeAlarms&AlarmNames.member.1=a", "", f"{ARN}:a"),
        (b"Action=SetAlarmState&AlarmName=a", "", f"{ARN}:a"),
        (b"Action=ListMetrics", "", None),
        (b"", "", None),
    ],
)
def test_the_alarm_of_a_request(body: bytes, target: str, expected: str | None) -> None:
    headers = {"x-amz-target": f"GraniteServiceVersion20100801.{target}"} if target else {}
    assert alarm_arn(headers, body, REGION) == expected
