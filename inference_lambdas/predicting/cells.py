"""Single columns of CSV rows, as numbers or as texts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from inference_lambdas.predicting.quoting import value


def cells(rows: Sequence[bytes], columns: Sequence[int]) -> list[Sequence[float | None]]:
    """Return the numbers in some columns of CSV rows, column by column; None for what is no finite number.

    The rows have as many columns each. An empty cell and nan are missing values, where the algorithm takes them.
    """
    return list(map(numbers_of, written_cells(rows, columns)))


def written_cells(rows: Sequence[bytes], columns: Sequence[int]) -> list[list[bytes]]:
    """Return some columns of CSV rows that have as many columns each, as they are written."""
    if not (rows and columns):
        return [[] for _ in columns]
    width = rows[0].count(b",") + 1
    # From the nearer end, and no further than needed: what is split off costs the most.
    if sum(min(column + 1, width - column) for column in columns) < width:
        return [_column(rows, column, width) for column in columns]
    split = [row.split(b",", max(columns) + 1) for row in rows]
    return [[parts[column] for parts in split] for column in columns]


def _column(rows: Sequence[bytes], column: int, width: int) -> list[bytes]:
    left, right = column + 1, width - column
    if left <= right:
        return [row.split(b",", left)[column] for row in rows]
    return [row.rsplit(b",", right)[-right] for row in rows]


def numbers_of(texts: Sequence[bytes]) -> Sequence[float | None]:
    """Return the numbers in cells as they are written; None for what is no finite number."""
    try:
        numbers = list(map(float, texts))
    except ValueError:
        numbers = list(map(_number, texts))
    # The sum is finite if all numbers are, unless they are huge.
    if math.isfinite(sum(numbers)):
        return numbers
    return [number if math.isfinite(number) else None for number in numbers]


def _number(text: bytes) -> float:
    try:
        return float(value(text))
    except ValueError:
        return math.nan
