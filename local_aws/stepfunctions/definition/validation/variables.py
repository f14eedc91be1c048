"""Variables: their names, their scopes, and which a state refers to.

A branch or an iteration reads the variables around it and has its own, which may not share a name with them; the
iterations of a distributed Map do not see those around them.
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.stepfunctions.definition import diagnostics as codes
from local_aws.stepfunctions.definition.expressions import analyse, inner, is_expression
from local_aws.stepfunctions.definition.model import QueryLanguage
from local_aws.stepfunctions.definition.syntax import MAX_NAME_CHARS, dynamic_form, is_variable_name, path_form
from local_aws.stepfunctions.definition.validation.containers import Container
from local_aws.stepfunctions.definition.validation.place import Place
from local_aws.stepfunctions.definition.validation.states import language_of
from local_aws.stepfunctions.definition.validation.templates import DYNAMIC

RESERVED = "states"
_TEMPLATES = {"Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials", "BatchInput", "Arguments"}
_NOT_READ = {"Result", "Branches", "ItemProcessor", "Iterator", "Comment", "ErrorEquals", "CSVHeaders"}


def check(container: Container) -> None:
    """Report variables that a container cannot assign."""
    outer = _outer_names(container)
    for name, place in _assigned(container):
        _name(place, name)
        if name in outer:
            told = f"The variable name '{name}' was already defined in a parent scope."
            place.error(codes.DUPLICATE_VARIABLE, told)


def referred(container: Container) -> dict[str, list[str]]:
    """The variables that each state of a container refers to; states that refer to none are left out."""
    found = {
        name: sorted(set(_read(raw, language_of(raw, container.place.language))))
        for name, raw in container.states.items()
    }
    return {name: names for name, names in found.items() if names}


def _outer_names(container: Container) -> set[str]:
    names: set[str] = set()
    while container.parent and not container.distributed:
        container = container.parent
        names |= {name for name, _ in _assigned(container)}
    return names


def _assigned(container: Container) -> Iterator[tuple[str, Place]]:
    for name, raw in container.states.items():
        if isinstance(raw, dict):
            jsonata = language_of(raw, container.place.language) is QueryLanguage.JSONATA
            for place, assign in _assigns(container.place_of(name), raw):
                for key in assign:
                    yield key if jsonata else key.removesuffix(DYNAMIC), place.at(key)


def _assigns(place: Place, raw: Mapping[str, Any]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    if isinstance(raw.get("Assign"), dict):
        yield place.at("Assign"), raw["Assign"]
    for name in ("Choices", "Catch"):
        entries = raw.get(name)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict) and isinstance(entry.get("Assign"), dict):
                yield place.at(name).item(index).at("Assign"), entry["Assign"]


def _name(place: Place, name: str) -> None:
    if name == RESERVED:
        place.error(codes.RESERVED_VARIABLE, f"Cannot assign to reserved variable '${RESERVED}'.")
    elif len(name) > MAX_NAME_CHARS:
        told = f"Invalid variable name '{name}': the variable name exceeds {MAX_NAME_CHARS} characters."
        place.error(codes.INVALID_VARIABLE, told)
    elif not is_variable_name(name):
        told = f"Invalid variable name '{name}': the variable name contains invalid characters."
        place.error(codes.INVALID_VARIABLE, told)


def _read(raw: Mapping[str, Any], language: QueryLanguage) -> Iterator[str]:
    fields = {name: value for name, value in raw.items() if name not in _NOT_READ}
    return _of_expressions(fields) if language is QueryLanguage.JSONATA else _of_fields(fields)


def _of_expressions(value: Any) -> Iterator[str]:
    if is_expression(value):
        yield from analyse(inner(value)).variables
    elif isinstance(value, dict):
        for item in value.values():
            yield from _of_expressions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _of_expressions(item)


def _of_fields(value: Any) -> Iterator[str]:
    """Of the fields of a JSONPath state: paths, and templates below them."""
    for name, item in value.items() if isinstance(value, dict) else ():
        if name in _TEMPLATES:
            yield from _of_template(item)
        elif isinstance(item, str) and (name.endswith("Path") or name == "Variable"):
            yield from (dynamic_form(item) if item.startswith("States.") else path_form(item)).variables
        elif isinstance(item, dict | list):
            yield from _of_fields(item)
    for item in value if isinstance(value, list) else ():
        yield from _of_fields(item)


def _of_template(value: Any) -> Iterator[str]:
    for name, item in value.items() if isinstance(value, dict) else ():
        if name.endswith(DYNAMIC) and isinstance(item, str):
            yield from dynamic_form(item).variables
        else:
            yield from _of_template(item)
    for item in value if isinstance(value, list) else ():
        yield from _of_template(item)
