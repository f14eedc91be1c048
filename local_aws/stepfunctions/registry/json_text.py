"""JSON that a caller gives as text, and what AWS says of text that is none.

AWS reads it with Jackson, whose sentences it passes on (observed on AWS).
"""

from __future__ import annotations

import json
import re
from typing import Any

_WORD = re.compile(r"[^\W\d][\w$]*")
_WORDS = frozenset({"null", "true", "false"})
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def read(text: str) -> Any:
    """The value. Raises ValueError with AWS's sentence."""
    if not text.strip():
        raise ValueError("empty")
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(_sentence(text, error)) from None
    except RecursionError:
        raise ValueError("Document nesting depth exceeds the maximum allowed") from None


def _refuse(word: str) -> None:
    raise ValueError(_unrecognized(word))


def _unrecognized(word: str) -> str:
    return f"Unrecognized token '{word}': was expecting {_VALUES}"


_EXPECTED = {
    "Expecting property name": "was expecting double-quote to start field name",
    "Expecting ':'": "was expecting a colon to separate field name and value",
    "Expecting ','": "was expecting comma to separate entries",
}


def _sentence(text: str, error: json.JSONDecodeError) -> str:
    at = text[error.pos :].lstrip()
    if not at:
        return "Unexpected end-of-input"
    for beginning, expected in _EXPECTED.items():
        if error.msg.startswith(beginning):
            return f"{_unexpected(at)}: {expected}"
    word = _word(at)
    if word:
        return _unrecognized(word)
    if error.msg.startswith("Expecting value"):
        return f"{_unexpected(at)}: expected a valid value {_VALUES}"
    return f"{error.msg} (line {error.lineno}, column {error.colno})"


def _word(at: str) -> str:
    """The bare word at a place, if it is one that JSON does not have."""
    found = _WORD.match(at)
    return "" if found is None or found[0] in _WORDS else found[0]


def _unexpected(at: str) -> str:
    return f"Unexpected character ('{at[0]}' (code {ord(at[0])}))"
