"""The model registry: a version for each release that passed Test, and the decision about it.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-version.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.algorithms.container import CONTAINER
from pipeline_lambdas.algorithms.table import algorithm_of_image
from pipeline_lambdas.aws import executions, sagemaker
from pipeline_lambdas.evidence.actions import approval_of, variables_of
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.release.retries import START_NEW
from pipeline_lambdas.release.script_mode import region_of, serving_environment, trained_program
from pipeline_lambdas.runtime.failures import JobFailedError
from pipeline_lambdas.runtime.outcome import Done
from pipeline_lambdas.steps.artifact import versions_of
from pipeline_lambdas.steps.found import differences

_PENDING = "PendingManualApproval"
_EXECUTION = "ExecutionId"
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
_DESCRIPTION_LIMIT = 1024
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
_METADATA_LIMIT = 256


@dataclass(frozen=True, slots=True)
class Registration:
    """The inputs of a version, and the location of its evidence."""

    training_job: str
    artifact_version: str
    config_commit: str
    pipeline_commit: str
    inference_commit: str
    dataset_version: str
    config_sha256: str
    dataset_sha256: str
    report_uri: str
    report_version: str


def register(release: Release, registration: Registration) -> Done:
    """Register the release's model, once: the execution id is the request's token, so a repeat finds the same version.

    Raises JobFailedError if the training job is gone or has no model, or if another request has used the token.
    """
    job = sagemaker.describe_training_job(registration.training_job)
    if job is None or job["TrainingJobStatus"] != "Completed":
        status = "missing" if job is None else job["TrainingJobStatus"]
        raise JobFailedError(
            f"Training job {registration.training_job} is {status}; only a Completed one has a model to register."
        )
    _refuse_rewritten(job["ModelArtifacts"]["S3ModelArtifacts"], registration)
    request = package_request(release, registration, job)
    arn = sagemaker.create_model_package(request)
    _refuse_another(arn, request)
    version = arn.rpartition("/")[2]
    variables = {"ModelPackageArn": arn, "ModelPackageVersion": version}
    return Done(variables, f"Version {version} of {release.prefix} waits for approval", arn)


def package_request(release: Release, registration: Registration, job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request for the version; it is the same for each attempt of an execution.

    The container receives the content type that it was trained on.
    """
    image = job["AlgorithmSpecification"]["TrainingImage"]
    algorithm = algorithm_of_image(image)
    contents = sorted({channel["ContentType"] for channel in job["InputDataConfig"] if "ContentType" in channel})
    program = trained_program(job.get("HyperParameters") or {})
    environment = serving_environment(program, region_of(job["TrainingJobArn"]))
    metadata = {
        _EXECUTION: release.execution_id,
        "TrainingJob": registration.training_job,
        "TrainingConfigRevision": registration.config_commit,
        "PipelineLambdasRevision": registration.pipeline_commit,
        "InferenceLambdasRevision": registration.inference_commit,
        "DatasetRevision": registration.dataset_version,
        "ConfigSha256": registration.config_sha256,
        "DatasetSha256": registration.dataset_sha256,
        # The address of the evaluation takes no version, and code of another push may write it anew.
        "EvaluationVersion": registration.report_version,
    }
    return {
        "ModelPackageGroupName": release.prefix,
        "ModelPackageDescription": f"Release {release.execution_id}",
        "ClientToken": release.execution_id,
        "ModelApprovalStatus": _PENDING,
        "InferenceSpecification": {
            "Containers": [
                {
                    "Image": image,
                    "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
                    **({"Environment": environment} if environment else {}),
                }
            ],
            "SupportedContentTypes": contents,
            "SupportedResponseMIMETypes": list((algorithm or CONTAINER).response_types),
        },
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": registration.report_uri}}
        },
        "CustomerMetadataProperties": {key: value[:_METADATA_LIMIT] for key, value in metadata.items() if value},
        "MetadataProperties": {"CommitId": registration.config_commit, "GeneratedBy": job["TrainingJobArn"]},
    }


def _refuse_rewritten(uri: str, registration: Registration) -> None:
    """An endpoint loads what is newest, and no version can be deleted: one alone is what Dev and Test were given."""
    found = versions_of(uri)
    if found != [registration.artifact_version]:
        raise JobFailedError(
            f"{uri}: found {len(found)} versions; expected {registration.artifact_version} alone, which "
            f"{registration.training_job} left. Somebody else has written there, so it is not certain that Dev and "
            f"Test served what was trained. The access log of the bucket tells who. {START_NEW}."
        )


def _refuse_another(arn: str, request: Mapping[str, Any]) -> None:
    """Another caller could use the release's token first, and the release would get that caller's version."""
    described = sagemaker.describe_new_model_package(arn)
    containers = {"Containers": request["InferenceSpecification"]["Containers"]}
    asked = {name: value for name, value in request.items() if name != "ClientToken"}
    metadata = asked.pop("CustomerMetadataProperties")
    different = differences("ModelPackage", described, {**asked, "InferenceSpecification": containers})
    if described.get("CustomerMetadataProperties") != metadata:
        different.append("CustomerMetadataProperties")
    if different:
        raise JobFailedError(
            f"{arn} was registered under this release's token with other settings ({', '.join(different)}). "
            f"Delete it, look who made it. {START_NEW}."
        )


def decide(release: Release) -> str | None:
    """Set the approval's decision on the release's version, and return it; None if there is none.

    An approval that timed out leaves the version pending: nobody rejected it. A second call changes nothing.
    """
    actions = executions.list_actions(release.prefix, release.execution_id)
    arn = variables_of(actions, "Register").get("ModelPackageArn")
    approval = approval_of(actions)
    if arn is None or approval is None or approval["status"] not in {"Approved", "Rejected"}:
        return None
    package = sagemaker.describe_model_package(arn)
    status: str = approval["status"]
    if package is None or package.get("ModelApprovalStatus") == status:
        return None
    # Which version it is, code of the release has told, and it may have told another's.
    made_by = (package.get("CustomerMetadataProperties") or {}).get(_EXECUTION)
    if made_by != release.execution_id:
        raise JobFailedError(
            f"{arn} is of release {made_by or 'none'}, not of {release.execution_id}; it was not {status.lower()}. "
            "Look who registered it."
        )
    reason = f": {approval['reason']}" if approval["reason"] else ""
    sagemaker.decide_model_package(arn, status, f"{status} by {approval['by']}{reason}"[:_DESCRIPTION_LIMIT])
    return status
