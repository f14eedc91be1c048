"""Population stability index (PSI) of each column: how far the tested rows have moved from the training rows.

It is the sum over bins of (share - reference share) * ln(share / reference share), as in scorecard monitoring: see
Yurdakul and Naranjo (2020), Statistical properties of the population stability index,
https://doi.org/10.21314/JRMV.2020.227. Of two samples of one distribution it comes to about
(bins - 1) * (1 / rows + 1 / reference rows), so small test sets need a bound well above that.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from inference_lambdas.judging.reference import Reference
from inference_lambdas.predicting.cells import numbers_of, written_cells
from inference_lambdas.predicting.quoting import values
from inference_lambdas.statistics.sampling import scattered

# Smaller shares count as this one: of an empty bin the logarithm has no value, and one row must not decide.
FLOOR = 0.0001
_BINS = 10
# Up to this many different values, each seen several times, are bins of their own.
_MOST_VALUES = 20
_TIMES_SEEN = 5


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column's result; `psi` is None if one of the two has no rows."""

    column: str
    psi: float | None
    bins: list[dict[str, Any]]


Limits = tuple[str, float | None, float | None]
"""A bin's label, and its bounds where it has any."""
_OTHER: Limits = ("other", None, None)
_MISSING: Limits = ("missing", None, None)


class _Bins:
    """The counts of both sides in the bins of one column, the last of which is for missing values."""

    def __init__(self, limits: list[Limits]) -> None:
        self._limits = limits
        self._counts = self._reference = [0] * len(limits)

    def psi(self) -> float | None:
        """Return the index over all bins; None without rows on one side."""
        if not sum(self._reference) or not sum(self._counts):
            return None
        pairs = [(max(a, FLOOR), max(b, FLOOR)) for a, b in zip(*self._shares(), strict=True)]
        return math.fsum([(share - reference) * math.log(share / reference) for reference, share in pairs])

    def bins(self) -> list[dict[str, Any]]:
        """Return the bins for the document, but those of other and missing values only where there are any.

        A range holds values from `low` on and below `high`; of a single number both are that number.
        """
        return [
            {"label": limits[0], "low": limits[1], "high": limits[2], "reference_share": reference, "share": share}
            for limits, reference, share in zip(self._limits, *self._shares(), strict=True)
            if reference or share or limits not in (_OTHER, _MISSING)
        ]

    def _shares(self) -> tuple[list[float], list[float]]:
        return _shares(self._reference), _shares(self._counts)


class ColumnBins(_Bins):
    """Bins of a column of numbers by its reference values.

    Of ranges each begins at an edge, the first below all. Of single values one more bin is for other values. The last
    bin is for missing values.
    """

    def __init__(self, values: Sequence[float], missing: int) -> None:
        """Make the bins from the values of the reference, which are finite, and the number of missing ones."""
        self._single, self._edges = _edges(array("d", sorted(values)))
        self._numbers = {value: number for number, value in enumerate(self._edges)}
        super().__init__(_limits(self._edges, single=self._single))
        self.add(values)
        self._reference = [*self._counts[:-1], missing]
        self._counts = [0] * len(self._counts)

    def add(self, values: Sequence[float | None]) -> None:
        """Count values; None is a missing one."""
        missing = len(self._counts) - 1
        present = [value for value in values if value is not None]
        self._counts[missing] += len(values) - len(present)
        if self._single:
            places = map(self._numbers.get, present, repeat(missing - 1))
        else:
            places = map(bisect_right, repeat(self._edges), present)
        for place, count in Counter(places).items():
            self._counts[place] += count


