"""SageMaker over the wire: real data, real training, real containers, IAM on."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.sagemaker.house import ONE_ROW, ROUNDS, House, rows
from tests.local_server import LocalServer, allow, wait_for


def denied(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    return str(error.value.response["Error"]["Message"])


def test_from_data_to_predictions(house: House) -> None:
    found = house.trained("e2e-job")
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    metrics = {metric["MetricName"]: metric["Value"] for metric in found["FinalMetricDataList"]}
    assert set(metrics) == {"train:rmse", "validation:rmse"}
    assert metrics["train:rmse"] < 0.3
    logs = house.server.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    [stream] = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="e2e-job/")["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    assert sum("#011validation-rmse:" in event["message"] for event in events) == ROUNDS
    cloudwatch = house.server.client("cloudwatch")
    dimensions = [{"Name": "TrainingJobName", "Value": "e2e-job"}]
    listed = cloudwatch.list_metrics(Namespace=group, Dimensions=dimensions)["Metrics"]
    assert {metric["MetricName"] for metric in listed} == set(metrics)

    house.model("e2e-model", found["ModelArtifacts"]["S3ModelArtifacts"])
    house.sagemaker.create_endpoint(EndpointName="e2e-endpoint", EndpointConfigName="e2e-model")
    assert house.settled("e2e-endpoint")["EndpointStatus"] == "InService"
    predictions = [float(line) for line in house.invoke("e2e-endpoint", b"0.9,0.9,0.9\n0.1,0.1,0.1").split()]
    assert predictions[0] == pytest.approx(2.7, abs=0.4)
    assert predictions[1] == pytest.approx(0.3, abs=0.4)
    with pytest.raises(ClientError) as refused:
        house.invoke("e2e-endpoint", b"0.9,zero,0.9")
    assert refused.value.response["Error"]["Code"] == "ModelError"
    assert refused.value.response["OriginalStatusCode"] in (400, 415)
    dimensions = [{"Name": "EndpointName", "Value": "e2e-endpoint"}, {"Name": "VariantName", "Value": "AllTraffic"}]

    def invocations() -> bool:
        listed = cloudwatch.list_metrics(Namespace="AWS/SageMaker", Dimensions=dimensions)["Metrics"]
        return {"Invocations", "ModelLatency"} <= {metric["MetricName"] for metric in listed}

    wait_for(invocations, "the metrics of the invocations", 10)
    house.sagemaker.delete_endpoint(EndpointName="e2e-endpoint")
    house.sagemaker.get_waiter("endpoint_deleted").wait(
        EndpointName="e2e-endpoint", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )


def test_a_bad_row_is_named(house: House) -> None:
    house.s3.put_object(Bucket=house.name, Key="set/train/data.csv", Body=rows(5, 1) + "1.0,0.5,red,0.5\n")
    found = house.trained("bad-row")
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("AlgorithmError: ")
    assert "6" in found["FailureReason"]
    assert "data.csv" in found["FailureReason"]


def test_a_role_that_may_not_read(house: House) -> None:
    house.server.put_role_policy(f"{house.name}-role", allow("logs:*"))
    found = house.trained("may-not-read")
    assert found["FailureReason"].startswith("ClientError: Data download failed:")
    assert f"s3://{house.name}/set/" in found["FailureReason"]


def test_a_role_that_may_not_write(house: House) -> None:
    house.server.put_role_policy(
        f"{house.name}-role", allow("s3:GetObject", "s3:ListBucket", resource=[f"arn:aws:s3:::{house.name}*"])
    )
    found = house.trained("may-not-write")
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("ClientError: Artifact upload failed:")


def test_stop(house: House) -> None:
    long = {"objective": "reg:squarederror", "num_round": "1000000", "nthread": "1"}
    house.sagemaker.create_training_job(**house.request("long", HyperParameters=long))
    describe = house.sagemaker.describe_training_job
    wait_for(lambda: describe(TrainingJobName="long")["SecondaryStatus"] == "Training", "training")
    house.sagemaker.stop_training_job(TrainingJobName="long")
    found = house.ended("long")
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Stopped", "Stopped")


def test_what_a_caller_must_be_allowed(house: House) -> None:
    arn = "arn:aws:sagemaker:us-east-1:111122223333"
    job = allow("sagemaker:CreateTrainingJob", resource=f"{arn}:training-job/allowed-*")
    only_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    small = {"ForAllValues:StringLike": {"sagemaker:InstanceTypes": "ml.m5.*"}}
    passing = {**allow("iam:PassRole", resource=house.role), "Condition": only_sagemaker}

    def client(name: str, *statements: dict[str, Any]) -> Any:
        key, secret = house.server.user_with(f"{house.name}-{name}", *statements)
        return house.server.client("sagemaker", key, secret)

    without_pass = client("a", job)
    assert "iam:PassRole" in denied(lambda: without_pass.create_training_job(**house.request("allowed-1")))
    without_tags = client("b", job, passing)
    tagged = house.request("allowed-1", Tags=[{"Key": "a", "Value": "b"}])
    assert "sagemaker:AddTags" in denied(lambda: without_tags.create_training_job(**tagged))
    elsewhere = denied(lambda: without_tags.create_training_job(**house.request("other-1")))
    assert f"{arn}:training-job/other-1" in elsewhere
    limited = client("c", {**job, "Condition": small}, passing)
    large = {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10}
    denied(lambda: limited.create_training_job(**house.request("allowed-1", ResourceConfig=large)))
    limited.create_training_job(**house.request("allowed-1"))
    assert house.ended("allowed-1")["TrainingJobStatus"] == "Completed"
    only_endpoint = client("d", allow("sagemaker:CreateEndpoint", resource=f"{arn}:endpoint/*"))
    message = denied(lambda: only_endpoint.create_endpoint(EndpointName="e", EndpointConfigName="c"))
    assert f"{arn}:endpoint-config/c" in message
    key, secret = house.server.user_with(
        f"{house.name}-f", allow("sagemaker:InvokeEndpoint", resource=f"{arn}:endpoint/x")
    )
    runtime = house.server.client("sagemaker-runtime", key, secret)
    denied(lambda: runtime.invoke_endpoint(EndpointName="y", Body=b""))


def test_updates_under_load(house: House) -> None:
    first = house.trained("load-1")["ModelArtifacts"]["S3ModelArtifacts"]
    few = {"objective": "reg:squarederror", "num_round": "1"}
    second = house.trained("load-2", HyperParameters=few)["ModelArtifacts"]["S3ModelArtifacts"]
    house.model("load-1", first)
    house.model("load-2", second)
    broken_key = "broken/model.tar.gz"
    house.s3.put_object(Bucket=house.name, Key=broken_key, Body=b"no archive")
    house.model("load-3", f"s3://{house.name}/{broken_key}")
    house.sagemaker.create_endpoint(EndpointName="load", EndpointConfigName="load-1")
    assert house.settled("load")["EndpointStatus"] == "InService"
    answers = dict[str, bytes]()
    answers["load-1"] = house.invoke("load")
    with house.load("load") as (seen, faults):
        for config in ("load-2", "load-1", "load-3", "load-2"):
            house.sagemaker.update_endpoint(EndpointName="load", EndpointConfigName=config)
            found = house.settled("load")
            assert found["EndpointStatus"] == "InService"
            if config == "load-3":
                assert found["EndpointConfigName"] == "load-1"
                assert "Failed to extract model data" in found["FailureReason"]
            else:
                assert found["EndpointConfigName"] == config
                answers[config] = house.invoke("load")
    assert not faults
    assert answers["load-1"] != answers["load-2"]
    assert set(seen) == set(answers.values())
    house.sagemaker.delete_endpoint(EndpointName="load")


def test_many_rows_cost_little_more_than_one(house: House) -> None:
    house.model("many", house.trained("many")["ModelArtifacts"]["S3ModelArtifacts"])
    house.sagemaker.create_endpoint(EndpointName="many", EndpointConfigName="many")
    house.settled("many")
    many = b"\n".join([ONE_ROW] * 100_000)
    for body in (ONE_ROW, many):
        house.invoke("many", body)
    started = time.perf_counter()
    for _ in range(20):
        house.invoke("many")
    one_s = (time.perf_counter() - started) / 20
    started = time.perf_counter()
    answer = house.invoke("many", many)
    many_s = time.perf_counter() - started
    assert len(answer.split()) == 100_000
    assert 100_000 / many_s > 200 / one_s
    house.sagemaker.delete_endpoint(EndpointName="many")


def children_of(pid: int) -> list[int]:
    """Processes whose parent is `pid` or one of its children."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and state_of(int(entry.name))[1:2] == [str(pid)]:
            found += [int(entry.name), *children_of(int(entry.name))]
    return found


