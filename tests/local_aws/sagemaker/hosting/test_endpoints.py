"""Endpoints from creation to deletion, with containers that a test plays."""

from __future__ import annotations

import threading
import time

import pytest

from local_aws.sagemaker.hosting import serving as hosting
from local_aws.sagemaker.service import SageMakerService
from local_aws.wire import AwsError
from tests.local_aws.manual_clock import ManualClock
from tests.local_aws.sagemaker.fakes import IMAGE, Aws, FakeParent
from tests.local_aws.sagemaker.hosted import (
    REGION_ARN,
    config,
    deployed,
    play,
    refused,
    settled,
    variant,
)
from tests.local_aws.sagemaker.load import load
from tests.local_server import wait_for


def test_an_endpoint_serves(hosted: Aws) -> None:
    arn = hosted.call("CreateEndpoint", EndpointName="Wine", EndpointConfigName="one")["EndpointArn"]
    assert arn == f"{REGION_ARN}:endpoint/wine"
    found = settled(hosted)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "one")
    [summary] = found["ProductionVariants"]
    assert (summary["CurrentWeight"], summary["DesiredInstanceCount"]) == (1.0, 1)
    assert summary["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    assert "PendingDeploymentSummary" not in found
    answer = hosted.invoke(EndpointName="Wine", Body=b"1,2", ContentType="text/csv", CustomAttributes="trace-1")
    assert answer == {
        "Body": b"one:1,2",
        "ContentType": "answer/csv",
        "InvokedProductionVariant": "AllTraffic",
        "CustomAttributes": "seen trace-1",
    }
    statuses = [detail["EndpointStatus"] for kind, detail in hosted.events if kind.endswith("Endpoint State Change")]
    assert statuses == ["CREATING", "IN_SERVICE"]
    deployment = next(d for k, d in hosted.events if k == "SageMaker Endpoint Deployment State Change")
    [pending] = deployment["PendingDeploymentSummary"]["ProductionVariants"]
    assert pending["VariantStatus"][0]["StatusMessage"] == "Launching 1 instance(s)."
    assert pending["InstanceType"] == "ml.t2.medium"


def test_the_endpoint_logs_as_its_role(hosted: Aws) -> None:
    deployed(hosted)
    wait_for(lambda: hosted.logs.streams, "the log", 10)
    [(group, stream)] = hosted.logs.streams
    assert group == "/aws/sagemaker/Endpoints/Wine"
    assert stream.startswith("AllTraffic/i-")


def test_deleting_frees_the_name(hosted: Aws) -> None:
    deployed(hosted)
    message = refused(hosted, "CreateEndpoint", EndpointName="WINE", EndpointConfigName="one")
    assert message == f'Cannot create already existing endpoint "{REGION_ARN}:endpoint/wine".'
    hosted.call("DeleteEndpoint", EndpointName="Wine")
    gone = f'Could not find endpoint "{REGION_ARN}:endpoint/wine".'

    def deleted() -> bool:
        try:
            return bool(hosted.call("DescribeEndpoint", EndpointName="Wine")["EndpointStatus"] != "Deleting")
        except AwsError as error:
            return error.message == gone

    wait_for(deleted, "the deletion", 10)
    assert refused(hosted, "DeleteEndpoint", EndpointName="Wine") == gone
    assert refused(hosted, "UpdateEndpoint", EndpointName="Wine", EndpointConfigName="one") == gone
    with pytest.raises(AwsError) as error:
        hosted.invoke(EndpointName="Wine", Body=b"")
    assert (error.value.code, error.value.status) == ("ValidationError", 400)
    assert error.value.message == "Endpoint Wine of account 111122223333 not found."
    assert deployed(hosted)["EndpointStatus"] == "InService"


@pytest.mark.parametrize("name", ["dies", "unhealthy"])
def test_a_creation_that_fails(hosted: Aws, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "_UNHEALTHY_S", 0.2)
    found = deployed(hosted, name)
    assert found["EndpointStatus"] == "Failed"
    assert found["FailureReason"] == (
        "The primary container for production variant AllTraffic did not pass the ping health check. Please check "
        "CloudWatch logs for this endpoint."
    )
    with pytest.raises(AwsError, match="is not InService: its status is Failed"):
        hosted.invoke(EndpointName="Wine", Body=b"")
    assert "can only be deleted" in refused(hosted, "UpdateEndpoint", EndpointName="Wine", EndpointConfigName="one")
    hosted.call("DeleteEndpoint", EndpointName="Wine")


@pytest.mark.parametrize(
    ("content", "message"), [(None, "Failed to download model data"), (b"text", "Failed to extract model data")]
)
def test_damaged_model_data(hosted: Aws, content: bytes | None, message: str) -> None:
    if content is None:
        hosted.s3.denied.add("one.tar.gz")
    else:
        hosted.s3.objects["models", "one.tar.gz"] = content
    found = deployed(hosted)
    assert found["EndpointStatus"] == "Failed"
    assert message in found["FailureReason"]
    assert "s3://models/one.tar.gz" in found["FailureReason"]
    assert not list((hosted.runtime.settings.state / "sagemaker/models").glob("*.part*"))


def test_update_under_load_loses_no_request(hosted: Aws) -> None:
    deployed(hosted)

    def more_answers() -> None:
        before = answers.total()
        wait_for(lambda: answers.total() > before + 20, "some answers", 20)

    def ask() -> bytes:
        answer: bytes = hosted.invoke(EndpointName="Wine", Body=b"sleep 0.01")["Body"]
        return answer.partition(b":")[0]

    with load(ask) as (answers, faults):
        for name in ("two", "one", "two"):
            more_answers()
            hosted.call("UpdateEndpoint", EndpointName="Wine", EndpointConfigName=name)
            assert settled(hosted)["EndpointConfigName"] == name
        more_answers()
    assert not faults
    assert answers[b"one"]
    assert answers[b"two"]
    assert hosted.invoke(EndpointName="Wine", Body=b"x")["Body"] == b"two:x"


def test_requests_in_flight_are_answered_by_the_old_fleet(hosted: Aws) -> None:
    deployed(hosted)
    answers: list[bytes] = []
    slow = threading.Thread(
        target=lambda: answers.append(hosted.invoke(EndpointName="Wine", Body=b"sleep 0.5")["Body"])
    )
    slow.start()
    time.sleep(0.1)
    hosted.call("UpdateEndpoint", EndpointName="Wine", EndpointConfigName="two")
    assert settled(hosted)["EndpointConfigName"] == "two"
    assert slow.is_alive()
    slow.join()
    assert answers == [b"one:sleep 0.5"]


def test_an_update_that_fails_leaves_the_old_config(hosted: Aws) -> None:
    deployed(hosted)
    hosted.call("UpdateEndpoint", EndpointName="Wine", EndpointConfigName="dies")
    found = settled(hosted)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "one")
    assert "did not pass the ping health check" in found["FailureReason"]
    assert "PendingDeploymentSummary" not in found
    assert hosted.invoke(EndpointName="Wine", Body=b"x")["Body"] == b"one:x"
    hosted.call("UpdateEndpoint", EndpointName="Wine", EndpointConfigName="two")
    assert "FailureReason" not in settled(hosted)


