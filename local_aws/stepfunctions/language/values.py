"""JSON values as Python holds them: their types and their text.

AWS writes JSON compactly, keeps the order of keys and leaves non-ASCII characters as they are; floating-point numbers
look as Java writes them (`1.0E7`). Observed on AWS.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

_ENCODE: Final[Callable[[Any], str]] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_PYTHON_ONLY: Final = re.compile(r"\de[-+]?\d|\d{8}\.\d|0\.000|NaN|Infinity|\\u00[01][0-9a-f]")
"""What Python writes otherwise than Java; the expression may also match inside strings, which costs time alone."""


def json_text(value: Any) -> str:
    """A JSON value as AWS writes it into histories and into messages."""
    text = _ENCODE(value)
    return _exact(value) if _PYTHON_ONLY.search(text) else text


def _exact(value: Any) -> str:
    if isinstance(value, float):
        return java_double(value) if math.isfinite(value) else f'"{java_double(value)}"'
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_string(key)}:{_exact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_exact, value)) + "]"
    return _ENCODE(value)


def _string(text: str) -> str:
    # Java's hexadecimal digits are capitals; an escaped backslash before `u00` is matched first and stays.
    return re.sub(r"\\\\|\\u00[01][0-9a-f]", _capitals, _ENCODE(text))


def _capitals(found: re.Match[str]) -> str:
    text = found.group()
    return text if text == "\\\\" else "\\u" + text[2:].upper()


def java_double(number: float) -> str:
    """A double as Java's Double.toString writes it: https://docs.oracle.com/javase/8/docs/api/java/lang/Double.html."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        text = format(Decimal(repr(number)), "f")
        return text if "." in text else f"{text}.0"
    sign, digits, _ = Decimal(repr(number)).as_tuple()
    written = "".join(map(str, digits)).rstrip("0") or "0"
    return f"{'-' if sign else ''}{written[0]}.{written[1:] or '0'}E{Decimal(repr(number)).adjusted()}"


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    """Whether a JSON value is a whole number; 3.0 is one."""
    return is_number(value) and float(value).is_integer()


def kind(value: Any) -> str:
    """The type of a JSON value, in the words of JSONata's `$type`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if is_number(value):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 equals 1.0, but not true."""
    if kind(one) != kind(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    return bool(one == other)
