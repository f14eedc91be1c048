"""Retry and Catch.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from typing import Any

from local_aws.stepfunctions.contracts.errors import ALL
from local_aws.stepfunctions.definition.validation.objects import (
    each,
    foreign,
    is_array,
    is_filled_array,
    is_object,
    required,
    supported,
)
from local_aws.stepfunctions.definition.validation.place import Place
from local_aws.stepfunctions.definition.validation.templates import assignments, payload
from local_aws.stepfunctions.definition.validation.values import (
    MAX_SECONDS,
    at_least,
    one_of,
    result_path,
    text,
    whole,
)

MAX_DELAY_S = 31_622_400


def retriers(place: Place, value: Any) -> None:
    """The array of a Retry field."""
    _entries(place, value, _retrier)


def catchers(place: Place, value: Any) -> None:
    """The array of a Catch field."""
    _entries(place.reading("errorOutput"), value, _catcher)


def _entries(place: Place, value: Any, check: Any) -> None:
    entries = value if is_array(place, value) else []
    for index, entry in enumerate(entries):
        here = place.item(index)
        if is_object(here, entry):
            check(here, entry)
            _matches_all_last(here.at("ErrorEquals"), entry.get("ErrorEquals"), last=index == len(entries) - 1)


def _matches_all_last(place: Place, names: Any, *, last: bool) -> None:
    if isinstance(names, list) and ALL in names and (len(names) > 1 or not last):
        place.schema(f"{ALL} must appear alone and at end of list")


def _retrier(place: Place, entry: dict[str, Any]) -> None:
    required(place, entry, ["ErrorEquals"])
    supported(place, entry, _RETRIER)
    each(place, entry, _RETRIER)


def _catcher(place: Place, entry: dict[str, Any]) -> None:
    required(place, entry, ["ErrorEquals", "Next"])
    others = foreign(place, entry, {"ResultPath"}, {"Output"})
    supported(place, entry, _CATCHER)
    each(place, entry, {name: check for name, check in _CATCHER.items() if name not in others})


def _error_names(place: Place, value: Any) -> None:
    for index, name in enumerate(value if is_filled_array(place, value) else []):
        text(place.item(index), name)


def _static(check: Any) -> Any:
    """A number that no expression may give: those of a retrier."""

    def checked(place: Place, value: Any) -> None:
        if isinstance(value, str):
            place.schema("Expected value of type Integer")
        else:
            check(place, value)

    return checked


_RETRIER = {
    "Comment": text,
    "ErrorEquals": _error_names,
    "IntervalSeconds": _static(whole(0, MAX_SECONDS)),
    "MaxAttempts": _static(whole(0, MAX_SECONDS)),
    "BackoffRate": at_least(1),
    "MaxDelaySeconds": _static(whole(1, MAX_DELAY_S)),
    "JitterStrategy": one_of("NONE", "FULL"),
}
_CATCHER = {
    "Comment": text,
    "ErrorEquals": _error_names,
    "Next": text,
    "ResultPath": result_path,
    "Output": payload,
    "Assign": assignments,
}
