"""Evenly spaced samples of a stream whose length is not known before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class EvenSample:
    """Every stride-th item of a stream; at most `limit`, as the stride doubles when there would be more.

    An item is a tuple of what the stream's columns have there. Which items are kept depends on their indexes alone, not
    on how they came in batches.
    """

    def __init__(self, limit: int, stride: int = 1) -> None:
        self._limit = limit
        self.stride = stride
        self.items: list[tuple[Any, ...]] = []

    def add(self, first: int, *columns: Sequence[Any]) -> None:
        """Add consecutive items, of which the first has the index `first`: columns of the same length."""
        self.items.extend(zip(*(column[-first % self.stride :: self.stride] for column in columns), strict=True))
        while len(self.items) > self._limit:
            self.stride *= 2
            self.items = self.items[::2]
