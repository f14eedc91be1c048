"""Tags of state machines and activities.

https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#concepts-tagging
"""

from __future__ import annotations

import re

from local_aws.stepfunctions.operations.platform import Platform
from local_aws.stepfunctions.registry import arns, faults
from local_aws.stepfunctions.registry.records import Document
from local_aws.wire import AwsError, Caller

_MAX_TAGS = 50
_ALLOWED = re.compile(r"[\w\s.:/=+\-@]*")
_RESERVED = "aws:"


def tags_of(caller: Caller, request: Document, arn: str, present: dict[str, str] | None = None) -> dict[str, str]:
    """The tags of a request, key to value. Raises AwsError TooManyTags or ValidationException.

    `present` are those that the resource has. Tags of AWS's own, which CloudFormation alone may give, do not count.
    """
    given = request.get("tags", [])
    tags: dict[str, str] = {}
    for number, tag in enumerate(given, 1):
        if "key" not in tag:
            raise faults.invalid(
                f"1 validation error detected: Value null at 'tags.{number}.member.key' failed to satisfy constraint: "
                "Member must not be null"
            )
        tags[tag["key"]] = tag.get("value", "")
    for text in (*tags, *tags.values()):
        if not _ALLOWED.fullmatch(text):
            raise faults.invalid(
                f"Tag '{text}': tags may only contain Unicode letters, digits, white space, or these symbols: "
                "_ . : / = + - @"
            )
    for key in tags:
        if _is_reserved(key) and caller.access_key_id:
            raise faults.invalid(f"Tag key '{key}': keys that begin with {_RESERVED} are reserved for AWS")
    if sum(not _is_reserved(key) for key in {**(present or {}), **tags}) > _MAX_TAGS:
        raise AwsError("TooManyTags", f"A resource may have {_MAX_TAGS} tags.", resourceName=arn)
    return tags


def _is_reserved(key: str) -> bool:
    return key.lower().startswith(_RESERVED)


class Tagging:
    """The tagging operations."""

    def __init__(self, platform: Platform) -> None:
        self._registry = platform.registry

    def tag(self, caller: Caller, request: Document) -> None:
        """Add tags, or change their values.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_TagResource.html
        """
        arn = self._require(request["resourceArn"])
        with self._registry.transaction():
            self._registry.put_tags(arn, tags_of(caller, request, arn, self._registry.tags(arn)))

    def untag(self, _caller: Caller, request: Document) -> None:
        """Remove tags.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_UntagResource.html
        """
        self._registry.delete_tags(self._require(request["resourceArn"]), request["tagKeys"])

    def list_tags(self, _caller: Caller, request: Document) -> Document:
        """Show the tags of a resource.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListTagsForResource.html
        """
        tags = self._registry.tags(self._require(request["resourceArn"]))
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _require(self, text: str) -> str:
        """The ARN of a machine or activity that exists; versions and aliases have no tags."""
        arn = arns.read(text, arns.MACHINE, arns.ACTIVITY)
        found = self._registry.activity(text) if arn.kind == arns.ACTIVITY else self._registry.machine(text)
        if found is None:
            raise faults.no_resource(text)
        return text
