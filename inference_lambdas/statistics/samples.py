"""Evenly spaced samples of a stream whose length is not known before."""

from __future__ import annotations

from collections.abc import Sequence


class EvenSample:
    """Every stride-th item of a stream of tuples; at most `limit`, as the stride doubles when there would be more.

    Which items are kept depends on their indexes alone, not on how they came in batches.
    """

    def __init__(self, limit: int, stride: int = 1) -> None:
        self._limit = limit
        self.stride = stride
        self.items: list[tuple[float, ...]] = []

    def add(self, first: int, items: Sequence[tuple[float, ...]]) -> None:
        """Add consecutive items, of which the first has the index `first`."""
        self.items.extend(items[-first % self.stride :: self.stride])
        while len(self.items) > self._limit:
            self.stride *= 2
            self.items = self.items[::2]
