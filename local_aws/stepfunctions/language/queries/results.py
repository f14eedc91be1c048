"""The results of expressions as JSON, and as text."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any, Final

from local_aws.stepfunctions.jsonata import JException, Utils

_INT64: Final = range(-(1 << 63), 1 << 63)
_FRACTION: Final = re.compile(r"\d[.e][-+\d]|NaN|Infinity|\d{19}")
"""Numbers that Python may write otherwise than JavaScript; a match inside a string costs time alone."""


class UnsupportedResultError(Exception):
    """A result is no JSON, such as a function."""


def plain(raw: Any) -> Any:
    """A result as JSON: whole numbers as integers up to 64 bits, infinities by name (observed on AWS).

    Raises UnsupportedResultError.
    """
    if raw is None or isinstance(raw, str | bool):
        return raw
    if isinstance(raw, int):
        return raw if raw in _INT64 else float(raw)
    if isinstance(raw, float):
        return _number(raw)
    if isinstance(raw, list):
        return [plain(item) for item in raw]
    if isinstance(raw, dict):
        return {name: plain(item) for name, item in raw.items()}
    if raw is Utils.NULL_VALUE:
        return None
    raise UnsupportedResultError


def _number(raw: float) -> Any:
    if not math.isfinite(raw):
        return "NaN" if math.isnan(raw) else "Infinity" if raw > 0 else "-Infinity"
    return int(raw) if raw.is_integer() and int(raw) in _INT64 else raw


def text_of(value: Any, pretty: Any = None) -> str | None:
    """What `$string` and `&` make of a value: strings as they are, everything else as JSON.

    Raises JException D3001 for what JSON cannot hold.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | dict) and pretty is not True:
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_no_json)
        if not _FRACTION.search(written):
            return written
    return _text(value, "  " if pretty is True else "", "")


def _no_json(value: Any) -> Any:
    return None if value is Utils.NULL_VALUE else ""


def _text(value: Any, indent: str, margin: str) -> str:
    if isinstance(value, bool) or value is None or value is Utils.NULL_VALUE:
        return "null" if value is None or value is Utils.NULL_VALUE else str(value).lower()
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, list):
        return _wrap([_text(item, indent, margin + indent) for item in value], "[]", indent, margin)
    if isinstance(value, dict):
        between = ": " if indent else ":"
        members = [f"{_quote(name)}{between}{_text(item, indent, margin + indent)}" for name, item in value.items()]
        return _wrap(members, "{}", indent, margin)
    return _quote(value) if isinstance(value, str) else '""'  # a function


def _wrap(items: list[str], brackets: str, indent: str, margin: str) -> str:
    if not items or not indent:
        return brackets[0] + ",".join(items) + brackets[1]
    inside = f",\n{margin}{indent}".join(items)
    return f"{brackets[0]}\n{margin}{indent}{inside}\n{margin}{brackets[1]}"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def number_text(number: float) -> str:
    """A number as JavaScript writes it; fractions have 15 significant digits.

    https://tc39.es/ecma262/#sec-numeric-types-number-tostring
    """
    if isinstance(number, int) and number in _INT64:
        return str(number)
    value = float(number)
    if not math.isfinite(value):
        raise JException("D3001", -1)
    exact = Decimal(repr(value if value.is_integer() else float(f"{value:.15g}")))
    if exact == 0 or -7 < exact.adjusted() < 21:
        return format(exact, "f").removesuffix(".0")
    sign, digits, _ = exact.as_tuple()
    written = "".join(map(str, digits)).rstrip("0")
    mantissa = f"{written[0]}.{written[1:]}" if len(written) > 1 else written
    return f"{'-' if sign else ''}{mantissa}e{exact.adjusted():+d}"