def running(pid: int) -> bool:
    return state_of(pid)[:1] not in ([], ["Z"])


def test_the_container_refuses_more_than_its_own_limit(house: House) -> None:
    house.model("limit", house.trained("limit")["ModelArtifacts"]["S3ModelArtifacts"])
    house.sagemaker.create_endpoint(EndpointName="limit", EndpointConfigName="limit")
    house.settled("limit")
    with pytest.raises(ClientError) as refused:
        house.invoke("limit", b"\n".join([ONE_ROW] * 600_000))  # 7.2 MB; the image takes 6 MiB, an endpoint 25 MiB
    assert refused.value.response["Error"]["Code"] == "ModelError"
    assert refused.value.response["OriginalStatusCode"] == 413
    house.sagemaker.delete_endpoint(EndpointName="limit")


def state_of(pid: int) -> list[str]:
    """State, parent and so on of a process (proc(5)); empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def test_a_kill_is_survived(own_local_aws: LocalServer) -> None:
    house = House(own_local_aws, "sm-kill")
    house.model("kept", house.trained("before")["ModelArtifacts"]["S3ModelArtifacts"])
    house.sagemaker.create_endpoint(EndpointName="kept", EndpointConfigName="kept")
    assert house.settled("kept")["EndpointStatus"] == "InService"
    answer = house.invoke("kept")
    long = {"objective": "reg:squarederror", "num_round": "600", "nthread": "1"}
    house.sagemaker.create_training_job(**house.request("long", HyperParameters=long))
    describe = house.sagemaker.describe_training_job
    wait_for(lambda: describe(TrainingJobName="long")["SecondaryStatus"] == "Training", "training")
    orphans = children_of(own_local_aws.pid)
    assert orphans
    own_local_aws.kill()
    wait_for(lambda: not [pid for pid in orphans if running(pid)], "the end of all containers", 20)
    own_local_aws.up()
    assert house.invoke("kept") == answer
    found = house.ended("long")
    assert found["TrainingJobStatus"] == "Completed"
    assert "Restarting" in [entry["Status"] for entry in found["SecondaryStatusTransitions"]]
    orphans = children_of(own_local_aws.pid)
    own_local_aws.down()
    wait_for(lambda: not [pid for pid in orphans if running(pid)], "the end of all containers", 20)


def test_an_endpoint_that_failed_to_restart_restarts_at_the_next_start(own_local_aws: LocalServer) -> None:
    house = House(own_local_aws, "sm-back")
    artifact = house.trained("before")["ModelArtifacts"]["S3ModelArtifacts"]
    house.model("back", artifact)
    house.sagemaker.create_endpoint(EndpointName="back", EndpointConfigName="back")
    assert house.settled("back")["EndpointStatus"] == "InService"
    answer = house.invoke("back")
    bucket, _, key = artifact.removeprefix("s3://").partition("/")
    s3 = own_local_aws.client("s3")
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.delete_object(Bucket=bucket, Key=key)
    own_local_aws.down()
    shutil.rmtree(own_local_aws.state / "sagemaker" / "models")
    own_local_aws.up()
    describe = house.sagemaker.describe_endpoint
    wait_for(lambda: describe(EndpointName="back")["EndpointStatus"] == "Failed", "the endpoint to fail", 20)
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    own_local_aws.down()
    own_local_aws.up()
    wait_for(lambda: describe(EndpointName="back")["EndpointStatus"] == "InService", "the endpoint to be back", 20)
    assert "FailureReason" not in describe(EndpointName="back")
    assert house.invoke("back") == answer
