"""Latencies of invocations in constant memory."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

# Bounds of neighbouring buckets differ by one per cent, so percentiles are at most one per cent too high.
RESOLUTION = 0.01
_STEP = math.log1p(RESOLUTION)
_FLOOR_MS = 0.01


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

    @property
    def invocations(self) -> int:
        return self._buckets.total()

    def to_json(self) -> dict[str, Any]:
        return {"buckets": [list(item) for item in sorted(self._buckets.items())], "max_ms": self._max_ms}
