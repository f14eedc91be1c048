"""Sums per group of consecutive rows: what a bootstrap resamples when there are too many rows to keep."""

from __future__ import annotations

from collections.abc import Sequence

from inference_lambdas.statistics.exact_sum import ExactSum

LIMIT = 1024


class GroupSums:
    """Sums of `width` quantities per group of consecutive rows, in at most `LIMIT` groups.

    A group is one row at first. Whenever all groups are full and another row comes, neighbours merge and groups
    are twice as large from then on, so that there are more than half of LIMIT. All groups have the same number of
    rows, except for the last one.

    How rows are grouped depends on their number alone. A group's sum is exact until the group is complete and is
    rounded once then; merging adds two rounded sums. So nothing depends on how rows came in batches, and neither
    do the totals, which are exact sums of all rows.
    """

    def __init__(self, width: int) -> None:
        self._size = 1
        self._groups: list[list[float]] = [[] for _ in range(width)]
        self._open_rows = 0
        # Of the group under way, and of all groups before it.
        self._open = [ExactSum() for _ in range(width)]
        self._closed = [ExactSum() for _ in range(width)]

    @property
    def rows(self) -> int:
        return self._size * len(self._groups[0]) + self._open_rows

    @property
    def totals(self) -> list[float]:
        """The sum of each quantity over all rows, rounded once; infinite where it is too large for a float."""
        totals = []
        for closed, under_way in zip(self._closed, self._open, strict=True):
            total = ExactSum(closed.parts)
            total.add(under_way.parts)
            totals.append(total.value)
        return totals

    def columns(self) -> list[list[float]]:
        """Return the groups' numbers of rows, and then their sums of each quantity."""
        columns = [[float(self._size)] * len(self._groups[0]), *map(list, self._groups)]
        if self._open_rows:
            columns[0].append(float(self._open_rows))
            for column, under_way in zip(columns[1:], self._open, strict=True):
                column.append(under_way.value)
        return columns

    def add(self, *columns: Sequence[float]) -> None:
        """Add rows: one column of finite values per quantity, all of the same length."""
        start, rows = 0, len(columns[0])
        while start < rows:
            if len(self._groups[0]) == LIMIT:
                self._merge_neighbours()
            end = min(rows, start + self._size - self._open_rows)
            if self._size == 1:
                end = min(rows, start + LIMIT - len(self._groups[0]))
                self._append_rows([column[start:end] for column in columns])
            else:
                self._fill([column[start:end] for column in columns])
            start = end

    def _append_rows(self, columns: list[Sequence[float]]) -> None:
        for groups, closed, column in zip(self._groups, self._closed, columns, strict=True):
            groups.extend(column)
            closed.add(column)

    def _fill(self, columns: list[Sequence[float]]) -> None:
        for under_way, column in zip(self._open, columns, strict=True):
            under_way.add(column)
        self._open_rows += len(columns[0])
        if self._open_rows == self._size:
            for groups, closed, under_way in zip(self._groups, self._closed, self._open, strict=True):
                groups.append(under_way.value)
                closed.add(under_way.parts)
            self._open = [ExactSum() for _ in self._open]
            self._open_rows = 0

    def _merge_neighbours(self) -> None:
        self._groups = [[left + right for left, right in zip(*[iter(sums)] * 2, strict=True)] for sums in self._groups]
        self._size *= 2
