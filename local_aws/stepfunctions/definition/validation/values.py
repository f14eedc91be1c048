"""What a single value may be: texts, numbers, paths and times. Messages and ranges as observed on AWS.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
"""

from __future__ import annotations

import re
from typing import Any

from local_aws.stepfunctions.definition import diagnostics as codes
from local_aws.stepfunctions.definition.expressions import is_expression
from local_aws.stepfunctions.definition.syntax import Form, dynamic_form, path_form
from local_aws.stepfunctions.definition.validation.objects import Check
from local_aws.stepfunctions.definition.validation.place import Place
from local_aws.stepfunctions.definition.validation.templates import expression, looks_dynamic

MAX_SECONDS = 99_999_999
"""The longest wait and the longest timeout."""
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})")
_NOT_A_PATH = "Value must be a valid JSONPath."
_NOT_SINGLE = "Value is not a Reference Path"


def text(place: Place, value: Any) -> None:
    """A string."""
    if not isinstance(value, str):
        place.schema("Expected value of type [STRING]")


def boolean(place: Place, value: Any) -> None:
    """A boolean."""
    if not isinstance(value, bool):
        place.schema("Expected value of type [BOOLEAN]")


def number(place: Place, value: Any) -> None:
    """Any number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        place.schema("Expected value of type [NUMBER]")


def one_of(*allowed: str) -> Check:
    """One of these strings."""

    def check(place: Place, value: Any) -> None:
        if not isinstance(value, str):
            text(place, value)
        elif value not in allowed:
            place.schema(f"Value should be one of the following: [{', '.join(allowed)}]")

    return check


def whole(minimum: int, maximum: int | None = None) -> Check:
    """An integer of that range, both ends included; in JSONata an expression too."""

    def check(place: Place, value: Any) -> None:
        if place.jsonata and is_expression(value):
            expression(place, value)
        elif isinstance(value, bool) or not isinstance(value, int):
            place.schema("Expected value of type Integer")
        else:
            _range(place, value, minimum, maximum)

    return check


def at_least(minimum: float) -> Check:
    """A number that is not smaller."""

    def check(place: Place, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            number(place, value)
        else:
            _range(place, value, minimum, None)

    return check


def percentage(place: Place, value: Any) -> None:
    """A number from 0 to 100; in JSONata an expression too."""
    if place.jsonata and is_expression(value):
        expression(place, value)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        place.schema("Expected value of type Integer")
    else:
        _range(place, value, 0, 100)


def _range(place: Place, value: float, minimum: float, maximum: float | None) -> None:
    if value < minimum:
        place.schema(f"Minimum value is {minimum}")
    elif maximum is not None and value > maximum:
        place.schema(f"Maximum value is {maximum}")


def timestamp(place: Place, value: Any) -> None:
    """A time of RFC 3339 with an uppercase T; in JSONata an expression too."""
    if not isinstance(value, str):
        text(place, value)
    elif place.jsonata and is_expression(value):
        expression(place, value)
    elif not _TIME.fullmatch(value):
        place.schema("String does not match RFC3339 timestamp")


def words(place: Place, value: Any) -> None:
    """A string; in JSONata an expression too."""
    if not isinstance(value, str):
        text(place, value)
    elif place.jsonata:
        expression(place, value)
    elif looks_dynamic(value):
        place.warning(codes.NO_PATH, f"The value {value} looks like a path, but the field is read as it is written.")


def path(place: Place, value: Any) -> None:
    """A JSONPath, or null."""
    if value is not None:
        _path(place, value)


def reference(place: Place, value: Any) -> None:
    """A JSONPath that names one value."""
    form = _path(place, value)
    if form.valid and not form.single:
        place.schema(_NOT_SINGLE)


def result_path(place: Place, value: Any) -> None:
    """A reference path into the state's input, or null."""
    form = _path(place, value) if value is not None else Form()
    if form.valid and (not form.single or form.context or form.variables):
        place.schema(_NOT_SINGLE)


def operand(place: Place, value: Any) -> None:
    """What a rule of a Choice compares, or compares with: a reference path."""
    if isinstance(value, str) and not value.startswith("$"):
        place.schema(f"{_NOT_SINGLE}: Reference path didn't start with '$'")
    else:
        reference(place, value)


def reference_or_call(place: Place, value: Any) -> None:
    """A reference path or a call of an intrinsic function, as Fail takes."""
    if isinstance(value, str) and value.startswith("States."):
        if not dynamic_form(value).valid:
            place.schema(_NOT_A_PATH)
    else:
        reference(place, value)


def _path(place: Place, value: Any) -> Form:
    form = path_form(value) if isinstance(value, str) else Form()
    if not isinstance(value, str):
        text(place, value)
    elif not form.valid:
        place.schema(_NOT_A_PATH)
    return form
