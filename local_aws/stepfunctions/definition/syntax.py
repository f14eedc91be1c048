"""The form of JSONPath, of reference paths and of intrinsic functions, without evaluating them.

https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

_ARRAYS = ("Array", "ArrayPartition", "ArrayContains", "ArrayRange", "ArrayGetItem", "ArrayLength", "ArrayUnique")
_CODES = ("Base64Encode", "Base64Decode", "Hash", "StringToJson", "JsonToString", "JsonMerge")
_OTHERS = ("Format", "StringSplit", "MathRandom", "MathAdd", "UUID")
FUNCTIONS: Final = frozenset(f"States.{name}" for name in (*_ARRAYS, *_CODES, *_OTHERS))
MAX_NESTED_FUNCTIONS: Final = 10
"""https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html"""
MAX_NAME_CHARS: Final = 80

_ROOT = re.compile(r"\$\$|\$(?P<name>[^\W\d_]\w*)?")
_NAMED = r"[^\s.\[\]()'\",*]+"
_QUOTED = r"(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_SINGLE = re.compile(rf"\.{_NAMED}|\[\s*(?:-?\d+|{_QUOTED})\s*\]")
_S = r"(?>\s*)"
_MANY = re.compile(
    rf"\.\.?{_NAMED}(?:\(\))?|\.\.?\*|(?:\.\.)?\[{_S}(?:\*|-?\d+(?:{_S},{_S}-?\d+)*|-?\d*{_S}:{_S}-?\d*(?:{_S}:{_S}-?\d+)?"
    rf"|{_QUOTED}(?:{_S},{_S}{_QUOTED})*){_S}\]"
)
_FILTER = re.compile(r"(?:\.\.)?\[\s*\?\s*(?=\()")
_CLOSE = re.compile(r"\s*\]")
_CALL = re.compile(r"\s*(States\.\w+)\s*\(\s*")
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_BLANK = re.compile(r"\s*")
_IN_FILTER = re.compile(rf"{_QUOTED}|[()]|/(?:[^/\\]|\\.)*/|[^()'\"/]+")


@dataclass(frozen=True, slots=True)
class Form:
    """What a text turned out to be; `single` marks a path that names one value: a reference path."""

    valid: bool = False
    single: bool = False
    context: bool = False
    variables: frozenset[str] = field(default_factory=frozenset)


@lru_cache(maxsize=4096)
def path_form(text: str) -> Form:
    """The form of a JSONPath: of the input (`$`), the context object (`$$`) or a variable (`$name`)."""
    root = _ROOT.match(text)
    if not root:
        return Form()
    end, single = _segments(text, root.end())
    name = root["name"]
    return Form(end == len(text), single, text.startswith("$$"), frozenset({name} if name else ()))


@lru_cache(maxsize=4096)
def dynamic_form(text: str) -> Form:
    """The form of what a field ending in `.$` may hold: a JSONPath or a call of an intrinsic function."""
    if not text.startswith("States."):
        return path_form(text)
    variables: set[str] = set()
    try:
        end = _call(text, 0, variables, 1)
    except _SyntaxError:
        return Form()
    return Form(valid=end == len(text), variables=frozenset(variables))


def is_variable_name(name: str) -> bool:
    """A Unicode identifier of at most 80 characters that does not begin with `_`.

    https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
    """
    return name.isidentifier() and not name.startswith("_") and len(name) <= MAX_NAME_CHARS


class _SyntaxError(ValueError):
    """A call that is not well formed."""


def _segments(text: str, start: int) -> tuple[int, bool]:
    """Where the path that goes on at `start` ends, and whether all its steps name one value."""
    single = True
    while True:
        if step := _SINGLE.match(text, start):
            start = step.end()
            if text.startswith("()", start):
                start, single = start + 2, False
        elif end := _many(text, start):
            start, single = end, False
        else:
            return start, single


def _many(text: str, start: int) -> int | None:
    if step := _MANY.match(text, start):
        return step.end()
    opening = _FILTER.match(text, start)
    return _filter(text, opening.end()) if opening else None


def _filter(text: str, start: int) -> int | None:
    """Where a filter ends whose `(` stands at `start`."""
    depth = 0
    while part := _IN_FILTER.match(text, start):
        start = part.end()
        depth += (part[0] == "(") - (part[0] == ")")
        if not depth:
            close = _CLOSE.match(text, start)
            return close.end() if close else None
    return None


def _call(text: str, start: int, variables: set[str], depth: int) -> int:
    opening = _CALL.match(text, start)
    if not opening or opening[1] not in FUNCTIONS or depth > MAX_NESTED_FUNCTIONS:
        raise _SyntaxError(text)
    end = opening.end()
    while not text.startswith(")", end):
        end = _skip(text, _argument(text, end, variables, depth))
        if text.startswith(",", end):
            end = _skip(text, end + 1)
            if text.startswith(")", end):
                raise _SyntaxError(text)
        elif not text.startswith(")", end):
            raise _SyntaxError(text)
    return end + 1


def _argument(text: str, start: int, variables: set[str], depth: int) -> int:
    if text.startswith("States.", start):
        return _call(text, start, variables, depth + 1)
    if literal := _LITERAL.match(text, start):
        return literal.end()
    root = _ROOT.match(text, start)
    if not root:
        raise _SyntaxError(text)
    variables |= {root["name"]} - {None}
    return _segments(text, root.end())[0]


def _skip(text: str, start: int) -> int:
    blank = _BLANK.match(text, start)
    return blank.end() if blank else start
