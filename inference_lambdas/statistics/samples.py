"""Evenly spaced samples of a stream whose length is not known before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class EvenSample:
    """Every stride-th item of a stream of tuples; at most `limit`, as the stride doubles when there would be more.

    Which items are kept depends on their indexes alone, not on how they came in batches.
    """

    def __init__(self, limit: int, stride: int = 1, state: dict[str, Any] | None = None) -> None:
        state = state or {}
        self._limit = limit
        self.stride: int = state.get("stride", stride)
        self.items: list[tuple[float, ...]] = list(map(tuple, state.get("items", ())))

    def add(self, first: int, items: Sequence[tuple[float, ...]]) -> None:
        """Add consecutive items, of which the first has the index `first`."""
        self.items.extend(items[-first % self.stride :: self.stride])
        while len(self.items) > self._limit:
            self.stride *= 2
            self.items = self.items[::2]

    def to_json(self) -> dict[str, Any]:
        return {"stride": self.stride, "items": list(map(list, self.items))}
