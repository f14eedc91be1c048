"""The Context object of TestState.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html; the sentences are observed on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.stepfunctions.registry import faults
from local_aws.wire import AwsError

_FIELDS: Mapping[str, Mapping[str, tuple[type, str] | None]] = {
    "Execution": {
        "Id": (str, "a string"),
        "Input": None,
        "Name": (str, "a string"),
        "RoleArn": (str, "a string"),
        "StartTime": (str, "a string"),
        "RedriveCount": (int, "a number"),
        "RedriveTime": (str, "a string"),
    },
    "State": {"EnteredTime": (str, "a string"), "Name": (str, "a string"), "RetryCount": (int, "a number")},
    "StateMachine": {"Id": (str, "a string"), "Name": (str, "a string")},
    "Task": {"Token": (str, "a string")},
}
"""Object to its fields, each with its type and its name; None allows any JSON."""


def require_context(context: Mapping[str, Any], *, waits: bool) -> None:
    """Raise AwsError ValidationException unless the object is one; `waits` tells whether the task has a token."""
    for name, part in context.items():
        if name == "Map":
            raise _fault("'Map' field is not supported when mocking a Context object")
        if name not in _FIELDS:
            raise _fault(f"Field '{name}' is not allowed")
        if name == "Task" and not waits:
            raise _fault(
                "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' "
                "service integration pattern"
            )
        if not isinstance(part, dict):
            raise _fault(f"{name} must be a JSON object")
        _require_fields(name, part)


def _require_fields(name: str, part: Mapping[str, Any]) -> None:
    for key, value in part.items():
        if key not in _FIELDS[name]:
            raise _fault(f"Field '{key}' is not allowed")
        expected = _FIELDS[name][key]
        if expected and (not isinstance(value, expected[0]) or isinstance(value, bool)):
            raise _fault(f"{name}.{key} must be {expected[1]}")


def _fault(text: str) -> AwsError:
    return faults.invalid(f"Invalid Context object provided: {text}")
