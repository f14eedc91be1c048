"""Which fields an object has: supported ones, required ones, one of several. Messages as observed on AWS."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from local_aws.stepfunctions.definition.validation.place import Place

Check = Callable[[Place, Any], None]
Checks = Mapping[str, Check]


def supported(place: Place, raw: Mapping[str, Any], names: Collection[str]) -> None:
    """Report fields that this object cannot have."""
    for name in raw:
        if name not in names:
            place.schema(f"Field '{name}' is not supported")


def required(place: Place, raw: Mapping[str, Any], names: Sequence[str]) -> None:
    """Report all of `names` that are missing, together."""
    missing = [name for name in names if name not in raw]
    if missing:
        place.schema(f"These fields are required: [{', '.join(missing)}]")


def at_most_one(place: Place, raw: Mapping[str, Any], names: Sequence[str]) -> None:
    """Report fields that exclude each other."""
    if sum(name in raw for name in names) > 1:
        place.schema(f"There should only be one of the following fields: [{', '.join(names)}]")


def exactly_one(place: Place, raw: Mapping[str, Any], names: Sequence[str]) -> None:
    """Report that none or several of `names` are there."""
    if not any(name in raw for name in names):
        place.schema(f"This object should have only one of the following fields: [{', '.join(names)}]")
    at_most_one(place, raw, names)


def each(place: Place, raw: Mapping[str, Any], checks: Checks) -> None:
    """Check every field that is there and known."""
    for name, value in raw.items():
        if name in checks:
            checks[name](place.at(name), value)


def is_object(place: Place, value: Any) -> bool:
    """Whether `value` is an object; reports it otherwise."""
    if not isinstance(value, dict):
        place.schema("Expected value of type [OBJECT]")
    return isinstance(value, dict)


def is_array(place: Place, value: Any) -> bool:
    """Whether `value` is an array; reports it otherwise."""
    if not isinstance(value, list):
        place.schema("Expected value of type [ARRAY]")
    return isinstance(value, list)


def is_filled_array(place: Place, value: Any) -> bool:
    """Whether `value` is an array with elements; reports it otherwise."""
    if is_array(place, value) and not value:
        place.schema("Value cannot be empty")
    return isinstance(value, list) and bool(value)


def foreign(place: Place, raw: Mapping[str, Any], jsonpath: Collection[str], jsonata: Collection[str]) -> set[str]:
    """Report fields that only the other query language has, and return their names."""
    others, other = (jsonpath, "JSONPath") if place.jsonata else (jsonata, "JSONata")
    found = [name for name in raw if name in others]
    for name in found:
        place.schema(
            f"The QueryLanguage is set to '{place.language}', but field '{name}' is only supported for the '{other}' "
            "QueryLanguage"
        )
    return set(found)
