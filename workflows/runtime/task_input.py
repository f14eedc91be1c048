"""Reads what a state passes to its function into a frozen dataclass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from workflows.runtime.errors import InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_JSON = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "an object",
    list: "a list",
}


def read_input(kind: type[T], value: Any, what: str = "The input") -> T:
    """Build `kind` from an object of JSON whose keys are the fields; one without a default is required.

    A field is a str, bool, int, float, dict or list, the last two with or without what they hold. Raises InputError
    that names every missing, unknown and mistyped key.
    """
    known = {field.name: field for field in fields(kind)}
    if not isinstance(value, Mapping):
        raise InputError(f"{what}: found {_found(value)}; expected an object with the keys {', '.join(known)}.")
    hints = get_type_hints(kind)
    types = {name: get_origin(hints[name]) or hints[name] for name in known}
    problems = [
        *(f"lacks {name}" for name, field in known.items() if _required(field) and name not in value),
        *(f"has the unknown key {name}" for name in value if name not in known),
        *(
            f"has {name} as {_found(value[name])} instead of {_JSON[types[name]]}"
            for name in known
            if name in value and not _is(value[name], types[name])
        ),
        *(
            f"has {name} with an item that is not {_JSON[get_args(hints[name])[0]]}"
            for name in known
            if types[name] is list
            and isinstance(value.get(name), list)
            and get_args(hints[name])
            and not all(_is(item, get_args(hints[name])[0]) for item in value[name])
        ),
    ]
    if problems:
        raise InputError(f"{what} {', '.join(problems)}; allowed: {', '.join(known)}.")
    return kind(**{name: _converted(item, types[name]) for name, item in value.items()})


def _is(value: Any, kind: type) -> bool:
    # JSON has one kind of number, and Python's true is a whole number.
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _converted(value: Any, kind: type) -> Any:
    return float(value) if kind is float else value


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _found(value: Any) -> str:
    return "nothing" if value is None else next(name for kind, name in _JSON.items() if _is(value, kind))
