"""The syntax of intrinsic functions: `States.Format('{} of {}', $.done, States.ArrayLength($.all))`.

https://states-language.net/spec.html#intrinsic-functions
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from local_aws.stepfunctions.definition.syntax import MAX_NESTED_FUNCTIONS
from local_aws.stepfunctions.language.jsonpath import parse_path
from local_aws.stepfunctions.language.paths.reader import PathSyntaxError, Reader

_NAME: Final = re.compile(r"States\.[A-Za-z0-9]+")
_STRING: Final = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_WORD: Final = re.compile(r"(?:true|false|null)(?![\w.])")
_PATH_CHARS: Final = re.compile(r"[^,()\[\]\s]+")
_PATH_CALL: Final = re.compile(r"\([^)]*\)")
_IN_BRACKETS: Final = re.compile(r"[^\]'\"]+|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal, with its escapes as they are written."""

    raw: str


@dataclass(frozen=True, slots=True)
class Constant:
    value: Any


@dataclass(frozen=True, slots=True)
class PathArgument:
    path: str


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Argument, ...]


Argument = Text | Constant | PathArgument | Call


def is_intrinsic(text: str) -> bool:
    """Whether the value of a `.$` field calls a function instead of naming a path."""
    return text.lstrip().startswith("States.")


@lru_cache(maxsize=2048)
def parse_intrinsic(text: str) -> Call:
    """Read a call of an intrinsic function. Raises PathSyntaxError."""
    reader = _IntrinsicReader(text.strip())
    call = _call(reader, 1)
    if reader.at < len(reader.text):
        raise reader.error("nothing more is expected")
    return call


class _IntrinsicReader(Reader):
    def error(self, reason: str) -> PathSyntaxError:
        return PathSyntaxError(f"{self.text!r} is not a call of an intrinsic function: {reason} at character {self.at}")


def _call(reader: _IntrinsicReader, depth: int) -> Call:
    found = reader.match(_NAME)
    if not found:
        raise reader.error("expected the name of a function, such as States.Format,")
    if depth > MAX_NESTED_FUNCTIONS:
        raise reader.error(f"at most {MAX_NESTED_FUNCTIONS} functions may be nested; one more is")
    reader.expect("(")
    arguments: list[Argument] = []
    reader.spaces()
    while not reader.take(")"):
        if arguments:
            reader.expect(",")
            reader.spaces()
        arguments.append(_argument(reader, depth))
        reader.spaces()
    return Call(found.group(), tuple(arguments))


def _argument(reader: _IntrinsicReader, depth: int) -> Argument:
    if found := reader.match(_STRING):
        return Text(found.group(1))
    if reader.text.startswith("States.", reader.at):
        return _call(reader, depth + 1)
    if reader.text.startswith("$", reader.at):
        return PathArgument(parse_path(_path(reader)).text)
    if found := reader.match(_NUMBER) or reader.match(_WORD):
        return Constant(json.loads(found.group()))
    raise reader.error("expected a path, a string in apostrophes, a number, true, false, null or another function")


def _path(reader: Reader) -> str:
    """Read a path to its end: names, what stands in brackets, and calls of functions such as `.length()`."""
    start = reader.at
    while True:
        named = reader.match(_PATH_CHARS)
        if named and (named.group()[-1].isalnum() or named.group()[-1] == "_"):
            reader.match(_PATH_CALL)
        if not named and not _brackets(reader):
            return reader.text[start : reader.at]


def _brackets(reader: Reader) -> bool:
    start = reader.at
    if not reader.take("["):
        return False
    while reader.match(_IN_BRACKETS):
        pass
    if not reader.take("]"):
        reader.at = start
        return False
    return True


def unescape(raw: str) -> str:
    r"""The text of a string literal: `\'`, `\{`, `\}` and `\\` stand for their second character."""
    return re.sub(r"\\(['{}\\])", r"\1", raw)
