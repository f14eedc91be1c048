"""The operations of Step Functions as resource types call them, and properties as the operations take them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from typing import Any

from local_aws import shapes
from local_aws.base import root_caller
from local_aws.stepfunctions.registry.records import Document
from local_aws.wire import Behaviour, load_model

_SUFFIX = string.ascii_letters + string.digits
_MAX_NAME, _SUFFIX_LENGTH = 80, 12
_CASTS: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}


class PropertyError(Exception):
    """A property that cannot be used; CloudFormation shows the message as the reason."""


class Api:
    """The operations, called as the account's root, which CloudFormation acts as."""

    def __init__(self, region: str, behaviours: Mapping[str, Behaviour]) -> None:
        self._caller, self._behaviours = root_caller(region), behaviours

    def call(self, operation: str, **request: Any) -> Mapping[str, Any]:
        """Call an operation with members that are typed as templates type them; None leaves a member out.

        The model is loaded for the moment, as stacks change rarely.
        """
        shape = load_model("stepfunctions", frozenset({operation})).operation_model(operation).input_shape
        given = {name: value for name, value in request.items() if value is not None}
        return self._behaviours[operation](self._caller, shapes.parse(shape, _typed(shape, given, operation))) or {}

    def set_tags(self, arn: str, wanted: list[dict[str, str]]) -> None:
        """Give a resource these tags and no others."""
        there = {tag["key"] for tag in self.call("ListTagsForResource", resourceArn=arn)["tags"]}
        gone = sorted(there - {tag["key"] for tag in wanted})
        if gone:
            self.call("UntagResource", resourceArn=arn, tagKeys=gone)
        if wanted:
            self.call("TagResource", resourceArn=arn, tags=wanted)


def camel(value: Any) -> Any:
    """A property with the API's names: `Level` becomes `level`."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: camel(item) for key, item in value.items()}
    return value


def tags_of(properties: Document) -> list[dict[str, str]]:
    """The tags of a template, as the API takes them."""
    return [{"key": tag["Key"], "value": str(tag["Value"])} for tag in properties.get("Tags") or []]


def generated_name(logical_id: str) -> str:
    """The name of a resource whose template gives it none; its form is observed on AWS."""
    suffix = "".join(secrets.choice(_SUFFIX) for _ in range(_SUFFIX_LENGTH))
    return f"{logical_id[: _MAX_NAME - _SUFFIX_LENGTH - 1]}-{suffix}"


def _typed(shape: Any, value: Any, path: str) -> Any:
    """Members with the API's types: templates carry numbers and booleans as text too."""
    if shape.type_name == "structure" and isinstance(value, dict):
        unknown = sorted(set(value) - set(shape.members))
        if unknown:
            raise PropertyError(f"{path}: there is no property {', '.join(unknown)}")
        return {key: _typed(shape.members[key], item, f"{path}.{key}") for key, item in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_typed(shape.member, item, path) for item in value]
    if isinstance(value, str) and shape.type_name in _CASTS:
        try:
            return _CASTS[shape.type_name](value)
        except (ValueError, KeyError):
            raise PropertyError(f"{path}: expected {shape.type_name}, found {value!r}") from None
    return value
