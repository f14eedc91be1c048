"""Requests for training jobs, and containers that a test plays."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from tests.local_aws.sagemaker.fakes import IMAGE, ROLE, Aws, FakeProcess
from tests.local_server import wait_for

_HANGS_S = 600.0
"""No load makes a job of these tests take that long."""


def job(**changes: Any) -> dict[str, Any]:
    """A CreateTrainingJob request."""
    request: dict[str, Any] = {
        "TrainingJobName": "Wine-1",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {"num_round": "2"},
        "InputDataConfig": [channel("train", "s3://data/set/train")],
        "OutputDataConfig": {"S3OutputPath": "s3://data/out/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
    request.update(changes)
    return request


def channel(name: str, uri: str, kind: str = "S3Prefix", **more: Any) -> dict[str, Any]:
    source = {"S3DataType": kind, "S3Uri": uri}
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}, **more}


def succeed(root: Path, log_fd: int, process: FakeProcess) -> None:
    os.write(log_fd, b"[0]\ttrain-rmse:2.5\n[1]\ttrain-rmse:1.5\n")
    (root / "model" / "xgboost-model").write_bytes(b"trees")
    process.end(0)


def idle(_root: Path, _log_fd: int, process: FakeProcess) -> None:
    process.wait()


def ends_with(code: int) -> Any:
    def end(process: FakeProcess) -> None:
        process.end(code)

    return end


def ended(aws: Aws, name: str = "Wine-1") -> dict[str, Any]:
    """The description of a job after its end, with its folder gone; however long that takes on a busy machine."""
    for thread in threading.enumerate():
        if thread.name == f"training-job-{name}":
            thread.join(_HANGS_S)
    found = aws.call("DescribeTrainingJob", TrainingJobName=name)
    assert found["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"), found
    return found


def secondary(found: dict[str, Any]) -> list[str]:
    return [entry["Status"] for entry in found["SecondaryStatusTransitions"]]


def until(aws: Aws, status: str) -> None:
    wait_for(lambda: aws.call("DescribeTrainingJob", TrainingJobName="Wine-1")["SecondaryStatus"] == status, status, 20)
