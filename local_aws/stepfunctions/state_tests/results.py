"""The mocked result of a Task, held against the API that the state calls.

`fieldValidationMode`: https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html. The sentences
are observed on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_aws.stepfunctions.registry import faults
from local_aws.stepfunctions.tasks.sdk.models import botocore_service
from local_aws.stepfunctions.tasks.sdk.names import optimized_member, sdk_member
from local_aws.wire import AwsError, load_model

STRICT, PRESENT, NONE = "STRICT", "PRESENT", "NONE"
_CALL = re.compile(r"arn:aws[\w-]*:states:::(?P<sdk>aws-sdk:)?(?P<service>[\w-]+):(?P<action>\w+)")
_OPTIMIZED = {"elasticmapreduce": "emr", "states": "stepfunctions"}
"""Optimized integrations to botocore's names, where they differ."""
_KINDS: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "structure": ("a JSON object", dict),
    "map": ("a JSON object", dict),
    "list": ("an array", list),
    "boolean": ("a boolean", bool),
    "integer": ("a number", (int, float)),
    "long": ("a number", (int, float)),
    "float": ("a number", (int, float)),
    "double": ("a number", (int, float)),
}
_TEXT: tuple[str, type | tuple[type, ...]] = ("a string", str)


def result_shape(resource: str) -> Any | None:
    """The shape of what a request-response call answers; None for a resource that answers otherwise.

    `.sync` and `.waitForTaskToken` end with what the job or the worker says, a plain ARN with what the function does.
    """
    found = _CALL.fullmatch(resource)
    if found is None or found["service"] == "http":
        return None
    action, service = found["action"], _OPTIMIZED.get(found["service"], found["service"])
    if found["sdk"]:
        service = botocore_service(found["service"]) or found["service"]
    operation = action[:1].upper() + action[1:]
    try:
        return load_model(service, frozenset({operation})).operation_model(operation).output_shape
    except (KeyError, _unknown_service()):
        raise faults.invalid(f"A mocked result of '{resource}' cannot be checked: local AWS has no model of it. "
                             f"Give the mock the fieldValidationMode {NONE}.") from None  # fmt: skip


def _unknown_service() -> type[Exception]:
    from botocore.exceptions import UnknownServiceError  # noqa: PLC0415 - needed by TestState alone

    unknown: type[Exception] = UnknownServiceError
    return unknown


def require_result(resource: str, result: Any, mode: str) -> None:
    """Raise AwsError ValidationException for the first field that the shape does not allow.

    Fields that the API does not have are allowed in every mode; PRESENT does not ask for the required ones.
    """
    shape = result_shape(resource) if mode != NONE else None
    if shape is not None:
        _check(
            shape, result, "result", _Rules(mode == STRICT, sdk_member if ":aws-sdk:" in resource else optimized_member)
        )


@dataclass(frozen=True, slots=True)
class _Rules:
    """How a result is held against its shape: whether required fields must be there, and how members are spelled."""

    strict: bool
    named: Callable[[str], str]


def _check(shape: Any, value: Any, name: str, rules: _Rules) -> None:
    noun, kinds = _KINDS.get(shape.type_name, _TEXT)
    given: Any = value
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
        raise _fault(f"Field '{name}' must be {noun}")
    if shape.type_name == "structure":
        _check_members(shape, given, rules)
    elif shape.type_name == "list":
        for item in given:
            _check(shape.member, item, name, rules)
    elif shape.type_name == "map":
        for item in given.values():
            _check(shape.value, item, name, rules)
    else:
        _check_bounds(shape.metadata, value, name)


def _check_members(shape: Any, value: dict[str, Any], rules: _Rules) -> None:
    names = {member: rules.named(member) for member in shape.members}
    for member in shape.required_members if rules.strict else ():
        if names[member] not in value:
            raise _fault(f"Required field '{names[member]}' is missing")
    for member, member_shape in shape.members.items():
        if names[member] in value:
            _check(member_shape, value[names[member]], names[member], rules)


def _check_bounds(metadata: dict[str, Any], value: Any, name: str) -> None:
    if metadata.get("enum") and value not in metadata["enum"]:
        raise _fault(f"Field '{name}' is not an expected value")
    if isinstance(value, str):
        if len(value) < metadata.get("min", 0):
            raise _fault(f"Field '{name}' is smaller than the minimum length")
        if len(value) > metadata.get("max", len(value)):
            raise _fault(f"Field '{name}' exceeds the maximum length")
    elif not isinstance(value, bool):
        if value < metadata.get("min", value):
            raise _fault(f"Field '{name}' is less than the minimum value")
        if value > metadata.get("max", value):
            raise _fault(f"Field '{name}' exceeds the maximum value")


def _fault(text: str) -> AwsError:
    return faults.invalid(f"Mock result schema validation error: {text}")
