"""AddTags, ListTags and DeleteTags.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddTags.html
"""

from __future__ import annotations

from local_aws.sagemaker.faults import invalid
from local_aws.sagemaker.records import Records
from local_aws.wire import Caller, Document

_MAX_TAGS = 50


class Tagging:
    """Tags of any resource, by ARN."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add(self, _caller: Caller, request: Document) -> Document:
        """Add tags; a tag of a key that is there replaces it."""
        arn = self._arn(request)
        keys = set(self._records.tags(arn)) | {tag["Key"] for tag in request["Tags"]}
        if len(keys) > _MAX_TAGS:
            raise invalid(f"{arn} would have {len(keys)} tags; a resource can have {_MAX_TAGS}.")
        self._records.put_tags(arn, request["Tags"])
        return {"Tags": tag_list(self._records.tags(arn))}

    def list(self, _caller: Caller, request: Document) -> Document:
        """All tags: a resource has 50 at most, the smallest page that a request may ask for."""
        return {"Tags": tag_list(self._records.tags(self._arn(request)))}

    def delete(self, _caller: Caller, request: Document) -> Document:
        """Remove tags by key."""
        self._records.remove_tags(self._arn(request), request["TagKeys"])
        return {}

    def _arn(self, request: Document) -> str:
        prefix, _, name = request["ResourceArn"].rpartition("/")
        arn = f"{prefix}/{name.lower()}"
        if not self._records.has_arn(arn):
            raise invalid(f"Could not find resource {arn}.")
        return arn


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as AWS's lists hold them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
