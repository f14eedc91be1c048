"""Model packages as the API and EventBridge show them.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html. A package is `Completed` when
CreateModelPackage answers: nothing is left to do without a ValidationSpecification. For a version ModelPackageName is
left out, though the model requires it, as in AWS's answers
(https://github.com/aws/sagemaker-python-sdk/issues/5606).
"""

from __future__ import annotations

from datetime import UTC, datetime

from local_aws.sagemaker import events, names
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record
from local_aws.wire import Document

COMPLETED = "Completed"
APPROVED, PENDING = "Approved", "PendingManualApproval"
_KEPT = (
    "ModelPackageDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "ModelApprovalStatus",
    "MetadataProperties",
    "ModelMetrics",
    "Domain",
    "Task",
    "SamplePayloadUrl",
    "CustomerMetadataProperties",
    "DriftCheckBaselines",
    "AdditionalInferenceSpecifications",
    "SkipModelValidation",
    "SourceUri",
    "SecurityConfig",
    "ModelCard",
    "ModelLifeCycle",
)
_SUMMARIZED = ("ModelPackageDescription", "ModelApprovalStatus", "ModelLifeCycle", "ModelPackageRegistrationType")
_BATCH = ("ModelPackageDescription", "ModelApprovalStatus", "ModelPackageRegistrationType", "InferenceSpecification")


def first_state(request: Document, caller_arn: str, group: str = "", version: int = 0) -> Document:
    """The state of a new package; `current` has what updates change. Without a group it is unversioned."""
    return {
        "group": group,
        "version": version,
        "created_by": caller_arn,
        "current": {member: request[member] for member in _KEPT if member in request},
        "update_tokens": {},
    }


def versioned(record: Record) -> bool:
    """Whether the package is a version in a group."""
    return bool(record.state["group"])


def describe(record: Record) -> Document:
    """DescribeModelPackage's response."""
    state = record.state
    document = {
        **_identity(record),
        **state["current"],
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": False,
        "CreatedBy": _identity_of(state["created_by"]),
    }
    if "updated_by" in state:
        document["LastModifiedTime"] = datetime.fromtimestamp(state["updated_at"], UTC)
        document["LastModifiedBy"] = _identity_of(state["updated_by"])
    return document


def without_card(document: Document) -> Document:
    """The description with `IncludedData` MetadataOnly: no content of the model card."""
    if "ModelCard" not in document:
        return document
    card = {key: value for key, value in document["ModelCard"].items() if key != "ModelCardContent"}
    return {**document, "ModelCard": card}


def summary(record: Record) -> Document:
    """ListModelPackages' entry."""
    return {**_identity(record), **_chosen(record, _SUMMARIZED)}


def batch_summary(record: Record) -> Document:
    """BatchDescribeModelPackage's entry."""
    return {**_identity(record), **_chosen(record, _BATCH)}


def announce(platform: Platform, record: Record, updated: list[str] | None = None) -> None:
    """Send the package's state to EventBridge, with the members that an update changed.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
    """
    changed = {"UpdatedModelPackageFields": updated} if updated else {}
    tags = platform.records.tags(record.arn)
    events.publish("Model Package State Change", record.arn, {**describe(record), **changed}, tags)


def arn_of_group(record: Record) -> str:
    """The ARN of a version's group."""
    head, _, _ = record.arn.partition(f":{names.MODEL_PACKAGE}/")
    return f"{head}:{names.MODEL_PACKAGE_GROUP}/{record.state['group'].lower()}"


def _identity(record: Record) -> Document:
    state = record.state
    named = (
        {"ModelPackageGroupName": state["group"], "ModelPackageVersion": state["version"]}
        if versioned(record)
        else {"ModelPackageName": record.name}
    )
    return {
        **named,
        "ModelPackageArn": record.arn,
        "CreationTime": datetime.fromtimestamp(record.created_at, UTC),
        "ModelPackageStatus": record.status,
    }


def _chosen(record: Record, members: tuple[str, ...]) -> Document:
    current = record.state["current"]
    return {member: current[member] for member in members if member in current}


def _identity_of(caller_arn: str) -> Document:
    return {"IamIdentity": {"Arn": caller_arn}}
