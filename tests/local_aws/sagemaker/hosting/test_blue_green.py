"""Updates with a DeploymentConfig: canary, linear, alarms, rollback; with containers that a test plays."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local_aws.sagemaker.hosting import serving as hosting
from local_aws.sagemaker.hosting.blue_green import SHORTENED, SHORTENED_UNASKED
from local_aws.sagemaker.service import SageMakerService
from tests.local_aws.manual_clock import ManualClock
from tests.local_aws.sagemaker.fakes import Aws, FakeParent
from tests.local_aws.sagemaker.hosted import config, deployed, play, refused, settled, variant
from tests.local_aws.sagemaker.hosting.test_deployment_configs import PERCENT, blue_green
from tests.local_aws.sagemaker.load import load
from tests.local_server import wait_for

CANARY = blue_green("CANARY", (PERCENT, 25), wait_s=300, TerminationWaitInSeconds=120)
LINEAR = blue_green("LINEAR", (PERCENT, 50), wait_s=300)
ALARM = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}


@pytest.fixture
def fleet(hosted: Aws) -> Aws:
    """An endpoint with four instances of model one, and a config with four of model two."""
    for name in ("one", "two"):
        config(hosted, f"{name}-4", {**variant(name), "InitialInstanceCount": 4})
    deployed(hosted, "one-4")
    hosted.cloudwatch.alarms["errors"] = "OK"
    return hosted


def update(aws: Aws, *deployment: dict[str, Any], to: str = "two-4", **more: Any) -> None:
    whole: dict[str, Any] = {}
    for part in deployment:
        whole |= part
    more = {"DeploymentConfig": whole, **more} if whole else more
    aws.call("UpdateEndpoint", EndpointName="Wine", EndpointConfigName=to, **more)


def clock(aws: Aws) -> ManualClock:
    found = aws.runtime.clock
    assert isinstance(found, ManualClock)
    return found


def pending(aws: Aws) -> dict[str, Any]:
    found = aws.call("DescribeEndpoint", EndpointName="Wine")
    summary = found.get("PendingDeploymentSummary", {})
    [shown] = summary.get("ProductionVariants", [{}])
    return dict(shown)


def baking(aws: Aws, message: str) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        shown = pending(aws)
        [status] = shown.get("VariantStatus", [{}])
        return shown if status.get("StatusMessage") == message else None

    found: dict[str, Any] = wait_for(there, message, 20)
    return found


def answers(aws: Aws, count: int = 400) -> Counter[bytes]:
    return Counter(aws.invoke(EndpointName="Wine", Body=b"x")["Body"].partition(b":")[0] for _ in range(count))


def asking(aws: Aws) -> AbstractContextManager[tuple[Counter[bytes], list[Exception]]]:
    """Four threads that ask all the time: which models answered, and every failure."""
    return load(lambda: aws.invoke(EndpointName="Wine", Body=b"sleep 0.01")["Body"].partition(b":")[0])


def more_than(seen: Counter[bytes], count: int) -> None:
    before = seen.total()
    wait_for(lambda: seen.total() > before + count, "some answers", 20)


CANARY_BAKES = (
    "Baking for 300 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of 1 instance(s)."
)
ALL_BAKE = "Baking for 120 seconds (TerminationWaitInSeconds) with traffic enabled on 4 instance(s)."


def test_a_canary_takes_its_share_and_then_all(fleet: Aws) -> None:
    update(fleet, CANARY, ALARM)
    shown = baking(fleet, CANARY_BAKES)
    assert (shown["CurrentInstanceCount"], shown["DesiredInstanceCount"]) == (1, 4)
    assert shown["VariantStatus"][0]["Status"] == "Baking"
    assert 50 < answers(fleet)[b"two"] < 160
    clock(fleet).set_by(-3 * 60 * 60)
    clock(fleet).advance(301)
    assert baking(fleet, ALL_BAKE)["CurrentInstanceCount"] == 4
    assert answers(fleet) == {b"two": 400}
    assert fleet.call("DescribeEndpoint", EndpointName="Wine")["EndpointConfigName"] == "one-4"
    clock(fleet).advance(121)
    found = settled(fleet)
    assert found["EndpointConfigName"] == "two-4"
    assert found["LastDeploymentConfig"] == {**CANARY, **ALARM}
    assert "FailureReason" not in found
    stages = [
        (status["Status"], status["StatusMessage"])
        for kind, detail in fleet.events
        if kind == "SageMaker Endpoint Deployment State Change"
        and detail["PendingDeploymentSummary"]["EndpointConfigName"] == "two-4"
        for status in detail["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"]
    ]
    assert stages == [
        ("Creating", "Launching 4 instance(s)."),
        ("ActivatingTraffic", "Activating traffic on canary capacity of 1 instance(s)."),
        ("Baking", CANARY_BAKES),
        ("ActivatingTraffic", "Activating traffic on 4 instance(s)."),
        ("Baking", ALL_BAKE),
    ]


@pytest.mark.parametrize("asked", [False, True])
def test_waits_are_shortened_and_count_in_full(fleet: Aws, asked: bool) -> None:
    policy = {**CANARY["BlueGreenUpdatePolicy"], "TerminationWaitInSeconds": 600}
    shortened = SHORTENED if asked else SHORTENED_UNASKED
    with asking(fleet) if asked else nullcontext((Counter[bytes](), [])) as (seen, _):
        update(fleet, {"BlueGreenUpdatePolicy": {**policy, "MaximumExecutionTimeoutInSeconds": 899}}, ALARM)
        for message, wait_s in ((CANARY_BAKES, 300), (ALL_BAKE.replace("120", "600"), 600)):
            baking(fleet, message)
            if asked:
                more_than(seen, 40)
            clock(fleet).advance(0.9 * wait_s / shortened)
            assert pending(fleet)["VariantStatus"][0]["StatusMessage"] == message
            clock(fleet).advance(0.2 * wait_s / shortened)
        found = settled(fleet)
    assert found["EndpointConfigName"] == "one-4"
    assert "longer than 899 seconds (MaximumExecutionTimeoutInSeconds)" in found["FailureReason"]


def test_a_linear_update_goes_step_by_step(fleet: Aws) -> None:
    update(fleet, LINEAR)
    baking(fleet, "Baking for 300 seconds (WaitIntervalInSeconds) with traffic enabled on 2 instance(s).")
    assert 140 < answers(fleet)[b"two"] < 260
    clock(fleet).advance(301)
    assert settled(fleet)["EndpointConfigName"] == "two-4"
    assert answers(fleet) == {b"two": 400}


def test_no_request_fails_while_a_canary_goes_through(fleet: Aws) -> None:
    with asking(fleet) as (seen, faults):
        for name in ("two", "one"):
            update(fleet, CANARY, ALARM, to=f"{name}-4")
            for message, wait_s in ((CANARY_BAKES, 301), (ALL_BAKE, 121)):
                baking(fleet, message)
                more_than(seen, 40)
                clock(fleet).advance(wait_s)
            assert settled(fleet)["EndpointConfigName"] == f"{name}-4"
    assert not faults
    assert set(seen) == {b"one", b"two"}


@pytest.mark.parametrize("whole", [False, True])
def test_no_request_fails_while_an_alarm_rolls_back(fleet: Aws, whole: bool) -> None:
    with asking(fleet) as (seen, faults):
        update(fleet, CANARY, ALARM)
        baking(fleet, CANARY_BAKES)
        wait_for(lambda: seen[b"two"] > 5, "answers of the canary", 20)
        if whole:
            clock(fleet).advance(301)
            baking(fleet, ALL_BAKE)
        fleet.cloudwatch.alarms["errors"] = "ALARM"
        clock(fleet).advance(2)
        found = settled(fleet)
        more_than(seen, 40)
    assert not faults
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "one-4")
    assert found["FailureReason"] == (
        "The update was rolled back to the old fleet: the alarm errors is in ALARM (5 > 1)."
    )
    assert "PendingDeploymentSummary" not in found
    assert answers(fleet) == {b"one": 400}
    update(fleet, to="two-4")
    assert "FailureReason" not in settled(fleet)


def test_an_alarm_that_is_already_on_moves_no_traffic(fleet: Aws) -> None:
    fleet.cloudwatch.alarms["errors"] = "ALARM"
    update(fleet, CANARY, ALARM)
    found = settled(fleet)
    assert "the alarm errors is in ALARM" in found["FailureReason"]
    assert not [detail for _, detail in fleet.events if "ActivatingTraffic" in str(detail)]


def test_insufficient_data_is_no_reason(fleet: Aws) -> None:
    fleet.cloudwatch.alarms["errors"] = "INSUFFICIENT_DATA"
    update(fleet, ALARM)
    assert settled(fleet)["EndpointConfigName"] == "two-4"


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({}, "The endpoint was not updated: the alarm errors does not exist."),
        ({"errors": None}, "which needs cloudwatch:DescribeAlarms on it: User is not authorized."),
    ],
)
def test_an_alarm_that_cannot_be_read_ends_the_update_first(
    fleet: Aws, state: dict[str, str | None], reason: str
) -> None:
    fleet.cloudwatch.alarms = state
    update(fleet, CANARY, ALARM)
    found = settled(fleet)
    assert found["EndpointConfigName"] == "one-4"
    assert found["FailureReason"].endswith(reason)
    assert not [detail for _, detail in fleet.events if "Launching" in str(detail) and "two-4" in str(detail)]


def test_cloudwatch_may_be_away_for_a_moment(fleet: Aws) -> None:
    away = ClientError(
        {"Error": {"Code": "InternalFailure", "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 500}},
        "DescribeAlarms",
    )
    fleet.cloudwatch.faults = [away, EndpointConnectionError(endpoint_url="http://127.0.0.1")]
    update(fleet, ALARM)
    assert settled(fleet)["EndpointConfigName"] == "two-4"
    assert not fleet.cloudwatch.faults


def test_an_alarm_deleted_during_the_update_rolls_back(fleet: Aws) -> None:
    update(fleet, CANARY, ALARM)
    baking(fleet, CANARY_BAKES)
    fleet.cloudwatch.alarms.clear()
    clock(fleet).advance(2)
    assert "the alarm errors does not exist" in settled(fleet)["FailureReason"]


def test_the_time_for_the_whole_deployment_is_limited(fleet: Aws) -> None:
    policy = {**CANARY["BlueGreenUpdatePolicy"], "MaximumExecutionTimeoutInSeconds": 600}
    update(fleet, {"BlueGreenUpdatePolicy": {**policy, "TerminationWaitInSeconds": 3600}})
    baking(fleet, CANARY_BAKES)
    clock(fleet).advance(301)
    wait_for(lambda: "3600" in str(pending(fleet)), "the last step", 20)
    clock(fleet).advance(301)
    found = settled(fleet)
    assert found["EndpointConfigName"] == "one-4"
    assert "longer than 600 seconds (MaximumExecutionTimeoutInSeconds)" in found["FailureReason"]


def test_a_container_that_dies_while_baking_rolls_back(fleet: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "_RESTART_S", 60)
    parent = FakeParent(serve=play)
    fleet.use(parent)
    update(fleet, CANARY)
    baking(fleet, CANARY_BAKES)
    parent.started[-1].end(-9)
    container = fleet.service._deployments._live["Wine"]._green
    assert container is not None
    wait_for(container.unhealthy_variant, "the end of the container", 20)
    clock(fleet).advance(2)
    found = settled(fleet)
    assert found["EndpointConfigName"] == "one-4"
    assert "did not pass the ping health check" in found["FailureReason"]
    assert answers(fleet, 20) == {b"one": 20}


def test_the_last_deployment_config_can_be_kept(fleet: Aws) -> None:
    update(fleet, blue_green("ALL_AT_ONCE"), ALARM)
    settled(fleet)
    fleet.cloudwatch.alarms["errors"] = "ALARM"
    update(fleet, to="one-4", RetainDeploymentConfig=True)
    found = settled(fleet)
    assert found["EndpointConfigName"] == "two-4"
    assert found["LastDeploymentConfig"] == {**blue_green("ALL_AT_ONCE"), **ALARM}
    update(fleet, to="one-4")
    found = settled(fleet)
    assert found["EndpointConfigName"] == "one-4"
    assert "LastDeploymentConfig" not in found


def test_a_config_given_at_creation_serves_a_later_update(hosted: Aws) -> None:
    hosted.cloudwatch.alarms["errors"] = "ALARM"
    found = deployed(hosted, DeploymentConfig={**blue_green("ALL_AT_ONCE"), **ALARM})
    assert found["EndpointStatus"] == "InService"
    update(hosted, to="two", RetainDeploymentConfig=True)
    assert "is in ALARM" in settled(hosted)["FailureReason"]


def test_a_size_is_checked_against_the_fleet(hosted: Aws) -> None:
    deployed(hosted)
    wanted = blue_green("CANARY", ("INSTANCE_COUNT", 1))
    message = refused(hosted, "UpdateEndpoint", EndpointName="Wine", EndpointConfigName="two", DeploymentConfig=wanted)
    assert "must be at most 50% of the 1 instance(s) of variant AllTraffic" in message
    assert hosted.call("DescribeEndpoint", EndpointName="Wine")["EndpointStatus"] == "InService"


def test_metrics_distinguish_the_fleets(fleet: Aws) -> None:
    answers(fleet, 5)
    update(fleet, CANARY)
    baking(fleet, CANARY_BAKES)
    seen = answers(fleet, 200)
    fleet.service._metrics.publish()
    clock(fleet).advance(301)
    baking(fleet, ALL_BAKE)
    clock(fleet).advance(121)
    settled(fleet)
    answers(fleet, 10)
    fleet.service._metrics.publish()
    counted: Counter[str] = Counter()
    for _, datum in fleet.cloudwatch.data:
        if datum["MetricName"] == "Invocations":
            dimensions = {entry["Name"]: entry["Value"] for entry in datum["Dimensions"]}
            assert (dimensions["EndpointName"], dimensions["VariantName"]) == ("Wine", "AllTraffic")
            counted[dimensions.get("EndpointConfigName", "")] += int(sum(datum["Counts"]))
    assert counted == {"": 215, "one-4": seen[b"one"], "two-4": seen[b"two"] + 10}


@pytest.mark.parametrize("tripped", [False, True])
def test_a_deployment_goes_on_after_a_kill_while_baking(fleet: Aws, tripped: bool) -> None:
    update(fleet, CANARY, ALARM)
    baking(fleet, CANARY_BAKES)
    fleet.service.stop()  # what is stored is the same as after a kill
    again = SageMakerService(fleet.runtime)
    fleet.service, fleet.front.operations = again, again.operations()
    fleet.runtime_front.operations = again.runtime_operations()
    fleet.use(FakeParent(serve=play))
    fleet.cloudwatch.alarms["errors"] = "ALARM" if tripped else "OK"
    again.resume()
    assert fleet.invoke(EndpointName="Wine", Body=b"x")["Body"].endswith(b":x")
    if not tripped:
        baking(fleet, CANARY_BAKES)
        clock(fleet).advance(301)
        baking(fleet, ALL_BAKE)
        clock(fleet).advance(121)
    found = settled(fleet)
    assert found["EndpointConfigName"] == ("one-4" if tripped else "two-4")
    assert ("the alarm errors is in ALARM" in found.get("FailureReason", "")) is tripped
