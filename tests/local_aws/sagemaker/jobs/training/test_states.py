"""A training job's life with a container that a test plays and a clock that a test moves."""

from __future__ import annotations

import json
import tarfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from local_aws import base
from local_aws.sagemaker.service import SageMakerService
from local_aws.wire import AwsError
from tests.local_aws.manual_clock import ManualClock
from tests.local_aws.sagemaker.fakes import ROLE, Aws, FakeParent, FakeProcess
from tests.local_aws.sagemaker.training import channel, ended, ends_with, idle, job, secondary, succeed, until
from tests.local_server import wait_for


def test_a_completed_job(data: Aws) -> None:
    parent = FakeParent(succeed)
    data.use(parent)
    request = job(
        Environment={"A": "b"},
        Tags=[{"Key": "team", "Value": "wine"}],
        OutputDataConfig={"S3OutputPath": "s3://data/out/", "KmsKeyId": "key-1"},
    )
    arn = data.call("CreateTrainingJob", **request)["TrainingJobArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:111122223333:training-job/wine-1"
    found = ended(data)
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Completed", "Completed")
    assert secondary(found) == ["Starting", "Downloading", "Downloading", "Training", "Uploading", "Completed"]
    last = found["SecondaryStatusTransitions"][-1]
    assert last["StartTime"] == last["EndTime"] == found["TrainingEndTime"]
    assert found["TrainingStartTime"] == found["SecondaryStatusTransitions"][0]["EndTime"]
    assert found["TrainingTimeInSeconds"] == found["BillableTimeInSeconds"] == 1
    assert found["OutputDataConfig"]["KmsKeyId"] == "key-1"
    definitions = found["AlgorithmSpecification"]["MetricDefinitions"]
    assert "validation:rmse" in {definition["Name"] for definition in definitions}
    [metric] = found["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("train:rmse", 1.5)
    assert found["ModelArtifacts"] == {"S3ModelArtifacts": "s3://data/out/Wine-1/output/model.tar.gz"}
    with tarfile.open(fileobj=BytesIO(data.s3.objects["data", "out/Wine-1/output/model.tar.gz"])) as tar:
        assert tar.getnames() == ["xgboost-model"]
    keys = {put["Key"]: put.get("SSEKMSKeyId") for put in data.s3.puts}
    assert keys["out/Wine-1/output/model.tar.gz"] == "key-1"
    assert ("data", "out/Wine-1/output/output.tar.gz") not in data.s3.objects
    [environment] = parent.environments
    assert environment["A"] == "b"
    assert environment["TRAINING_JOB_ARN"] == arn
    [(group, stream)] = data.logs.streams
    assert group == "/aws/sagemaker/TrainingJobs"
    assert stream.startswith("Wine-1/algo-1-")
    assert data.logs.streams[group, stream] == ["[0]#011train-rmse:2.5", "[1]#011train-rmse:1.5"]
    assert len(data.cloudwatch.data) == 2
    kinds = {kind for kind, _ in data.events}
    assert kinds == {"SageMaker Training Job State Change"}
    assert [detail["SecondaryStatus"] for _, detail in data.events] == secondary(found)
    assert data.events[-1][1]["Tags"] == {"team": "wine"}
    assert isinstance(data.events[-1][1]["TrainingEndTime"], int)
    assert not (data.runtime.settings.state / "sagemaker/jobs/training-job/wine-1").exists()


def test_what_the_container_finds(data: Aws) -> None:
    seen: dict[str, Any] = {}

    def look(root: Path, log_fd: int, process: FakeProcess) -> None:
        for path in root.rglob("*"):
            if path.is_file():
                seen[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
        succeed(root, log_fd, process)

    data.use(FakeParent(look))
    data.s3.objects["data", "manifest.json"] = b'[{"prefix": "s3://data/set/"}, "train-2/b.csv"]'
    channels = [
        channel("train", "s3://data/set/train", InputMode="FastFile"),
        channel("more", "s3://data/manifest.json", "ManifestFile"),
    ]
    data.call("CreateTrainingJob", **job(InputDataConfig=channels))
    assert ended(data)["TrainingJobStatus"] == "Completed"
    assert seen["input/data/train/train/a.csv"] == "1,2\n"
    assert seen["input/data/train/train-2/b.csv"] == "3,4\n"
    assert seen["input/data/more/train-2/b.csv"] == "3,4\n"
    assert json.loads(seen["input/config/hyperparameters.json"]) == {"num_round": "2"}
    assert json.loads(seen["input/config/inputdataconfig.json"])["train"] == {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    resources = json.loads(seen["input/config/resourceconfig.json"])
    assert (resources["current_host"], resources["hosts"]) == ("algo-1", ["algo-1"])


@pytest.mark.parametrize("page", [1, 1000])
def test_long_lists_are_read_to_their_end(data: Aws, page: int) -> None:
    data.s3.page = page
    data.use(FakeParent(succeed))
    data.call("CreateTrainingJob", **job())
    assert ended(data)["TrainingJobStatus"] == "Completed"


@pytest.mark.parametrize(
    ("uri", "kind", "texts"),
    [
        ("s3://data/nothing/", "S3Prefix", ["s3://data/nothing/", "No S3 objects found", "us-east-1", ROLE]),
        ("s3://data/secret/", "S3Prefix", ["s3://data/secret/", "Error message from S3: Access Denied"]),
        ("s3://data/absent.json", "ManifestFile", ["s3://data/absent.json", "The specified key does not exist."]),
        ("s3://data/bad.json", "ManifestFile", ["s3://data/bad.json", "JSON array"]),
        ("s3://data/escape.json", "ManifestFile", ["s3://data/escape.json", "is outside its channel"]),
    ],
)
def test_input_that_is_not_available(data: Aws, uri: str, kind: str, texts: list[str]) -> None:
    data.s3.objects["data", "secret/x.csv"] = b"1"
    data.s3.denied.add("secret/x.csv")
    data.s3.objects["data", "bad.json"] = b'{"prefix": "s3://data/"}'
    data.s3.objects["data", "escape.json"] = b'[{"prefix": "s3://data/set/"}, "../../../../x"]'
    data.use(FakeParent(succeed))
    data.call("CreateTrainingJob", **job(InputDataConfig=[channel("train", uri, kind)]))
    found = ended(data)
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("ClientError: Data download failed:")
    for text in texts:
        assert text in found["FailureReason"]
    assert secondary(found) == ["Starting", "Downloading", "Failed"]
    assert "ModelArtifacts" not in found


@pytest.mark.parametrize(
    ("failure", "code", "reason"),
    [
        ("row 3 of train.csv", 1, "AlgorithmError: row 3 of train.csv, exit code: 1"),
        (None, 1, "AlgorithmError: , exit code: 1"),
        (
            None,
            -9,
            "AlgorithmError: The training process was killed by signal 9 (SIGKILL), which the system sends most often "
            "because memory has run out, exit code: 137",
        ),
        (None, -15, "AlgorithmError: The training process was killed by signal 15 (SIGTERM), exit code: 143"),
        ("row 3 of train.csv", -9, "AlgorithmError: row 3 of train.csv, exit code: 137"),
        ("x" * 2000, 2, "AlgorithmError: " + "x" * 994 + ", exit code: 2"),
    ],
)
def test_a_container_that_fails(data: Aws, failure: str | None, code: int, reason: str) -> None:
    def fail(root: Path, _log_fd: int, process: FakeProcess) -> None:
        (root / "model" / "half").write_text("half", encoding="utf-8")
        (root / "output" / "data" / "report").write_text("report", encoding="utf-8")
        if failure:
            (root / "output" / "failure").write_text(failure, encoding="utf-8")
        process.end(code)

    data.use(FakeParent(fail))
    data.call("CreateTrainingJob", **job())
    found = ended(data)
    assert (found["TrainingJobStatus"], found["FailureReason"]) == ("Failed", reason)
    assert len(found["FailureReason"]) <= 1024
    assert ("data", "out/Wine-1/output/model.tar.gz") not in data.s3.objects
    assert ("data", "out/Wine-1/output/output.tar.gz") in data.s3.objects
    assert data.events[-1][1]["FailureReason"] == reason


def test_an_artifact_that_cannot_be_written_fails_the_job(data: Aws) -> None:
    data.s3.denied.add("out/Wine-1/output/model.tar.gz")
    data.use(FakeParent(succeed))
    data.call("CreateTrainingJob", **job())
    found = ended(data)
    assert found["FailureReason"] == ("ClientError: Artifact upload failed:Access Denied (s3://data/out/Wine-1/output)")


def test_uncompressed_output(data: Aws) -> None:
    data.use(FakeParent(succeed))
    data.call("CreateTrainingJob", **job(OutputDataConfig={"S3OutputPath": "s3://data/out", "CompressionType": "NONE"}))
    assert ended(data)["ModelArtifacts"]["S3ModelArtifacts"] == "s3://data/out/Wine-1/output/model/"
    assert data.s3.objects["data", "out/Wine-1/output/model/xgboost-model"] == b"trees"


@pytest.mark.parametrize("code", [0, 1])
def test_stop(data: Aws, code: int) -> None:
    def write_then_wait(root: Path, _log_fd: int, process: FakeProcess) -> None:
        (root / "model" / "xgboost-model").write_bytes(b"half")
        process.wait()

    parent = FakeParent(write_then_wait, ends_with(code))
    data.use(parent)
    data.call("CreateTrainingJob", **job())
    until(data, "Training")
    wait_for(lambda: parent.started, "the container", 10)
    data.call("StopTrainingJob", TrainingJobName="Wine-1")
    found = ended(data)
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert secondary(found)[-3:] == ["Training", "Stopping", "Stopped"]
    assert "FailureReason" not in found
    assert ("data", "out/Wine-1/output/model.tar.gz") in data.s3.objects
    with pytest.raises(AwsError) as refused:
        data.call("StopTrainingJob", TrainingJobName="Wine-1")
    assert refused.value.message == "The request was rejected because the training job is in status Stopped."


def test_a_stop_during_the_upload_keeps_the_artifacts(data: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    put = data.s3.put_object

    def stop_then_put(**request: Any) -> None:
        data.call("StopTrainingJob", TrainingJobName="Wine-1")
        put(**request)

    monkeypatch.setattr(data.s3, "put_object", stop_then_put)
    data.use(FakeParent(succeed))
    data.call("CreateTrainingJob", **job())
    found = ended(data)
    assert secondary(found)[-3:] == ["Uploading", "Stopping", "Stopped"]
    assert found["ModelArtifacts"]["S3ModelArtifacts"] == "s3://data/out/Wine-1/output/model.tar.gz"
    assert found["FinalMetricDataList"]


def test_a_container_that_ignores_sigterm_is_killed_after_two_minutes(data: Aws) -> None:
    clock = data.runtime.clock
    assert isinstance(clock, ManualClock)
    parent = FakeParent(idle)
    data.use(parent)
    data.call("CreateTrainingJob", **job())
    until(data, "Training")
    wait_for(lambda: parent.started, "the container", 10)
    data.call("StopTrainingJob", TrainingJobName="Wine-1")
    data.call("StopTrainingJob", TrainingJobName="Wine-1")
    wait_for(lambda: parent.started[0].signals, "SIGTERM", 10)
    clock.advance(119)
    assert data.call("DescribeTrainingJob", TrainingJobName="Wine-1")["TrainingJobStatus"] == "Stopping"
    assert len(parent.started[0].signals) == 1
    clock.advance(2)
    found = ended(data)
    assert len(parent.started[0].signals) == 2
    assert found["SecondaryStatus"] == "Stopped"
    assert "ModelArtifacts" not in found


def test_max_runtime_counts_elapsed_time_not_the_clock(data: Aws) -> None:
    clock = data.runtime.clock
    assert isinstance(clock, ManualClock)
    parent = FakeParent(idle, ends_with(0))
    data.use(parent)
    data.call("CreateTrainingJob", **job())
    until(data, "Training")
    wait_for(lambda: parent.started, "the container", 10)
    wait_for(lambda: max(clock.deadlines, default=0.0) > 3000, "the wait for the job's end", 10)
    clock.set_by(3 * 60 * 60)
    clock.advance(3590)
    assert not parent.started[0].signals
    clock.set_by(-6 * 60 * 60)
    clock.advance(20)
    assert ended(data)["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_a_role_that_is_no_longer_assumable(data: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = base.assume_role

    def only_once(*arguments: Any) -> base.Credentials:
        monkeypatch.setattr(base, "assume_role", refuse)
        return checked(*arguments)

    def refuse(role_arn: str, *_: Any) -> base.Credentials:
        raise base.RoleNotAssumableError(f"{role_arn} is gone")

    monkeypatch.setattr(base, "assume_role", only_once)
    data.use(FakeParent(succeed))
    data.call("CreateTrainingJob", **job())
    found = ended(data)
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"] == f"ClientError: unable to assume the role {ROLE}: {ROLE} is gone"


def test_max_runtime(data: Aws) -> None:
    clock = data.runtime.clock
    assert isinstance(clock, ManualClock)
    parent = FakeParent(idle, ends_with(0))
    data.use(parent)
    data.call("CreateTrainingJob", **job())
    until(data, "Training")
    wait_for(lambda: parent.started, "the container", 10)
    clock.advance(3590)
    assert not parent.started[0].signals
    clock.advance(20)
    found = ended(data)
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert secondary(found)[-2:] == ["Stopping", "MaxRuntimeExceeded"]
    assert found["TrainingEndTime"] - found["TrainingStartTime"] == timedelta(seconds=3610)
    assert found["TrainingTimeInSeconds"] == 3610


def test_checkpoints_go_both_ways(data: Aws) -> None:
    data.s3.objects["data", "ckpt/xgboost-checkpoint.1"] = b"one"

    def train(root: Path, log_fd: int, process: FakeProcess) -> None:
        folder = root / "checkpoints"
        assert (folder / "xgboost-checkpoint.1").read_bytes() == b"one"
        (folder / "xgboost-checkpoint.2").write_bytes(b"two")
        succeed(root, log_fd, process)

    data.use(FakeParent(train))
    data.call("CreateTrainingJob", **job(CheckpointConfig={"S3Uri": "s3://data/ckpt/"}))
    assert ended(data)["TrainingJobStatus"] == "Completed"
    assert data.s3.objects["data", "ckpt/xgboost-checkpoint.2"] == b"two"


def test_a_killed_job_begins_again_and_a_stopping_one_is_stopped(data: Aws) -> None:
    parent = FakeParent(idle, ends_with(0))
    data.use(parent)
    data.call("CreateTrainingJob", **job())
    data.call("CreateTrainingJob", **job(TrainingJobName="Wine-2"))
    wait_for(lambda: len(parent.started) == 2, "both containers", 10)
    data.service.stop()  # what is stored is the same as after a kill
    with data.service._platform.records.edit("training-job", "Wine-2") as record:
        record.status = "Stopping"
    again = SageMakerService(data.runtime)
    data.service, data.front.operations = again, again.operations()
    data.use(FakeParent(succeed))
    again.resume()
    found = ended(data)
    assert found["TrainingJobStatus"] == "Completed"
    assert "Restarting" in secondary(found)
    restarting = found["SecondaryStatusTransitions"][secondary(found).index("Restarting")]
    assert "restarted" in restarting["StatusMessage"]
    assert ended(data, "Wine-2")["SecondaryStatus"] == "Stopped"


def test_a_job_that_runs_has_no_artifacts_yet(data: Aws) -> None:
    data.use(FakeParent(idle))
    data.call("CreateTrainingJob", **job(OutputDataConfig={"S3OutputPath": "s3://data/out/"}))
    found = data.call("DescribeTrainingJob", TrainingJobName="Wine-1")
    assert "ModelArtifacts" not in found
    assert found["OutputDataConfig"]["KmsKeyId"] == ""
