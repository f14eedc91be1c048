"""Reads a JSON document in pieces: the items of an array or object in it, one after the other.

The memory that it takes is that of the largest item. https://datatracker.ietf.org/doc/html/rfc8259
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

_BLANK = re.compile(r"[ \t\n\r]*")
_STRUCTURE = re.compile(r'["{}\[\]]')
_STRING_END = re.compile(r'["\\]')
_COMPACT_CHARS = 1 << 20
_OF_NUMBERS = frozenset("0123456789.eE+-")


class NotIterableError(Exception):
    """The document, or what a pointer leads to, is neither an array nor an object."""


def _reject(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


class JsonStream:
    """A JSON text that is read from pieces as it is needed. All methods raise ValueError for what is no JSON."""

    def __init__(self, pieces: Iterator[str]) -> None:
        """Take the pieces as they are needed."""
        self._pieces, self._text, self._at, self._ended = pieces, "", 0, False
        self._decoder = json.JSONDecoder(parse_constant=_reject)

    def find(self, pointer: str) -> None:
        """Go to the value that a JSON pointer names: https://datatracker.ietf.org/doc/html/rfc6901. Raises KeyError."""
        for token in pointer.split("/")[1:]:
            self._enter(token.replace("~1", "/").replace("~0", "~"))

    def items(self) -> Iterator[tuple[str | None, Any]]:
        """Keys, None in an array, and values from here on. Raises NotIterableError."""
        opened = self._peek()
        if opened not in "[{" or not opened:
            raise NotIterableError
        self._at += 1
        closing = "]" if opened == "[" else "}"
        while self._peek() != closing:
            key = self._key() if opened == "{" else None
            yield key, self._value()
            self._separator(closing)
        self._at += 1

    def _enter(self, token: str) -> None:
        opened = self._peek()
        if opened not in "[{" or not opened:
            raise KeyError(token)
        self._at += 1
        closing, number = ("]" if opened == "[" else "}"), 0
        while self._peek() != closing:
            key = self._key() if opened == "{" else str(number)
            if key == token:
                return
            self._skip()
            self._separator(closing)
            number += 1
        raise KeyError(token)

    def _key(self) -> str:
        key = self._value()
        if not isinstance(key, str) or self._peek() != ":":
            raise ValueError("an object has a member without a name")
        self._at += 1
        return key

    def _separator(self, closing: str) -> None:
        found = self._peek()
        if found == ",":
            self._at += 1
            if self._peek() == closing:
                raise ValueError("a comma is followed by nothing")
        elif found != closing:
            raise ValueError(f"',' or '{closing}' is missing" if found else "the document ends too early")

    def _value(self) -> Any:
        """The next value; read again with twice as much text as long as it is not whole."""
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except ValueError:
                if self._ended:
                    raise
            else:
                if self._ended or not self._may_go_on(end):
                    self._at = end
                    return value
            self._fill(2 * (len(self._text) - self._at))

    def _may_go_on(self, end: int) -> bool:
        """Whether what ends there may be part of a number: `0.` reads as 0, and `1` at the end of a piece as 1."""
        return self._text[end - 1].isdigit() and (end == len(self._text) or self._text[end] in _OF_NUMBERS)

    def _skip(self) -> None:
        """Go behind the next value without keeping it."""
        if self._peek() not in '"[{':
            self._value()
            return
        depth = 0
        while True:
            found = self._next(_STRUCTURE)
            if found == '"':
                self._skip_string()
            else:
                depth += 1 if found in "[{" else -1
            if depth == 0:
                return

    def _skip_string(self) -> None:
        while self._next(_STRING_END) == "\\":
            if self._at >= len(self._text):
                self._fill(1)
            self._at += 1

    def _next(self, pattern: re.Pattern[str]) -> str:
        """Go behind the next match, and return it."""
        while True:
            found = pattern.search(self._text, self._at)
            if found:
                self._at = found.end()
                return found.group()
            if self._ended:
                raise ValueError("the document ends too early")
            self._at = len(self._text)
            self._fill(1)

    def _peek(self) -> str:
        """The next character that is no blank; "" at the end."""
        while True:
            blank = _BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._fill(1)

    def _fill(self, chars: int) -> None:
        """Have at least that many characters from here on, if there are."""
        if self._at > _COMPACT_CHARS or self._at == len(self._text):
            self._text, self._at = self._text[self._at :], 0
        parts, have = [self._text[self._at :]], len(self._text) - self._at
        while have < chars or have == 0 or len(parts) == 1:
            piece = next(self._pieces, None)
            if piece is None:
                self._ended = True
                break
            parts.append(piece)
            have += len(piece)
        self._text, self._at = "".join(parts), 0
