"""Checks CreateProcessingJob's request: what SageMaker refuses beyond its service model, and what is not emulated.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingS3Input.html,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingS3Output.html
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from local_aws.sagemaker.containers import processing_images, registry
from local_aws.sagemaker.faults import invalid, not_emulated
from local_aws.sagemaker.refusals import check_environment, check_uri, check_volume_key, refuse
from local_aws.wire import Document

DEFAULT_MAX_RUNTIME_S = 86400
PROCESSING = PurePosixPath("/opt/ml/processing")


def check(request: Document) -> None:
    """Raise ValidationException for a request that SageMaker refuses, or that local AWS cannot run."""
    _check_application(request["AppSpecification"])
    cluster = request["ProcessingResources"]["ClusterConfig"]
    refuse(cluster, {"InstancePreferences": "instance preferences (ClusterConfig.InstancePreferences)"})
    missing = [name for name in ("InstanceType", "InstanceCount") if not cluster.get(name)]
    if missing:
        raise invalid(f"ClusterConfig must have {' and '.join(missing)}.")
    check_volume_key("VolumeKmsKeyId", cluster.get("VolumeKmsKeyId"), cluster["InstanceType"])
    inputs = request.get("ProcessingInputs", [])
    outputs = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    _check_unique("input", (entry["InputName"] for entry in inputs))
    _check_unique("output", (entry["OutputName"] for entry in outputs))
    for entry in inputs:
        _check_input(entry)
    for entry in outputs:
        _check_output(entry)
    _check_paths(inputs, outputs)
    check_environment(request.get("Environment", {}))


def with_defaults(request: Document) -> Document:
    """The request with SageMaker's defaults."""
    stopping = request.get("StoppingCondition") or {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_S}
    inputs = [_with_input_defaults(entry) for entry in request.get("ProcessingInputs", [])]
    return {**request, "StoppingCondition": stopping, **({"ProcessingInputs": inputs} if inputs else {})}


def _with_input_defaults(entry: Document) -> Document:
    defaults = {"S3InputMode": "File", "S3DataDistributionType": "FullyReplicated", "S3CompressionType": "None"}
    return {"AppManaged": False, **entry, "S3Input": {**defaults, **entry["S3Input"]}}


def _check_application(application: Document) -> None:
    try:
        processing_images.check(application["ImageUri"])
    except registry.UnknownImageError as error:
        raise invalid(str(error)) from None
    if not application.get("ContainerEntrypoint"):
        raise not_emulated("the image's own entry point (AppSpecification without ContainerEntrypoint)")
    command = [*application["ContainerEntrypoint"], *application.get("ContainerArguments", [])]
    if any("\0" in word for word in command) or not command[0]:
        raise invalid("ContainerEntrypoint and ContainerArguments must begin with a program and have no NUL character.")


def _check_unique(what: str, given: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in given:
        if name in seen:
            raise invalid(f"The {what} name {name} is used more than once.")
        seen.add(name)


def _check_input(entry: Document) -> None:
    name = entry["InputName"]
    refuse(entry, {"DatasetDefinition": f"dataset definitions of Athena and Redshift (input {name})"})
    source = entry.get("S3Input")
    if source is None:
        raise invalid(f"The input {name} must have an S3Input or a DatasetDefinition.")
    check_uri(source["S3Uri"])
    if source.get("S3InputMode") == "Pipe":
        raise not_emulated(f"Pipe mode (input {name})")
    if source.get("S3CompressionType") == "Gzip":
        raise invalid(f"The input {name} has the S3CompressionType Gzip, which needs the S3InputMode Pipe.")
    _check_local_path(f"input {name}", source.get("LocalPath"), needed=not entry.get("AppManaged"))


def _check_output(entry: Document) -> None:
    name = entry["OutputName"]
    refuse(entry, {"FeatureStoreOutput": f"outputs to the feature store (output {name})"})
    target = entry.get("S3Output")
    if target is None:
        raise invalid(f"The output {name} must have an S3Output or a FeatureStoreOutput.")
    check_uri(target["S3Uri"])
    _check_local_path(f"output {name}", target.get("LocalPath"), needed=not entry.get("AppManaged"))


def _check_local_path(where: str, path: str | None, *, needed: bool) -> None:
    if path is None:
        if needed:
            raise invalid(f"The {where} must have a LocalPath unless it is AppManaged.")
        return
    place = PurePosixPath(path)
    if ".." in place.parts or "\0" in path or not place.is_relative_to(PROCESSING) or place == PROCESSING:
        raise invalid(f"The LocalPath of the {where} is {path}; it must begin with {PROCESSING}/.")


def _check_paths(inputs: list[Document], outputs: list[Document]) -> None:
    """Raise ValidationException if two inputs or outputs share a folder."""
    places = [entry["S3Input"].get("LocalPath") for entry in inputs]
    places += [entry["S3Output"].get("LocalPath") for entry in outputs]
    given = [str(PurePosixPath(place)) for place in places if place is not None]
    for place in given:
        if given.count(place) > 1:
            raise invalid(f"The LocalPath {place} is used more than once.")
