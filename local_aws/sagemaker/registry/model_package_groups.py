"""The model package group operations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackageGroup.html. A group is `Completed` when
CreateModelPackageGroup returns. Resource policies (PutModelPackageGroupPolicy) are for other accounts, which local AWS
does not have.
"""

from __future__ import annotations

from datetime import UTC, datetime

from local_aws.sagemaker import faults, listing, names
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import GoneError, Record, TakenError
from local_aws.sagemaker.registry.lookup import find
from local_aws.wire import Caller, Document

_KIND = names.MODEL_PACKAGE_GROUP
_STATUS = "Completed"


class ModelPackageGroups:
    """All model package groups."""

    def __init__(self, platform: Platform) -> None:
        self._records = platform.records

    def create(self, caller: Caller, request: Document) -> Document:
        """CreateModelPackageGroup."""
        if request.get("ManagedConfiguration"):
            raise faults.not_emulated("managed storage of model packages (ManagedConfiguration)")
        name = request["ModelPackageGroupName"]
        arn = names.arn(caller, _KIND, name)
        state = {"last_version": 0, "created_by": caller.arn}
        try:
            self._records.create(_KIND, arn, name, request, status=_STATUS, state=state)
        except TakenError:
            raise faults.exists(_KIND, arn) from None
        return {"ModelPackageGroupArn": arn}

    def describe(self, caller: Caller, request: Document) -> Document:
        """DescribeModelPackageGroup."""
        record = find(self._records, caller, _KIND, request["ModelPackageGroupName"])
        return describe(record)

    def list(self, _caller: Caller, request: Document) -> Document:
        """ListModelPackageGroups; there are no groups shared by other accounts."""
        shared = request.get("CrossAccountFilterOption") == "CrossAccount"
        found = [] if shared else self._records.all(_KIND)
        shape = listing.Listing("ModelPackageGroupSummaryList", _summary, ascending=True)
        return listing.answer(shape, found, request)

    def delete(self, caller: Caller, request: Document) -> Document:
        """DeleteModelPackageGroup: only an empty one."""
        found = find(self._records, caller, _KIND, request["ModelPackageGroupName"])
        try:
            with self._records.edit(_KIND, found.name) as group:
                versions = sum(p.state["group"] == group.name for p in self._records.all(names.MODEL_PACKAGE))
                if versions:
                    raise faults.conflict(
                        f"Model Package Group {group.arn} has {versions} model package versions: delete them first."
                    )
                self._records.delete(group)
        except GoneError:
            raise faults.not_found(_KIND, found.arn) from None
        return {}


def describe(record: Record) -> Document:
    """DescribeModelPackageGroup's response."""
    return {**_summary(record), "CreatedBy": {"IamIdentity": {"Arn": record.state["created_by"]}}}


def _summary(record: Record) -> Document:
    document: Document = {
        "ModelPackageGroupName": record.name,
        "ModelPackageGroupArn": record.arn,
        "CreationTime": datetime.fromtimestamp(record.created_at, UTC),
        "ModelPackageGroupStatus": record.status,
    }
    if "ModelPackageGroupDescription" in record.request:
        document["ModelPackageGroupDescription"] = record.request["ModelPackageGroupDescription"]
    return document
