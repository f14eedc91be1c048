"""The operations of Step Functions as resource types call them, and properties as the operations take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws import shapes
from local_aws.base import root_caller
from local_aws.resource_properties import typed
from local_aws.wire import Behaviour, load_model

MAX_NAME = 80
"""https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html"""


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
        return self._behaviours[operation](self._caller, shapes.parse(shape, typed(shape, given, operation))) or {}

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
        return {shapes.lower_first(key): camel(item) for key, item in value.items()}
    return value