class CategoryBins(_Bins):
    """A bin for each of the most frequent categories of the reference, and one for all others."""

    def __init__(self, categories: Counter[bytes], missing: int) -> None:
        """Make the bins from how often each category is in the reference, and the number of missing ones."""
        most = sorted(categories.items(), key=lambda item: (-item[1], item[0]))[:_MOST_VALUES]
        self._places = {category: place for place, (category, _) in enumerate(most)}
        super().__init__([*((name.decode(errors="replace"), None, None) for name, _ in most), _OTHER, _MISSING])
        counts = [count for _, count in most]
        self._reference = [*counts, categories.total() - sum(counts), missing]

    def add(self, texts: Sequence[bytes]) -> None:
        """Count categories; an empty one is missing."""
        other = len(self._counts) - 2
        for text, count in Counter(texts).items():
            self._counts[self._places.get(text, other) if text else other + 1] += count


class Drift:
    """The bins of all columns; rows are taken by a stride, so that a large test set costs no more than a part of it."""

    def __init__(
        self,
        columns: Sequence[str],
        places: Sequence[int],
        reference: Reference,
        stride: int,
        left_out: Sequence[str] = (),
    ) -> None:
        """Make the bins from the reference; of the tested rows about every `stride`-th is counted.

        `places` are where the columns stand in a row; `left_out` are columns that cannot be compared.
        """
        self._left_out = list(left_out)
        self._columns, self._places, self._stride = columns, places, stride
        self._rows = 0
        self._reference_rows, self._reference_sampled = reference.rows, reference.sampled
        self._bins = [
            CategoryBins(values, missing) if isinstance(values, Counter) else ColumnBins(values, missing)
            for values, missing in zip(reference.values, reference.missing, strict=True)
        ]

    def add(self, first: int, rows: Sequence[bytes]) -> None:
        """Count raw rows, the first of which has the number `first`."""
        chosen = scattered(rows, first, self._stride)
        self._rows += len(chosen)
        for bins, cells in zip(self._bins, written_cells(chosen, self._places), strict=True):
            if isinstance(bins, CategoryBins):
                bins.add(values(cells))
            else:
                bins.add(numbers_of(cells))

    def results(self) -> list[ColumnDrift]:
        """Return each column's index and bins."""
        return [
            ColumnDrift(column, bins.psi(), bins.bins()) for column, bins in zip(self._columns, self._bins, strict=True)
        ]

    def document(self) -> dict[str, Any]:
        """Return the results as the evaluation's document has them."""
        return {
            "reference": "train",
            "reference_rows": self._reference_rows,
            "rows": self._rows,
            "sampled": self._reference_sampled or self._stride > 1,
            "columns": [{"column": found.column, "psi": found.psi, "bins": found.bins} for found in self.results()],
            "left_out": self._left_out,
        }


def _edges(ordered: Sequence[float]) -> tuple[bool, list[float]]:
    """Return whether single values are bins, and these values or the edges between ranges."""
    values: list[float] = []
    for value in ordered:
        if not values or value != values[-1]:
            values.append(value)
            if len(values) > _MOST_VALUES:
                break
    if len(values) <= _MOST_VALUES and len(ordered) >= _TIMES_SEEN * len(values):
        return True, values
    if not ordered:
        return False, []
    quantiles = {ordered[len(ordered) * number // _BINS] for number in range(1, _BINS)}
    # Nothing of the reference would be below its least value.
    return False, sorted(quantiles - {ordered[0]})


def _limits(edges: Sequence[float], *, single: bool) -> list[Limits]:
    """The bins of numbers; those of ranges have none for other values, so theirs of that kind stays empty."""
    if single:
        return [*((f"{value:.15g}", value, value) for value in edges), _OTHER, _MISSING]
    if not edges:
        return [("all", None, None), _MISSING]
    texts = [f"{edge:.6g}" for edge in edges]
    between: list[Limits] = [
        (f"{texts[number]} to {texts[number + 1]}", low, edges[number + 1]) for number, low in enumerate(edges[:-1])
    ]
    return [(f"< {texts[0]}", None, edges[0]), *between, (f">= {texts[-1]}", edges[-1], None), _MISSING]


def _shares(counts: list[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]
