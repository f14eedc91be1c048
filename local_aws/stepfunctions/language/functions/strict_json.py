"""JSON as strictly as AWS reads it: no name twice in an object, no NaN, no number beyond a double."""

from __future__ import annotations

import json
import math
from typing import Any


def parse_strictly(text: str) -> Any:
    """Read JSON text. Raises ValueError, or RecursionError where it is nested too deeply."""
    return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("A name stands twice in an object")
    return made


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _float(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is too large a number")
    return number
