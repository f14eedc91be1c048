"""The states of a training job, each stored before it is announced.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker import events
from local_aws.sagemaker.containers import registry
from local_aws.sagemaker.containers.contract import MetricDefinitions
from local_aws.sagemaker.jobs.lifecycle import IN_PROGRESS, TERMINAL, TRAINING, may_enter
from local_aws.sagemaker.jobs.lifecycle import time_of as _time
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record
from local_aws.wire import Document

_MESSAGES = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
_DESCRIBED = (
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "DebugHookConfig",
    "ExperimentConfig",
    "TensorBoardOutputConfig",
    "ProfilerConfig",
    "Environment",
    "RetryStrategy",
    "RemoteDebugConfig",
    "InfraCheckConfig",
)


def first_state(now: float) -> Document:
    """The state of a job that was just accepted."""
    return {"secondary": "Starting", "transitions": [_transition("Starting", now, None)]}


def move(
    platform: Platform,
    name: str,
    secondary: str,
    message: str | None = None,
    *,
    status: str = IN_PROGRESS,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Put a job into its next state and send its event.

    `changes` go into the record's state. Raises StopRequestedError if the job is Stopping and `status` is not
    Stopped, and GoneError if it was deleted.
    """
    with platform.records.edit(TRAINING.resource, name) as record:
        may_enter(record, status)
        enter(record, platform.records.now(), secondary, message, status=status, changes=changes)
    announce(platform, record)


def enter(
    record: Record,
    now: float,
    secondary: str,
    message: str | None = None,
    *,
    status: str = IN_PROGRESS,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Write the next state into a record: `now` ends the current transition and begins the new one."""
    state = record.state
    state.update(changes or {})
    state["transitions"][-1]["EndTime"] = now
    if secondary == "Downloading":
        state.setdefault("start", now)
    state["transitions"].append(_transition(secondary, now, message))
    state["secondary"], record.status = secondary, status
    if status in TERMINAL:
        state["end"] = state["transitions"][-1]["EndTime"] = now


def announce(platform: Platform, record: Record) -> None:
    """Send the job's state to EventBridge."""
    tags = platform.records.tags(record.arn)
    events.publish(TRAINING.event, record.arn, describe(record), tags)


def describe(record: Record) -> Document:
    """DescribeTrainingJob's response."""
    state = record.state
    artifacts = state.get("artifacts")
    document: Document = {
        "TrainingJobName": record.name,
        "TrainingJobArn": record.arn,
        "TrainingJobStatus": record.status,
        "SecondaryStatus": state["secondary"],
        "CreationTime": _time(record.created_at),
        "LastModifiedTime": _time(record.modified_at),
        "SecondaryStatusTransitions": [
            {key: _time(value) if key.endswith("Time") else value for key, value in transition.items()}
            for transition in state["transitions"]
        ],
        **{member: record.request[member] for member in _DESCRIBED if member in record.request},
    }
    if "tuning_job" in state:
        document["TuningJobArn"] = state["tuning_job"]
    document["OutputDataConfig"] = {"KmsKeyId": "", **document["OutputDataConfig"]}
    document["AlgorithmSpecification"] = _with_metrics(document["AlgorithmSpecification"])
    if artifacts:
        document["ModelArtifacts"] = {"S3ModelArtifacts": artifacts}
    if "failure" in state:
        document["FailureReason"] = state["failure"]
    if "start" in state:
        document["TrainingStartTime"] = _time(state["start"])
    if "metrics" in state:
        document["FinalMetricDataList"] = [
            {**metric, "Timestamp": _time(metric["Timestamp"])} for metric in state["metrics"]
        ]
    if "end" in state:
        document["TrainingEndTime"] = _time(state["end"])
        if "start" in state:
            seconds = max(1, math.ceil(state["end"] - state["start"]))
            document.update(TrainingTimeInSeconds=seconds, BillableTimeInSeconds=seconds)
    return document


def summary(record: Record) -> Document:
    """ListTrainingJobs' entry."""
    document: Document = {
        "TrainingJobName": record.name,
        "TrainingJobArn": record.arn,
        "CreationTime": _time(record.created_at),
        "LastModifiedTime": _time(record.modified_at),
        "TrainingJobStatus": record.status,
        "SecondaryStatus": record.state["secondary"],
    }
    if "end" in record.state:
        document["TrainingEndTime"] = _time(record.state["end"])
    return document


def _with_metrics(algorithm: Document) -> Document:
    """The algorithm with its metric definitions."""
    definitions = metric_definitions(algorithm)
    return {**algorithm, "MetricDefinitions": [{"Name": name, "Regex": regex} for name, regex in definitions]}


def metric_definitions(algorithm: Document) -> MetricDefinitions:
    """Those of an AlgorithmSpecification: the image's own, or the request's for an image that runs scripts only."""
    image = registry.parse_image(algorithm["TrainingImage"])
    if image.repository in registry.TABLE:
        return registry.TABLE[image.repository].metric_definitions
    return [(given["Name"], given["Regex"]) for given in algorithm.get("MetricDefinitions", [])]


def _transition(secondary: str, now: float, message: str | None) -> Document:
    return {"Status": secondary, "StartTime": now, "StatusMessage": message or _MESSAGES[secondary]}
