"""Updates watched by alarms, over the wire: real containers, CloudWatch and IAM."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipeline_lambdas.aws import clients
from pipeline_lambdas.steps.rollback_alarms import alarm_of_update, watch_update
from tests.local_aws.sagemaker.house import House
from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for


def canary(alarm: str, wait_s: int) -> dict[str, Any]:
    """Half of two instances first."""
    routing = {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": wait_s,
    }
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 120},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
    }


@dataclass(frozen=True)
class Guarded:
    """An endpoint with config `<name>-1`, its successor `<name>-2`, and an alarm on its failing requests."""

    house: House
    name: str
    answers: dict[str, bytes]

    @property
    def alarm(self) -> str:
        return f"{self.name}-errors"

    @property
    def cloudwatch(self) -> Any:
        return self.house.server.client("cloudwatch")

    def update(self, wait_s: int, to: str = "2", alarm: str | None = None) -> None:
        self.house.sagemaker.update_endpoint(
            EndpointName=self.name,
            EndpointConfigName=f"{self.name}-{to}",
            DeploymentConfig=canary(alarm or self.alarm, wait_s),
        )

    def until(self, status: str) -> None:
        def there() -> bool:
            found = self.house.sagemaker.describe_endpoint(EndpointName=self.name)
            variants = found.get("PendingDeploymentSummary", {}).get("ProductionVariants", [{}])
            return bool(variants[0].get("VariantStatus", [{}])[0].get("Status") == status)

        wait_for(there, status)

    def put_alarm(self) -> None:
        dimensions = [{"Name": "EndpointName", "Value": self.name}, {"Name": "VariantName", "Value": "AllTraffic"}]
        self.cloudwatch.put_metric_alarm(
            AlarmName=self.alarm,
            Namespace="AWS/SageMaker",
            MetricName="Invocation4XXErrors",
            Dimensions=dimensions,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )

    def let_the_role_read_alarms(self, pattern: str) -> None:
        bucket = f"arn:aws:s3:::{self.house.name}"
        self.house.server.put_role_policy(
            f"{self.house.name}-role",
            allow("s3:GetObject", resource=f"{bucket}/*"),
            allow("logs:*"),
            allow("cloudwatch:DescribeAlarms", resource=f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{pattern}"),
        )


def guarded(house: House, name: str) -> Guarded:
    for number, rounds in (("1", "20"), ("2", "1")):
        parameters = {"objective": "reg:squarederror", "num_round": rounds}
        job = house.trained(f"{name}-{number}", HyperParameters=parameters)
        house.model(f"{name}-{number}", job["ModelArtifacts"]["S3ModelArtifacts"], instances=2)
    answers = {}
    for number in ("2", "1"):
        house.sagemaker.create_endpoint(EndpointName=f"{name}-x{number}", EndpointConfigName=f"{name}-{number}")
        assert house.settled(f"{name}-x{number}")["EndpointStatus"] == "InService"
        answers[number] = house.invoke(f"{name}-x{number}")
        house.sagemaker.delete_endpoint(EndpointName=f"{name}-x{number}")
    house.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-1")
    assert house.settled(name)["EndpointStatus"] == "InService"
    made = Guarded(house, name, answers)
    made.put_alarm()
    made.let_the_role_read_alarms(f"{name}-*")
    return made


def test_alarms_guard_an_update(house: House) -> None:
    endpoint = guarded(house, "guard")
    first, second = endpoint.answers["1"], endpoint.answers["2"]

    endpoint.let_the_role_read_alarms("other-*")
    endpoint.update(3600)
    found = house.settled("guard")
    assert found["EndpointConfigName"] == "guard-1"
    assert f"execution role {house.role}, which needs cloudwatch:DescribeAlarms on it" in found["FailureReason"]
    endpoint.let_the_role_read_alarms("guard-*")

    with house.load("guard") as (seen, faults):
        endpoint.update(240)
        endpoint.until("Baking")
        wait_for(lambda: seen[first] > 20 and seen[second] > 20, "answers of both fleets")
        assert house.settled("guard")["EndpointConfigName"] == "guard-2"
        before = dict(seen)

        endpoint.update(3600, to="1")
        endpoint.until("Baking")
        wait_for(lambda: seen[first] > before[first], "an answer of the canary")
        with pytest.raises(ClientError, match="ModelError"):
            house.invoke("guard", b"0.1,nonsense,0.3")
        found = house.settled("guard")
        assert found["EndpointConfigName"] == "guard-2"
        assert "the alarm guard-errors is in ALARM (Threshold Crossed: 1 of the last 1" in found["FailureReason"]
        assert "PendingDeploymentSummary" not in found
    assert not faults
    assert set(seen) == {first, second}
    assert house.invoke("guard") == second

    endpoint.cloudwatch.delete_alarms(AlarmNames=["guard-errors"])
    endpoint.update(3600, to="1")
    assert "the alarm guard-errors does not exist" in house.settled("guard")["FailureReason"]
    house.sagemaker.delete_endpoint(EndpointName="guard")


def test_an_alarm_set_by_hand_rolls_back(house: House) -> None:
    endpoint = guarded(house, "hand")
    with house.load("hand") as (seen, faults):
        endpoint.update(3600)
        endpoint.until("Baking")
        wait_for(lambda: seen[endpoint.answers["2"]] > 5, "answers of the canary")
        endpoint.cloudwatch.set_alarm_state(AlarmName="hand-errors", StateValue="ALARM", StateReason="a drill")
        found = house.settled("hand")
    assert not faults
    assert found["EndpointConfigName"] == "hand-1"
    assert found["FailureReason"] == (
        "The update was rolled back to the old fleet: the alarm hand-errors is in ALARM (a drill)."
    )
    listed = endpoint.cloudwatch.list_metrics(Namespace="AWS/SageMaker", MetricName="Invocations")["Metrics"]
    dimensions = [{entry["Name"]: entry["Value"] for entry in metric["Dimensions"]} for metric in listed]
    configs = {entry.get("EndpointConfigName") for entry in dimensions if entry["EndpointName"] == "hand"}
    assert configs == {None, "hand-1", "hand-2"}
    house.sagemaker.delete_endpoint(EndpointName="hand")


def test_a_model_that_fails_can_be_repaired_and_cannot_come_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the old fleet fails the endpoint's alarm ends every update; its like of the new fleet tells them apart."""
    endpoint = guarded(house, "fix")
    monkeypatch.setattr(clients, "client", house.server.client)
    like = alarm_of_update(endpoint.alarm)

    def put(periods: int) -> None:
        [alarm] = endpoint.cloudwatch.describe_alarms(AlarmNames=[endpoint.alarm])["MetricAlarms"]
        kept = ("Namespace", "MetricName", "Dimensions", "Statistic", "Period", "Threshold", "ComparisonOperator")
        settings = {key: alarm[key] for key in kept}
        endpoint.cloudwatch.put_metric_alarm(
            AlarmName=endpoint.alarm, EvaluationPeriods=periods, TreatMissingData="notBreaching", **settings
        )

    def fails() -> None:
        with pytest.raises(ClientError, match="ModelError"):
            house.invoke("fix", b"0.1,nonsense,0.3")

    def state() -> str:
        [alarm] = endpoint.cloudwatch.describe_alarms(AlarmNames=[endpoint.alarm])["MetricAlarms"]
        return str(alarm["StateValue"])

    fails()
    wait_for(lambda: state() == "ALARM", "the alarm of the endpoint")
    endpoint.update(240)
    found = house.settled("fix")
    assert found["EndpointConfigName"] == "fix-1"
    assert "the alarm fix-errors is in ALARM" in found["FailureReason"]

    watch_update((endpoint.alarm,), "fix-2")
    endpoint.update(240, alarm=like)
    assert house.settled("fix")["EndpointConfigName"] == "fix-2"
    assert state() == "ALARM"

    # The template's alarms look at two minutes, of which local AWS makes two seconds.
    put(periods=2)
    watch_update((endpoint.alarm,), "fix-1")
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            with suppress(ClientError):
                house.invoke("fix", b"0.1,nonsense,0.3")
            stop.wait(0.05)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        endpoint.update(3600, to="1", alarm=like)
        found = house.settled("fix")
    finally:
        stop.set()
        asking.join()
    assert found["EndpointConfigName"] == "fix-2"
    assert f"the alarm {like} is in ALARM (Threshold Crossed: 2 of the last 2" in found["FailureReason"]
    house.sagemaker.delete_endpoint(EndpointName="fix")


def test_a_kill_while_baking_is_survived(own_local_aws: LocalServer) -> None:
    house = House(own_local_aws, "sm-bake")
    endpoint = guarded(house, "bake")
    endpoint.update(3600)
    endpoint.until("Baking")
    own_local_aws.kill()
    own_local_aws.up()
    assert house.invoke("bake") in endpoint.answers.values()
    found = house.settled("bake")
    assert found["EndpointConfigName"] == "bake-2"
    assert house.invoke("bake") == endpoint.answers["2"]
