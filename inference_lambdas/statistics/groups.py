"""Sums per group of consecutive rows: what a bootstrap resamples when there are too many rows to keep."""

from __future__ import annotations

import math
from collections.abc import Sequence

LIMIT = 1024


def total(values: Sequence[float]) -> float:
    """Return the sum, rounded once; infinite where it is too large for a float."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return math.inf


class GroupSums:
    """Sums of `width` quantities per group of consecutive rows, in at most `LIMIT` groups.

    A group is one row at first. Whenever all groups are full and another row comes, neighbours merge and groups
    are twice as large from then on, so that there are more than half of LIMIT. All groups have the same number of
    rows, except for the last one.

    How rows are grouped depends on their number alone. The rows of a group that is not complete are kept; a group's
    sum is rounded once, merging adds two rounded sums, and a total is the sum of the groups'. So nothing depends on how
    rows came in batches.
    """

    def __init__(self, width: int) -> None:
        self._size = 1
        self._groups: list[list[float]] = [[] for _ in range(width)]
        self._open: list[Sequence[float]] = [()] * width

    @property
    def rows(self) -> int:
        return self._size * len(self._groups[0]) + len(self._open[0])

    @property
    def totals(self) -> list[float]:
        """The sum of each quantity over all rows, infinite where it is too large for a float."""
        return [total(column) for column in self.columns()[1:]]

    def columns(self) -> list[list[float]]:
        """Return the groups' numbers of rows, and then their sums of each quantity."""
        columns = [[float(self._size)] * len(self._groups[0]), *map(list, self._groups)]
        if self._open[0]:
            columns[0].append(float(len(self._open[0])))
            for column, under_way in zip(columns[1:], self._open, strict=True):
                column.append(total(under_way))
        return columns

    def add(self, *columns: Sequence[float]) -> None:
        """Add rows: one column of finite values per quantity, all of the same length."""
        waiting = [[*held, *column] for held, column in zip(self._open, columns, strict=True)]
        start, rows = 0, len(waiting[0])
        while start < rows:
            if len(self._groups[0]) == LIMIT:
                self._merge_neighbours()
            size = self._size
            places = range(start, rows - size + 1, size)[: LIMIT - len(self._groups[0])]
            if not places:
                break
            for groups, column in zip(self._groups, waiting, strict=True):
                groups += [total(column[place : place + size]) for place in places]
            start = places[-1] + size
        self._open = [column[start:] for column in waiting]

    def _merge_neighbours(self) -> None:
        self._groups = [[left + right for left, right in zip(*[iter(sums)] * 2, strict=True)] for sums in self._groups]
        self._size *= 2
