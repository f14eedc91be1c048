"""The text of a definition as JSON: no key twice, no value that JSON does not have.

What the parser says is worded as AWS's own parser (Jackson) does; observed on AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from local_aws.stepfunctions.definition import diagnostics as codes
from local_aws.stepfunctions.definition.diagnostics import DefinitionError, Diagnostic, Severity

MAX_CHARS: Final = 1_048_576
"""https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html"""
MAX_DEPTH: Final = 150
"""How deep objects and arrays may lie in each other: ours, as AWS documents the code but no number."""

_NOT_AN_OBJECT = "Definition must be a valid JSON object"
VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_EXPECTED = {
    "Expecting property name enclosed in double quotes": "was expecting double-quote to start field name",
    "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
    "Expecting ',' delimiter": "was expecting comma to separate entries",
}
_PART = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]|[^"\[\]{}]+', re.DOTALL)
_SHOWN_CHARS = 500


def read_object(text: str) -> dict[str, Any]:
    """The object that `text` holds; raises DefinitionError for anything else."""
    _fit(text)
    value = _read(text) if text.strip() else None
    if not isinstance(value, dict):
        _refuse(codes.SCHEMA, _NOT_AN_OBJECT, None)
    return value


def _fit(text: str) -> None:
    if len(text) > MAX_CHARS:
        _refuse(codes.SCHEMA, f"Definition has {len(text)} characters; at most {MAX_CHARS} are allowed", None)
    if _depth(text) > MAX_DEPTH:
        _refuse(codes.TOO_DEEP, "The states are too deeply nested.", None)


def _depth(text: str) -> int:
    deepest = depth = 0
    at = 0
    while part := _PART.match(text, at):
        at = part.end()
        depth += (part[0] in "[{") - (part[0] in "]}")
        deepest = max(deepest, depth)
    return deepest


def _read(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)
    except json.JSONDecodeError as error:
        message, end = worded(text, error)
        _refuse_json(message, _source(text, end))
    except ValueError as error:
        _refuse_json(str(error), _source(text, None))


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise ValueError(f"Duplicate field '{key}'")
        seen[key] = value
    return seen


def _constant(name: str) -> NoReturn:
    raise ValueError(f"Non-standard token '{name}': was expecting {VALUES}")


def worded(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    """The parser's words, and where it stands after what it could not read."""
    if error.pos >= len(text):
        return "Unexpected end-of-input", error.pos
    token = re.compile(r"\w+").match(text, error.pos)
    if error.msg in {"Expecting value", "Extra data"} and token:
        return f"Unrecognized token '{token[0]}': was expecting {VALUES}", token.end()
    expected = _EXPECTED.get(error.msg, f"expected a valid value {VALUES}")
    character = text[error.pos]
    return f"Unexpected character ('{character}' (code {ord(character)})): {expected}", error.pos + 1


def _source(text: str, end: int | None) -> str:
    """Where the parser stands, with the beginning of the text as it shows it."""
    shown = f'"{text[:_SHOWN_CHARS]}"'
    if len(text) > _SHOWN_CHARS:
        shown += f"[truncated {len(text) - _SHOWN_CHARS} chars]"
    end = len(text) if end is None else end
    line, column = text.count("\n", 0, end) + 1, end - text.rfind("\n", 0, end)
    return f"[Source: (String){shown}; line: {line}, column: {column}]"


def _refuse_json(message: str, source: str) -> NoReturn:
    _refuse(codes.INVALID_JSON, f"{message}\n at {source}", source)


def _refuse(code: str, message: str, location: str | None) -> NoReturn:
    raise DefinitionError([Diagnostic(Severity.ERROR, code, message, location)])
