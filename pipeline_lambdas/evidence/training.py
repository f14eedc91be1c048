"""The training of a release in its record: the training job, or the search that made it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.evidence.tuning import Search, trial_seconds, tuning_document
from pipeline_lambdas.release.script_mode import CHANNEL, OBJECTIVE, TARBALL, plain_hyperparameters, trained_program

Document = dict[str, Any]


def training_document(
    trained: Mapping[str, Any] | None,
    search: Search | None,
    curves: Mapping[str, list[float | None]],
    artifact_version: str | None,
    image_scan: str | None,
) -> Document | None:
    """Return a record's `training`; None if neither a training job nor a search was started.

    `image_scan` is what the scan of a team's own image found.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
    """
    job = trained or (_as_a_job(search) if search else None)
    if job is None:
        return None
    resources = job.get("ResourceConfig") or {}
    best = str(trained["TrainingJobName"]) if trained else None
    return {
        "job": job["TrainingJobName"],
        "status": job["TrainingJobStatus"],
        "image_uri": (job.get("AlgorithmSpecification") or {}).get("TrainingImage"),
        "hyperparameters": _hyperparameters(job),
        "source": _source_of_program(job),
        "image_scan": image_scan,
        "instance_type": resources.get("InstanceType"),
        "instance_count": resources.get("InstanceCount"),
        "volume_gib": resources.get("VolumeSizeInGB"),
        "seconds": job.get("TrainingTimeInSeconds"),
        "billable_seconds": job.get("BillableTimeInSeconds"),
        "spot": bool(job.get("EnableManagedSpotTraining")),
        "metrics": {item["MetricName"]: _finite(item["Value"]) for item in job.get("FinalMetricDataList") or ()},
        "curves": dict(curves),
        "model_data_url": (job.get("ModelArtifacts") or {}).get("S3ModelArtifacts"),
        "model_data_version_id": artifact_version,
        "failure_reason": job.get("FailureReason"),
        **({"tuning": tuning_document(search, best)} if search else {}),
    }


def _as_a_job(search: Search) -> Document:
    """Return a search without a best training job as far as it tells what such a job has."""
    found = search.description
    definition = found.get("TrainingJobDefinition") or {}
    return {
        **definition,
        "TrainingJobName": found["HyperParameterTuningJobName"],
        "TrainingJobStatus": found["HyperParameterTuningJobStatus"],
        "HyperParameters": definition.get("StaticHyperParameters") or {},
        "FailureReason": found.get("FailureReason"),
    }


def _hyperparameters(job: Mapping[str, Any]) -> dict[str, str]:
    """Return what a config or a search gives; SageMaker adds the metric that a search aims at."""
    found = plain_hyperparameters(job.get("HyperParameters") or {})
    return {name: value for name, value in found.items() if name != OBJECTIVE}


def _source_of_program(job: Mapping[str, Any]) -> Document | None:
    """Return where the source of the program lies that the job ran; its folder is named by its hash."""
    program = trained_program(job.get("HyperParameters") or {})
    channels = {channel["ChannelName"]: channel for channel in job.get("InputDataConfig") or ()}
    if program is None or CHANNEL not in channels:
        return None
    uri = str(channels[CHANNEL]["DataSource"]["S3DataSource"]["S3Uri"])
    return {"program": program, "uri": f"{uri}{TARBALL}", "sha256": uri.rstrip("/").rpartition("/")[2]}


def billable_seconds(training: Document | None, search: Search | None) -> float | None:
    """Return what is paid of one instance; of a search the time of its training jobs, as no answer tells the bill."""
    if search:
        return trial_seconds(search)
    billed: float | None = training["billable_seconds"] if training else None
    return billed


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
