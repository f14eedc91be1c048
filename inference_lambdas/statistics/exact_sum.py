"""Sums of floats without rounding between the terms."""

from __future__ import annotations

import math
from collections.abc import Iterable


class ExactSum:
    """The exact sum of all that was added, held as a few floats that do not overlap.

    Neither the order nor the grouping of the terms changes it, bit by bit. It is held as one of Shewchuk's expansions
    (https://doi.org/10.1007/PL00009321), drawn from math.fsum, which rounds the exact sum of its terms once.
    """

    def __init__(self, parts: Iterable[float] = ()) -> None:
        self._parts = list(parts)

    def add(self, values: Iterable[float]) -> None:
        """Add finite values; a sum too large for a float becomes and stays infinite."""
        terms = [*self._parts, *values]
        try:
            self._parts = _expansion(terms)
        except (OverflowError, ValueError):
            self._parts = [math.inf]

    @property
    def value(self) -> float:
        """The sum, rounded once."""
        return math.fsum(self._parts)

    @property
    def parts(self) -> list[float]:
        """The state, from the largest part to the smallest."""
        return list(self._parts)


def _expansion(terms: list[float]) -> list[float]:
    parts: list[float] = []
    while rounded := math.fsum(terms):
        if not math.isfinite(rounded):
            return [math.inf]
        parts.append(rounded)
        terms.append(-rounded)
    return parts
