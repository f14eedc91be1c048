"""Values that are filled in at run time: payload templates of JSONPath, and JSON with expressions of JSONata.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local_aws.stepfunctions.definition import diagnostics as codes
from local_aws.stepfunctions.definition.expressions import CLOSING, OPENING, analyse, inner, is_expression
from local_aws.stepfunctions.definition.syntax import dynamic_form
from local_aws.stepfunctions.definition.validation.objects import is_object
from local_aws.stepfunctions.definition.validation.place import Place

DYNAMIC = ".$"
_CALL = re.compile(r"States\.\w+\(.*\)", re.DOTALL)


def payload(place: Place, value: Any) -> None:
    """Any JSON, filled in by the state's query language."""
    if place.jsonata:
        _with_expressions(place, value)
    else:
        _template(place, value)


def payload_object(place: Place, value: Any) -> None:
    """An object to fill in; in JSONata also one expression."""
    if (place.jsonata and is_expression(value)) or is_object(place, value):
        payload(place, value)


def assignments(place: Place, value: Any) -> None:
    """An object that names variables; the names are checked with their scopes."""
    if is_object(place, value):
        payload(place, value)


def expression(place: Place, text: str) -> None:
    """A string that may be an expression, which then has to be whole and parse."""
    if not is_expression(text):
        if text.startswith(OPENING):
            place.schema(f"JSONata string must start with {OPENING} and end with {CLOSING}")
        return
    found = analyse(inner(text))
    if found.error:
        place.error(codes.INVALID_EXPRESSION, found.error)
    for name in found.top_level:
        where = "" if name == "$$" else " at the top level"
        place.error(codes.UNSUPPORTED_EXPRESSION, f"Reference to '{name}'{where} is not supported.")
    for name in found.states_fields:
        if name not in place.readable:
            place.error(codes.UNSUPPORTED_EXPRESSION, f"Field '$states.{name}' does not exist.")


def looks_dynamic(value: object) -> bool:
    """A string that its author may have meant as a path or as a call of an intrinsic function."""
    return isinstance(value, str) and (
        value in {"$", "$$"} or value.startswith(("$.", "$[", "$$.")) or bool(_CALL.fullmatch(value))
    )


def _with_expressions(place: Place, value: Any) -> None:
    if isinstance(value, str):
        expression(place, value)
    elif isinstance(value, dict):
        for name, item in value.items():
            _with_expressions(place.at(name), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _with_expressions(place.item(index), item)


def _template(place: Place, value: Any) -> None:
    if isinstance(value, dict):
        _template_object(place, value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _template(place.item(index), item)


def _template_object(place: Place, value: Mapping[str, Any]) -> None:
    for name, item in value.items():
        if name.endswith(DYNAMIC):
            _dynamic(place, name, item, value)
        elif looks_dynamic(item):
            told = f"The value of '{name}' looks like a path or an intrinsic function; only '{name}.$' is evaluated."
            place.at(name).warning(codes.NO_DOLLAR, told)
        else:
            _template(place.at(name), item)


def _dynamic(place: Place, name: str, item: Any, siblings: Mapping[str, Any]) -> None:
    """A field to evaluate; AWS locates what is wrong with it at its object."""
    if not isinstance(item, str) or not dynamic_form(item).valid:
        place.schema(f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call")
    if name.removesuffix(DYNAMIC) in siblings:
        place.schema(f"The field '{name.removesuffix(DYNAMIC)}' is there twice: with and without '{DYNAMIC}'")
