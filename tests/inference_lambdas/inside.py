"""What an accumulator holds, as plain data: to compare two, or to count its numbers."""

from __future__ import annotations

from typing import Any


def held(value: Any) -> Any:
    """Return numbers, texts and containers as they are, and any object as its attributes."""
    if isinstance(value, dict):
        return {key: held(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [held(item) for item in value]
    return held(vars(value)) if hasattr(value, "__dict__") and not callable(value) else value


def numbers_in(value: Any) -> int:
    """Count what `held` returns."""
    if isinstance(value, dict):
        # A count's key takes as much as the count.
        return sum(numbers_in(item) + (not isinstance(key, str)) for key, item in value.items())
    return sum(map(numbers_in, value)) if isinstance(value, list) else 1
