"""Latencies of invocations in constant memory."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

# Bounds of neighbouring buckets differ by one per cent, so percentiles are at most one per cent too high.
RESOLUTION = 0.01
_STEP = math.log1p(RESOLUTION)
_FLOOR_MS = 0.01
_BUCKETS_PER_BIN = 10


class Latencies:
    """A histogram on a logarithmic scale, with the exact maximum."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        state = state or {}
        self._buckets: Counter[int] = Counter(dict(state.get("buckets", ())))
        self._max_ms: float = state.get("max_ms", 0.0)

    def add(self, milliseconds: float) -> None:
        self._buckets[math.ceil(math.log(max(milliseconds, _FLOOR_MS)) / _STEP)] += 1
        self._max_ms = max(self._max_ms, milliseconds)

    def percentile(self, percent: int) -> float | None:
        """Return the nearest-rank percentile in milliseconds; None without a value."""
        total = self._buckets.total()
        rank, seen = math.ceil(total * percent / 100), 0
        for index in sorted(self._buckets):
            seen += self._buckets[index]
            if seen >= rank:
                return min(math.exp(index * _STEP), self._max_ms)
        return None

    def values(self) -> dict[str, float | None]:
        """Return the percentiles under the names that gates use, and the maximum."""
        return {
            "latency_p50_ms": self.percentile(50),
            "latency_p95_ms": self.percentile(95),
            "latency_p99_ms": self.percentile(99),
            "latency_max_ms": self._max_ms if self._buckets else None,
        }

    def histogram(self) -> list[dict[str, float | int]]:
        """Return how many invocations took from `low_ms` up to `high_ms`, in neighbouring bins of some ten per cent."""
        counts: Counter[int] = Counter()
        for index, count in self._buckets.items():
            counts[(index - 1) // _BUCKETS_PER_BIN] += count
        width = _STEP * _BUCKETS_PER_BIN
        return [
            {"low_ms": math.exp(number * width), "high_ms": math.exp((number + 1) * width), "count": counts[number]}
            for number in range(min(counts, default=0), max(counts, default=-1) + 1)
        ]

    @property
    def invocations(self) -> int:
        return self._buckets.total()

    def to_json(self) -> dict[str, Any]:
        return {"buckets": [list(item) for item in sorted(self._buckets.items())], "max_ms": self._max_ms}
