"""What went wrong in an expression, in the words of JSONata's reference implementation, which AWS shows.

https://github.com/jsonata-js/jsonata/blob/v2.0.6/src/jsonata.js
"""

from __future__ import annotations

import re
from typing import Any, Final

from local_aws.stepfunctions.jsonata import JException, Utils
from local_aws.stepfunctions.language.values import json_text

_PLACE: Final = re.compile(r"\{\{\{\w+\}\}\}|\{\{\w+\}\}")
_ARRAYS_OF: Final = {
    "a": "arrays",
    "b": "booleans",
    "f": "functions",
    "n": "numbers",
    "o": "objects",
    "s": "strings",
}
_UNCODED: Final = {
    "Second argument of replace function cannot be an empty string": "D3010",
    "Fourth argument of replace function must evaluate to a positive number": "D3011",
}


def describe(problem: JException) -> str:
    """Code and message: `T2002: The right side of the "+" operator must evaluate to a number`."""
    code = _UNCODED.get(problem.error, problem.error)
    template = JException.error_codes.get(code)
    if template is None:
        return str(code)
    values = iter(_values(code, problem))
    # The library's copy of the messages says "Object" where the original says "function".
    return f"{code}: " + _PLACE.sub(lambda place: _fill(place.group(), next(values, None)), _original(template))


def _original(template: str) -> str:
    return str(template).replace("Object", "function")


def _values(code: str, problem: JException) -> list[Any]:
    if code == "T0410" and problem.expected is None:
        return [1, problem.current]
    if code == "T0411":
        return [problem.expected, ""]
    if code == "T0412":
        return [problem.current, problem.expected, _ARRAYS_OF.get(str(problem.extra), problem.extra)]
    if code == "D1002":
        return [problem.expected]
    if code == "D3100":
        return [problem.location]
    return [problem.current, problem.expected, problem.extra]


def _fill(place: str, value: Any) -> str:
    if place.startswith("{{{"):
        return str(value)
    if value is Utils.NULL_VALUE:
        return "null"
    try:
        return json_text(value)
    except (TypeError, ValueError):
        return "a function"
