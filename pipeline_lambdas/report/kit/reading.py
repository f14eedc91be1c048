"""Reads values from JSON documents, any part of which may be missing or null."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]
# Greater numbers cannot be drawn: their distances are infinite.
_LARGEST = 1e150


def at(document: Any, *path: str) -> Any:
    """Return the value at the path, None if any part of it is missing."""
    for name in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(name)
    return document


def mapping(document: Any, *path: str) -> Document:
    found = at(document, *path)
    return found if isinstance(found, Mapping) else {}


def items(document: Any, *path: str) -> list[Any]:
    found = at(document, *path)
    return found if isinstance(found, list) else []


def documents(document: Any, *path: str) -> list[Document]:
    """Return the objects of a list; skip other items."""
    return [item for item in items(document, *path) if isinstance(item, Mapping)]


def number(document: Any, *path: str) -> float | None:
    """Return a finite number that can be drawn; None for anything else."""
    found = at(document, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if abs(found) <= _LARGEST and math.isfinite(found) else None


def count(document: Any, *path: str) -> int | None:
    found = number(document, *path)
    return None if found is None else int(found)


def string(document: Any, *path: str) -> str:
    """Return a text, or a number as text; empty if it is missing."""
    found = at(document, *path)
    return "" if found is None or isinstance(found, Mapping | list) else str(found)


def points(document: Any, *path: str) -> list[tuple[float, float]]:
    """Return the pairs of numbers of a list; skip other items."""
    pairs = [item for item in items(document, *path) if isinstance(item, list) and len(item) == 2]
    read = [(number(first), number(second)) for first, second in pairs]
    return [(first, second) for first, second in read if first is not None and second is not None]
