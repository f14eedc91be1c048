"""Which rows stand for all: every n-th one, so that it never matters how rows come in batches."""

from __future__ import annotations

import math
from collections.abc import Sequence

from inference_lambdas.predicting.rows import split_rows

# The length of a row is estimated from this many bytes at the beginning of the channel.
HEAD_BYTES = 64 * 1024
# A sample of this size gives shares to well below a per cent.
DRIFT_ROWS = 100_000
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def estimated_rows(head: bytes, total_bytes: int, max_rows: int | None) -> int:
    """Return about how many rows a channel of `total_bytes` has that begins with `head`; at least 1."""
    rows = len(split_rows(head[: head.rfind(b"\n") + 1])) or 1
    estimate = math.ceil(total_bytes * rows / (len(head) or 1))
    return max(1, estimate if max_rows is None else min(estimate, max_rows))


def stride_for(rows: int, most: int) -> int:
    """Return the least stride that takes at most `most` of `rows` rows."""
    return max(1, math.ceil(rows / most))


def scattered(rows: Sequence[bytes], first: int, stride: int) -> Sequence[bytes]:
    """Return about every `stride`-th row, at most; `first` is the number of the first of them.

    The spacing is irrational: a file in which rows repeat in a cycle, hours of a day or a sample that was written
    several times, would be seen at a few points of the cycle only by a spacing that has a divisor in common with it.
    """
    if stride == 1:
        return rows
    spacing = stride + _GOLDEN
    number = int(first / spacing)
    while int(number * spacing) < first:
        number += 1
    places = map(int, map(spacing.__mul__, range(number, number + math.ceil(len(rows) / spacing) + 1)))
    return [rows[place - first] for place in places if place - first < len(rows)]
