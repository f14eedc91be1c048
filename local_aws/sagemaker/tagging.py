"""AddTags, ListTags and DeleteTags.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddTags.html. The version of a model package has the tags
of its group and none of its own (https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html).
"""

from __future__ import annotations

from local_aws.sagemaker import names
from local_aws.sagemaker.faults import invalid
from local_aws.sagemaker.records import Record, Records
from local_aws.sagemaker.registry import package_states
from local_aws.wire import Caller, Document

_MAX_TAGS = 50


class Tagging:
    """Tags of any resource, by ARN."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add(self, _caller: Caller, request: Document) -> Document:
        """Add tags; a tag whose key exists replaces the old one."""
        arn = self._taggable(request)
        keys = set(self._records.tags(arn)) | {tag["Key"] for tag in request["Tags"]}
        if len(keys) > _MAX_TAGS:
            raise invalid(f"{arn} would have {len(keys)} tags; a resource can have {_MAX_TAGS}.")
        self._records.put_tags(arn, request["Tags"])
        return {"Tags": tag_list(self._records.tags(arn))}

    def list(self, _caller: Caller, request: Document) -> Document:
        """All tags: a resource has at most 50, and a page cannot be smaller."""
        record = self._find(request)
        arn = package_states.arn_of_group(record) if _is_version(record) else record.arn
        return {"Tags": tag_list(self._records.tags(arn))}

    def delete(self, _caller: Caller, request: Document) -> Document:
        """Remove tags by key."""
        self._records.remove_tags(self._taggable(request), request["TagKeys"])
        return {}

    def _find(self, request: Document) -> Record:
        arn = names.lower_case(request["ResourceArn"])
        record = self._records.find_arn(arn)
        if record is None:
            raise invalid(f"Could not find resource {arn}.")
        return record

    def _taggable(self, request: Document) -> str:
        record = self._find(request)
        if _is_version(record):
            raise invalid(
                f"{record.arn} is a model package version, which has the tags of its group. Tag the "
                f"group instead: {package_states.arn_of_group(record)}."
            )
        return record.arn


def _is_version(record: Record) -> bool:
    return record.kind == names.MODEL_PACKAGE and package_states.versioned(record)


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags in the form of AWS's lists."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
