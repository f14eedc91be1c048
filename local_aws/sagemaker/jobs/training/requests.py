"""Checks CreateTrainingJob's request: what SageMaker refuses beyond its service model, and what is not emulated.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

from pathlib import PurePosixPath

from local_aws.engine.find import NoEngineError
from local_aws.sagemaker.containers.contract import OPT_ML
from local_aws.sagemaker.containers.own_images.images import OwnImages
from local_aws.sagemaker.containers.registry import UnknownImageError
from local_aws.sagemaker.containers.script_mode import frameworks
from local_aws.sagemaker.faults import invalid, not_emulated
from local_aws.sagemaker.refusals import check_environment, check_uri, check_volume_key, refuse
from local_aws.wire import Document

DEFAULT_MAX_RUNTIME_S = 86400
MAX_RUNTIME_S = 28 * 86400

_NOT_EMULATED = {
    "ServerlessJobConfig": "serverless training jobs (ServerlessJobConfig)",
    "ModelPackageConfig": "training into a model package (ModelPackageConfig)",
    "MlflowConfig": "MLflow tracking (MlflowConfig)",
    "DebugRuleConfigurations": "debugger rules (DebugRuleConfigurations)",
    "ProfilerRuleConfigurations": "profiler rules (ProfilerRuleConfigurations)",
}
_ALGORITHM_NOT_EMULATED = {
    "AlgorithmName": "algorithm resources (AlgorithmSpecification.AlgorithmName)",
    "ContainerEntrypoint": "a custom container entrypoint (AlgorithmSpecification.ContainerEntrypoint)",
    "ContainerArguments": "custom container arguments (AlgorithmSpecification.ContainerArguments)",
    "TrainingImageConfig": "images from private registries (AlgorithmSpecification.TrainingImageConfig)",
}
_RESOURCES_NOT_EMULATED = {
    "InstanceGroups": "heterogeneous clusters (ResourceConfig.InstanceGroups)",
    "InstancePreferences": "instance preferences (ResourceConfig.InstancePreferences)",
    "TrainingPlanArn": "training plans (ResourceConfig.TrainingPlanArn)",
    "KeepAlivePeriodInSeconds": "warm pools (ResourceConfig.KeepAlivePeriodInSeconds)",
}


def check(request: Document, own_images: OwnImages) -> None:
    """Raise ValidationException for a request that SageMaker refuses, or that local AWS cannot run."""
    refuse(request, _NOT_EMULATED)
    if _check_algorithm(request, own_images):
        _check_checkpoints(request.get("CheckpointConfig", {}))
    _check_resources(request.get("ResourceConfig", {}))
    _check_time(request)
    channels = request.get("InputDataConfig", [])
    seen: set[str] = set()
    for channel in channels:
        if channel["ChannelName"] in seen:
            raise invalid(f"The channel name {channel['ChannelName']} is used more than once.")
        seen.add(channel["ChannelName"])
        _check_channel(channel, request["AlgorithmSpecification"]["TrainingInputMode"])
    for uri in (request["OutputDataConfig"]["S3OutputPath"], request.get("CheckpointConfig", {}).get("S3Uri")):
        check_uri(uri)
    check_environment(request.get("Environment", {}))


def with_defaults(request: Document) -> Document:
    """The request with SageMaker's defaults."""
    stopping = {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_S, **request.get("StoppingCondition", {})}
    flags = {
        name: request.get(name, False)
        for name in (
            "EnableNetworkIsolation",
            "EnableInterContainerTrafficEncryption",
            "EnableManagedSpotTraining",
        )
    }
    output = {"CompressionType": "GZIP", **request["OutputDataConfig"]}
    return {**request, **flags, "StoppingCondition": stopping, "OutputDataConfig": output}


def script_of(request: Document) -> frameworks.Framework | None:
    """The framework of a job that runs a user's script, None for a built-in algorithm. Raises UnknownImageError."""
    image = request["AlgorithmSpecification"]["TrainingImage"]
    return frameworks.to_train(image, request.get("HyperParameters", {}), request.get("Environment", {}))


def _check_algorithm(request: Document, own_images: OwnImages) -> bool:
    """Check the image and its metrics; returns whether a program of the user's runs in it."""
    algorithm = request.get("AlgorithmSpecification", {})
    refuse(algorithm, _ALGORITHM_NOT_EMULATED)
    if "TrainingImage" not in algorithm:
        raise invalid("AlgorithmSpecification must name a TrainingImage or an AlgorithmName.")
    is_own = own_images.is_own(algorithm["TrainingImage"])
    try:
        script = None if is_own else script_of(request)
        if is_own:
            own_images.require(algorithm["TrainingImage"])
        frameworks.require(script)
    except UnknownImageError as error:
        raise invalid(str(error)) from None
    except (NoEngineError, frameworks.NotInstalledError) as error:
        raise not_emulated(str(error)) from None
    definitions = algorithm.get("MetricDefinitions", [])
    if definitions and not (is_own or (script and script.own_metrics)):
        raise invalid(
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request "
            "without specifying metric definitions."
        )
    for definition in definitions:
        _check_metric(definition)
    return is_own or script is not None


def _check_metric(definition: Document) -> None:
    import regex  # noqa: PLC0415 - few requests have one

    try:
        groups = regex.compile(definition["Regex"]).groups
    except regex.error as error:
        raise invalid(f"The Regex of the metric {definition['Name']} is not valid: {error}.") from None
    if not groups:
        raise invalid(f"The Regex of the metric {definition['Name']} has no group, which would be the metric's value.")


def _check_checkpoints(config: Document) -> None:
    path = PurePosixPath(config.get("LocalPath", OPT_ML))
    if ".." in path.parts or not path.is_relative_to(OPT_ML):
        raise not_emulated(f"checkpoints of a script outside {OPT_ML} (CheckpointConfig.LocalPath {path})")


def _check_resources(resources: Document) -> None:
    refuse(resources, _RESOURCES_NOT_EMULATED)
    missing = [name for name in ("InstanceType", "InstanceCount", "VolumeSizeInGB") if not resources.get(name)]
    if missing:
        raise invalid(f"ResourceConfig must have {', '.join(missing)}, each at least 1 where it is a number.")
    check_volume_key("VolumeKmsKeyId", resources.get("VolumeKmsKeyId"), resources["InstanceType"])


def _check_time(request: Document) -> None:
    stopping = request.get("StoppingCondition", {})
    max_runtime_s = stopping.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_S)
    if max_runtime_s > MAX_RUNTIME_S:
        raise invalid(f"MaxRuntimeInSeconds is {max_runtime_s}; the longest is {MAX_RUNTIME_S} (28 days).")
    max_wait_s = stopping.get("MaxWaitTimeInSeconds")
    if max_wait_s is not None and not request.get("EnableManagedSpotTraining"):
        raise invalid("MaxWaitTimeInSeconds is only for EnableManagedSpotTraining.")
    if max_wait_s is not None and max_wait_s < max_runtime_s:
        raise invalid(
            f"MaxWaitTimeInSeconds ({max_wait_s}) must be equal to or greater than MaxRuntimeInSeconds "
            f"({max_runtime_s})."
        )


def _check_channel(channel: Document, job_mode: str) -> None:
    name = channel["ChannelName"]
    if channel.get("InputMode", job_mode) == "Pipe":
        raise not_emulated(f"Pipe mode (channel {name})")
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        raise not_emulated(f"data sources other than S3DataSource (channel {name})")
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise not_emulated(f"the S3DataType {source['S3DataType']} (channel {name})")
    check_uri(source["S3Uri"])
