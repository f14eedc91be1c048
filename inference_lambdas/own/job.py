"""The processing job that computes a config's own metrics: started once, looked at until it ends.

It runs a data scientist's functions where they reach nothing: with network isolation a container has neither a network
nor credentials. SageMaker itself fetches the inputs and stores the output, with a role that can do no more.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.algorithms.scikit_learn import SCIKIT_LEARN
from pipeline_lambdas.aws import sagemaker
from pipeline_lambdas.aws.instance_types import has_local_storage
from pipeline_lambdas.config.instances import refuse_instances
from pipeline_lambdas.config.model import OwnMetrics, TrainingConfig
from pipeline_lambdas.release.names import MAX_ATTEMPTS, Release
from pipeline_lambdas.release.retries import RETRY_ALL, START_NEW
from pipeline_lambdas.release.script_mode import TARBALL
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError
from pipeline_lambdas.steps.found import contains
from pipeline_lambdas.steps.own_metrics import PROGRAM
from pipeline_lambdas.steps.source import Source, store

OUTPUT = "metrics.json"
PREFIX = "metrics"
"""What the keys of outputs begin with, in the model bucket."""
_INPUT, _OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"
# As the SDK's FrameworkProcessor does: https://github.com/aws/sagemaker-python-sdk, processing.py
_RUN = f'mkdir -p "$1" && tar -xzf "$0" -C "$1" && exec python3 "$1/{PROGRAM}" "$2" "$3" "$4"'
_ARGUMENTS = (
    f"{_INPUT}/code/{TARBALL}",
    "/opt/ml/processing/program",
    f"{_INPUT}/predictions",
    f"{_INPUT}/data",
    _OUTPUT,
)
_VOLUME_GIB = 30
_COMPARED = ("AppSpecification", "ProcessingInputs", "ProcessingOutputConfig", "NetworkConfig", "RoleArn")
_UNDER_WAY = frozenset({"InProgress", "Stopping"})
_DONE = "Completed"


@dataclass(frozen=True, slots=True)
class Site:
    """What the stack gives such a job, by the names of the function's environment; without the role none is started."""

    kms_key_arn: str = ""
    model_bucket: str = ""
    metrics_role_arn: str = ""
    metrics_registry: str = ""
    instance_type_patterns: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where the job finds the tested rows and the predictions, as prefixes in S3."""

    data: str
    predictions: str


def start(
    release: Release, environment: str, config: TrainingConfig, source: Source, inputs: Inputs, site: Site
) -> str:
    """Start the job, or find the one that has the same work and goes on or is done; return its name.

    Raises JobFailedError if all attempts are used.
    """
    if config.metrics is None:
        raise ValueError(f"{config.model} has no metrics of its own")
    refuse_instances(config, site.instance_type_patterns, "metrics")
    code = store(source, site.model_bucket, site.kms_key_arn)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        name = release.metrics_job(environment, attempt)
        request = _request(name, release, config, config.metrics, (code, inputs), site)
        found = sagemaker.describe_processing_job(name)
        if found is None:
            if sagemaker.create_processing_job(request):
                return name
            found = sagemaker.describe_processing_job(name)
        # One of an earlier attempt of the stage had other predictions.
        if found is None or (found["ProcessingJobStatus"] in {*_UNDER_WAY, _DONE} and _does(found, request)):
            return name
    raise JobFailedError(
        f"All {MAX_ATTEMPTS} attempts of processing job {release.metrics_job(environment)} failed or were stopped. "
        f"{START_NEW}."
    )


def ended(name: str, metrics: OwnMetrics) -> bool:
    """Tell whether the job has its output; JobFailedError if it ended without one."""
    found = sagemaker.describe_processing_job(name)
    # A moment ago it was created, and a look-up may not see it yet; it cannot be deleted.
    status = found["ProcessingJobStatus"] if found else "InProgress"
    if status in _UNDER_WAY:
        return False
    if status == _DONE:
        return True
    raise JobFailedError(f"Processing job {name}, which computes the metrics of {metrics.file}, {_why(found, metrics)}")


def output_key(name: str) -> str:
    """Return the key of the job's output in the model bucket."""
    return f"{PREFIX}/{name}/{OUTPUT}"


def _why(found: Mapping[str, Any] | None, metrics: OwnMetrics) -> str:
    described = found or {}
    if described.get("ProcessingJobStatus") == "Stopped":
        return (
            f"was stopped. It may run {metrics.max_runtime_s} s: raise metrics.max_runtime_s, or make the functions "
            f"quicker. If somebody stopped it: {RETRY_ALL} to compute them again."
        )
    reason = described.get("ExitMessage") or described.get("FailureReason") or "SageMaker gives no reason"
    return f"failed: {reason}. Its log has the details. {RETRY_ALL} to compute them again."


def _does(found: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    """Tell whether a job does what is requested, and nothing else."""
    return not found.get("Environment") and all(contains(found.get(name), request[name]) for name in _COMPARED)


def _request(
    name: str, release: Release, config: TrainingConfig, metrics: OwnMetrics, work: tuple[str, Inputs], site: Site
) -> dict[str, Any]:
    code, inputs = work
    cluster: dict[str, Any] = {
        "InstanceType": metrics.instance_type,
        "InstanceCount": 1,
        "VolumeSizeInGB": _VOLUME_GIB,
    }
    if not has_local_storage(metrics.instance_type):
        cluster["VolumeKmsKeyId"] = site.kms_key_arn
    output = {"S3Uri": f"s3://{site.model_bucket}/{PREFIX}/{name}", "LocalPath": _OUTPUT, "S3UploadMode": "EndOfJob"}
    return {
        "ProcessingJobName": name,
        "AppSpecification": {
            "ImageUri": SCIKIT_LEARN.image_uri(_registry(site), SCIKIT_LEARN.image.versions[-1]),
            "ContainerEntrypoint": ["/bin/sh", "-c", _RUN],
            "ContainerArguments": list(_ARGUMENTS),
        },
        "ProcessingInputs": [
            _input("code", code),
            _input("predictions", inputs.predictions),
            _input("data", inputs.data),
        ],
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "metrics", "S3Output": output}],
            "KmsKeyId": site.kms_key_arn,
        },
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": metrics.max_runtime_s},
        "NetworkConfig": {"EnableNetworkIsolation": True},
        "RoleArn": site.metrics_role_arn,
        "Tags": [
            {"Key": "slipway:execution-id", "Value": release.execution_id},
            {"Key": "slipway:model", "Value": config.model},
        ],
    }


def _input(name: str, uri: str) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": f"{_INPUT}/{name}", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source}


def _registry(site: Site) -> str:
    if not site.metrics_registry:
        raise ConfigurationError(
            "METRICS_REGISTRY of the function: found none; expected the registry of scikit-learn's image. Update the "
            "pipeline stack"
        )
    return site.metrics_registry
