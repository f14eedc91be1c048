"""The model package operations: the versions of a group, and packages without one.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-models.html. Versions count from 1; the number of a
deleted version does not come back.
"""

from __future__ import annotations

import hashlib
import json

from local_aws.sagemaker import faults, listing, names
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import GoneError, Record, TakenError
from local_aws.sagemaker.registry import package_requests, package_states
from local_aws.sagemaker.registry.lookup import find
from local_aws.wire import AwsError, Caller, Document

_KIND = names.MODEL_PACKAGE
_LISTING = listing.Listing("ModelPackageSummaryList", package_states.summary, ascending=True)
_REPLACED = {
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ApprovalDescription": "ApprovalDescription",
    "ModelLifeCycle": "ModelLifeCycle",
    "SourceUri": "sourceUri",
    "InferenceSpecification": "InferenceSpecification",
    "ModelCard": "ModelCard",
    "ModelPackageRegistrationType": "ModelPackageRegistrationType",
    "CustomerMetadataProperties": "CustomerMetadataProperties",
    "AdditionalInferenceSpecifications": "AdditionalInferenceSpecifications",
}
"""Members that an update may change, with their names in `UpdatedModelPackageFields`."""


class ModelPackages:
    """All model packages."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._records = platform.records

    def create(self, caller: Caller, request: Document) -> Document:
        """CreateModelPackage; a repetition with the same ClientToken returns the existing package."""
        package_requests.check(request)
        done = self._repeated(request)
        if done is None:
            current = self._with_etags(request)
            if "ModelPackageGroupName" in request:
                record, new = self._create_version(caller, request, current)
            else:
                record, new = self._create_unversioned(caller, request, current)
            if new:
                package_states.announce(self._platform, record)
            done = record
        return {"ModelPackageArn": done.arn}

    def describe(self, caller: Caller, request: Document) -> Document:
        """DescribeModelPackage."""
        document = package_states.describe(find(self._records, caller, _KIND, request["ModelPackageName"]))
        return package_states.without_card(document) if request.get("IncludedData") == "MetadataOnly" else document

    def batch_describe(self, caller: Caller, request: Document) -> Document:
        """BatchDescribeModelPackage: missing packages are in the map of errors."""
        found: Document = {}
        errors: Document = {}
        for arn in request["ModelPackageArnList"]:
            try:
                found[arn] = package_states.batch_summary(find(self._records, caller, _KIND, arn))
            except AwsError as error:
                errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
        return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}

    def list(self, caller: Caller, request: Document) -> Document:
        """ListModelPackages: the versions of a group, else the unversioned, unless ModelPackageType says otherwise."""
        chosen = request.get("ModelPackageType", "Versioned" if "ModelPackageGroupName" in request else "Unversioned")
        found = [r for r in self._records.all(_KIND) if chosen in ("Both", _type(r))]
        if "ModelPackageGroupName" in request:
            group = find(self._records, caller, names.MODEL_PACKAGE_GROUP, request["ModelPackageGroupName"])
            found = [record for record in found if record.state["group"] == group.name]
        status = request.get("ModelApprovalStatus")
        if status:
            found = [record for record in found if record.state["current"].get("ModelApprovalStatus") == status]
        return listing.answer(_LISTING, found, request)

    def update(self, caller: Caller, request: Document) -> Document:
        """UpdateModelPackage: metadata is added to the existing metadata, other members are replaced."""
        found = find(self._records, caller, _KIND, request["ModelPackageArn"])
        if not package_states.versioned(found):
            raise faults.invalid(f"ModelPackage {found.arn} is unversioned: only versions can be updated.")
        for specification in package_requests.specifications(request):
            package_requests.check_specification(specification)
        token = request.get("ClientToken")
        digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        if _repeats(found, token, digest):
            return {"ModelPackageArn": found.arn}
        completed = self._with_etags(request)
        try:
            with self._records.edit(_KIND, found.name) as record:
                updated = [] if _repeats(record, token, digest) else _update(record, completed)
                if token:
                    record.state["update_tokens"][token] = digest
                if updated:
                    record.state["updated_by"] = caller.arn
                    record.state["updated_at"] = self._records.now()
        except GoneError:
            raise faults.not_found(_KIND, found.arn) from None
        if updated:
            package_states.announce(self._platform, record, updated)
        return {"ModelPackageArn": record.arn}

    def delete(self, caller: Caller, request: Document) -> Document:
        """DeleteModelPackage: removes the entry only; models created from it stay."""
        self._records.delete(find(self._records, caller, _KIND, request["ModelPackageName"]))
        return {}

    def _create_version(self, caller: Caller, request: Document, current: Document) -> tuple[Record, bool]:
        group = find(self._records, caller, names.MODEL_PACKAGE_GROUP, request["ModelPackageGroupName"])
        try:
            with self._records.edit(names.MODEL_PACKAGE_GROUP, group.name) as owner:
                done = self._repeated(request)
                if done:
                    return done, False
                version = owner.state["last_version"] = owner.state["last_version"] + 1
                approved = {"ModelApprovalStatus": package_states.PENDING, **current}
                state = package_states.first_state(approved, caller.arn, owner.name, version)
                return self._keep(caller, f"{owner.name}/{version}", request, state), True
        except GoneError:
            raise faults.not_found(names.MODEL_PACKAGE_GROUP, group.arn) from None

    def _create_unversioned(self, caller: Caller, request: Document, current: Document) -> tuple[Record, bool]:
        state = package_states.first_state(current, caller.arn)
        try:
            return self._keep(caller, request["ModelPackageName"], request, state), True
        except TakenError:
            done = self._repeated(request)
            if done is None:
                raise faults.exists(_KIND, names.arn(caller, _KIND, request["ModelPackageName"])) from None
            return done, False

    def _keep(self, caller: Caller, name: str, request: Document, state: Document) -> Record:
        arn = names.arn(caller, _KIND, name)
        return self._records.create(_KIND, arn, name, request, status=package_states.COMPLETED, state=state)

    def _repeated(self, request: Document) -> Record | None:
        """The package that this request created. Raises ConflictException for another request with its token."""
        token = request.get("ClientToken")
        if token is None:
            return None
        done = next((r for r in self._records.all(_KIND) if r.request.get("ClientToken") == token), None)
        if done and done.request != {key: value for key, value in request.items() if key != "Tags"}:
            raise faults.conflict(f"The ClientToken {token} was used by another request, which made {done.arn}.")
        return done

    def _with_etags(self, request: Document) -> Document:
        """The request with what SageMaker adds to its inference specifications."""
        completed = dict(request)
        if "InferenceSpecification" in request:
            specification = request["InferenceSpecification"]
            completed["InferenceSpecification"] = package_requests.with_etags(self._platform, specification)
        for member in ("AdditionalInferenceSpecifications", "AdditionalInferenceSpecificationsToAdd"):
            if member in request:
                completed[member] = [package_requests.with_etags(self._platform, s) for s in request[member]]
        return completed


def _type(record: Record) -> str:
    return "Versioned" if package_states.versioned(record) else "Unversioned"


def _repeats(record: Record, token: str | None, digest: str) -> bool:
    """Whether the update was made before. Raises ConflictException for another update with the same token."""
    known = record.state["update_tokens"].get(token)
    if known not in (None, digest):
        raise faults.conflict(f"The ClientToken {token} was used by another update of {record.arn}.")
    return known is not None


def _update(record: Record, request: Document) -> list[str]:
    """Change the package; returns the names of the changed members."""
    current = record.state["current"]
    wanted = {
        **{member: request[member] for member in _REPLACED if member in request},
        **_metadata(current, request),
        **_additional(current, request),
    }
    changed = [member for member, value in wanted.items() if current.get(member) != value]
    current.update(wanted)
    if not current.get("CustomerMetadataProperties", True):
        del current["CustomerMetadataProperties"]
    return [_REPLACED[member] for member in changed]


def _metadata(current: Document, request: Document) -> Document:
    if not {"CustomerMetadataProperties", "CustomerMetadataPropertiesToRemove"} & request.keys():
        return {}
    before = current.get("CustomerMetadataProperties", {})
    gone = set(request.get("CustomerMetadataPropertiesToRemove", []))
    kept = {key: value for key, value in before.items() if key not in gone}
    merged = {**kept, **request.get("CustomerMetadataProperties", {})}
    if len(merged) > package_requests.MAX_METADATA:
        raise faults.invalid(
            f"The model package would have {len(merged)} customer metadata properties; it can have "
            f"{package_requests.MAX_METADATA}."
        )
    return {"CustomerMetadataProperties": merged}


def _additional(current: Document, request: Document) -> Document:
    if "AdditionalInferenceSpecificationsToAdd" not in request:
        return {}
    added = request["AdditionalInferenceSpecificationsToAdd"]
    merged = [*current.get("AdditionalInferenceSpecifications", []), *added]
    package_requests.check_additional(merged)
    return {"AdditionalInferenceSpecifications": merged}
