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
from inference_lambdas.predicting.rows import cells
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


class ColumnBins:
    """Bins of one column by its reference values, with the counts of both sides.

    Of ranges each begins at an edge, the first below all. Of single values one more bin is for other values. The last
    bin is for missing values.
    """

    def __init__(self, values: Sequence[float], missing: int) -> None:
        """Make the bins from the values of the reference, which are finite, and the number of missing ones."""
        self._single, self._edges = _edges(array("d", sorted(values)))
        self._numbers = {value: number for number, value in enumerate(self._edges)}
        self._counts = [0] * (len(self._edges) + 2)
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

    def psi(self) -> float | None:
        """Return the index over all bins; None without rows on one side."""
        if not sum(self._reference) or not sum(self._counts):
            return None
        pairs = [(max(a, FLOOR), max(b, FLOOR)) for a, b in zip(*self._shares(), strict=True)]
        return math.fsum([(share - reference) * math.log(share / reference) for reference, share in pairs])

    def bins(self) -> list[dict[str, Any]]:
        """Return the bins for the document, but those of other and missing values only where there are any.

        A range holds values from `low` on and below `high`; of a single value both are that value.
        """
        limits = self._limits()
        shares = zip(limits, *self._shares(), strict=True)
        return [
            {"label": label, "low": low, "high": high, "reference_share": reference, "share": share}
            for (label, low, high), reference, share in shares
            if reference or share or label not in {"other", "missing"}
        ]

    def _limits(self) -> list[tuple[str, float | None, float | None]]:
        rest: list[tuple[str, float | None, float | None]] = [("missing", None, None)]
        if self._single:
            return [*((f"{value:.15g}", value, value) for value in self._edges), ("other", None, None), *rest]
        if not self._edges:
            return [("all", None, None), *rest]
        texts = [f"{edge:.6g}" for edge in self._edges]
        between = [
            (f"{texts[number]} to {texts[number + 1]}", low, self._edges[number + 1])
            for number, low in enumerate(self._edges[:-1])
        ]
        first, last = self._edges[0], self._edges[-1]
        return [(f"< {texts[0]}", None, first), *between, (f">= {texts[-1]}", last, None), *rest]

    def _shares(self) -> tuple[list[float], list[float]]:
        return _shares(self._reference), _shares(self._counts)


class Drift:
    """The bins of all columns; rows are taken by a stride, so that a large test set costs no more than a part of it."""

    def __init__(self, columns: Sequence[str], places: Sequence[int], reference: Reference, stride: int) -> None:
        """Make the bins from the reference; of the tested rows about every `stride`-th is counted.

        `places` are where the columns stand in a row.
        """
        self._columns, self._places, self._stride = columns, places, stride
        self._rows = 0
        self._reference_rows, self._reference_sampled = reference.rows, reference.sampled
        self._bins = list(map(ColumnBins, reference.values, reference.missing))

    def add(self, first: int, rows: Sequence[bytes]) -> None:
        """Count raw rows, the first of which has the number `first`."""
        chosen = scattered(rows, first, self._stride)
        self._rows += len(chosen)
        for bins, values in zip(self._bins, cells(chosen, self._places), strict=True):
            bins.add(values)

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


def _shares(counts: list[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]