def test_the_old_fleet_is_kept_while_the_new_one_bakes(hosted: Aws) -> None:
    clock = hosted.runtime.clock
    assert isinstance(clock, ManualClock)
    deployed(hosted)
    policy = {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
        "TerminationWaitInSeconds": 600,
    }
    hosted.call(
        "UpdateEndpoint",
        EndpointName="Wine",
        EndpointConfigName="two",
        DeploymentConfig={"BlueGreenUpdatePolicy": policy},
    )
    wait_for(lambda: hosted.invoke(EndpointName="Wine", Body=b"x")["Body"] == b"two:x", "the new fleet", 20)

    def baking() -> bool:
        found = hosted.call("DescribeEndpoint", EndpointName="Wine")
        stage = found["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]
        return (found["EndpointStatus"], found["EndpointConfigName"], stage["Status"]) == ("Updating", "one", "Baking")

    wait_for(baking, "the baking", 10)
    in_progress = f'Cannot update in-progress endpoint "{REGION_ARN}:endpoint/wine".'
    assert refused(hosted, "DeleteEndpoint", EndpointName="Wine") == in_progress
    assert refused(hosted, "UpdateEndpoint", EndpointName="Wine", EndpointConfigName="one") == in_progress
    clock.advance(601)
    found = settled(hosted)
    assert found["EndpointConfigName"] == "two"
    assert found["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 600


def test_an_update_can_keep_weights_and_counts(hosted: Aws) -> None:
    config(hosted, "old", variant("one", "A"), variant("one", "B"))
    config(hosted, "new", variant("two", "A"), variant("two", "B"))
    deployed(hosted, "old")
    changes = [{"VariantName": "A", "DesiredWeight": 9, "DesiredInstanceCount": 4}]
    hosted.call("UpdateEndpointWeightsAndCapacities", EndpointName="Wine", DesiredWeightsAndCapacities=changes)
    settled(hosted)
    hosted.call(
        "UpdateEndpoint",
        EndpointName="Wine",
        EndpointConfigName="new",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredInstanceCount"}],
    )
    first = settled(hosted)["ProductionVariants"][0]
    assert (first["CurrentWeight"], first["CurrentInstanceCount"]) == (9, 1)


def test_a_container_that_dies_is_started_again(hosted: Aws) -> None:
    parent = FakeParent(serve=play)
    hosted.use(parent)
    deployed(hosted)
    parent.started[0].end(-9)
    wait_for(lambda: len(parent.started) == 2, "a new container", 10)
    assert hosted.invoke(EndpointName="Wine", Body=b"x")["Body"] == b"one:x"


def test_endpoints_come_back_after_a_kill(hosted: Aws) -> None:
    deployed(hosted)
    deployed(hosted, name="Gone")
    deployed(hosted, name="Moving")
    hosted.call("DeleteModel", ModelName="one")
    hosted.call("DeleteEndpointConfig", EndpointConfigName="one")
    two = hosted.call("CreateEndpoint", EndpointName="Late", EndpointConfigName="two")["EndpointArn"]
    settled(hosted, "Late")
    hosted.service.stop()  # what is stored is the same as after a kill
    records = hosted.service._platform.records
    with records.edit("endpoint", "Gone") as record:
        record.status = "Deleting"
    with records.edit("endpoint", "Late") as record:
        plan = record.state.pop("active")
        record.status, record.state["pending"] = "Creating", {"plan": plan, "started": 0.0, "stage": None}
    with records.edit("endpoint", "Moving") as record:
        record.status, record.state["pending"] = "Updating", {"plan": plan, "started": 0.0, "stage": None}
    again = SageMakerService(hosted.runtime)
    hosted.service, hosted.front.operations = again, again.operations()
    hosted.runtime_front.operations = again.runtime_operations()
    hosted.use(FakeParent(serve=play))
    again.resume()
    assert hosted.invoke(EndpointName="Wine", Body=b"x")["Body"] == b"one:x"
    assert settled(hosted, "Late")["EndpointArn"] == two
    assert settled(hosted, "Moving")["EndpointConfigName"] == "two"
    wait_for(lambda: len(hosted.call("ListEndpoints")["Endpoints"]) == 3, "the end of the deletion", 10)
    message = refused(hosted, "UpdateEndpoint", EndpointName="Wine", EndpointConfigName="two")
    assert message == f'Could not find endpoint configuration "{REGION_ARN}:endpoint-config/one".'
