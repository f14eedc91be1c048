"""Which rows stand for all: every so many-th one, so that it never matters how rows come in batches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

from inference_lambdas.rows import split_rows

# The length of a row is taken from so many bytes at the beginning of the channel.
HEAD_BYTES = 64 * 1024
# Shares of so many rows are known to well below a per cent.
DRIFT_ROWS = 100_000


def estimated_rows(head: bytes, total_bytes: int, max_rows: int | None) -> int:
    """Return about how many rows a channel of `total_bytes` has that begins with `head`; at least 1."""
    rows = len(split_rows(head[: head.rfind(b"\n") + 1])) or 1
    estimate = math.ceil(total_bytes * rows / (len(head) or 1))
    return max(1, estimate if max_rows is None else min(estimate, max_rows))


def stride_for(rows: int, most: int) -> int:
    """Return the least stride that takes at most `most` of `rows` rows."""
    return max(1, math.ceil(rows / most))


def taken(rows: Sequence[bytes], first: int, stride: int) -> Sequence[bytes]:
    """Return the rows whose number is a multiple of `stride`; `first` is the number of the first."""
    return rows if stride == 1 else rows[-first % stride :: stride]


class RowSample:
    """Raw rows, evenly spaced over all that were added, at most `limit` of them.

    Every row is taken until there are too many; then every second one is dropped, and the stride doubles.
    """

    def __init__(self, limit: int, state: dict[str, Any] | None = None) -> None:
        state = state or {}
        self._limit = limit
        self._stride: int = state.get("stride", 1)
        self.rows: list[bytes] = [row.encode("latin-1") for row in state.get("rows", ())]

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """Return the sample of a stored state."""
        return cls(state["limit"], state)

    def add(self, first: int, rows: Sequence[bytes]) -> None:
        """Add consecutive rows, the first of which has the number `first`."""
        self.rows += taken(rows, first, self._stride)
        while len(self.rows) > self._limit:
            self._stride *= 2
            self.rows = self.rows[::2]

    def to_json(self) -> dict[str, Any]:
        rows = [row.decode("latin-1") for row in self.rows]
        return {"limit": self._limit, "stride": self._stride, "rows": rows}
