"""The bootstrap of groups: how far a metric would scatter with other rows of the same kind.

Groups are drawn with replacement, as many as there are, again and again; each draw's sums give one replicate of a
metric. With at most 1,024 rows a group is a row, and this is the ordinary bootstrap: Efron, B. (1979), Bootstrap
methods: another look at the jackknife, https://doi.org/10.1214/aos/1176344552. Sums of more rows scatter as the rows
do if these are in no order. In a file that is sorted by what the errors depend on, neighbours are alike and groups are
not, and intervals are too wide: shuffle it.

Limits are the bias-corrected and accelerated ones (BCa): Efron, B. (1987), Better bootstrap confidence intervals,
https://doi.org/10.1080/01621459.1987.10478410. Of few rows any bootstrap knows little: of 50 rows, intervals of 95 %
hold the true value about 92 times of 100.
"""

from __future__ import annotations

import math
import random
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter

from inference_lambdas.statistics.groups import total
from inference_lambdas.statistics.intervals import LEVEL, Z, normal_quantile, normal_share_below

REPLICATES = 1000

# From the sums of all quantities, number of rows first, to the metric; None if it cannot be computed.
Statistic = Callable[[Sequence[float]], float | None]


class Resampled:
    """Sums of `REPLICATES` draws of groups; the same seed draws the same groups, whatever is computed of them.

    `columns` hold one number per group. Several statistics of one object are of the same draws, so two models'
    columns side by side make a paired comparison.
    """

    method = f"bootstrap, BCa, {REPLICATES:,} replicates"

    def __init__(self, columns: Sequence[Sequence[float]], seed: int) -> None:
        self._columns = columns
        self._groups = len(columns[0]) if columns else 0
        self._totals = [total(column) for column in columns]
        self._replicates = self._draw(seed) if self._groups > 1 else []

    def limits(self, statistic: Statistic) -> tuple[float, float] | None:
        """Return the interval of a statistic; None if it, or one of its replicates, cannot be computed."""
        replicates = _numbers(map(statistic, self._replicates))
        estimate = statistic(self._totals) if replicates else None
        if estimate is None:
            return None
        return corrected_limits(replicates, estimate, lambda: self._acceleration(statistic))

    def _draw(self, seed: int) -> list[list[float]]:
        generator = random.Random(seed)  # noqa: S311
        groups = self._groups
        replicates = []
        for _ in range(REPLICATES):
            # 32 random bits modulo some 1,000 groups favour none by more than one in a million.
            bits = array("I", generator.randbytes(4 * groups))
            drawn = itemgetter(*[number % groups for number in bits])
            # What is drawn comes in one order only, and a replicate's last digits mean nothing: no need for fsum.
            replicates.append([sum(drawn(column)) for column in self._columns])
        return replicates

    def _acceleration(self, statistic: Statistic) -> float:
        """Return the skewness of the statistic under leaving one group out, divided by 6."""
        left_out = zip(*self._columns, strict=True)
        values = _numbers(
            statistic([whole - part for whole, part in zip(self._totals, group, strict=True)]) for group in left_out
        )
        if not values:
            return 0.0
        mean = math.fsum(values) / len(values)
        deviations = [mean - value for value in values]
        # Skewness knows no unit; in this one no power leaves the range of floats.
        unit = max(map(abs, deviations))
        if not unit:
            return 0.0
        squares = math.fsum([(deviation / unit) ** 2 for deviation in deviations])
        cubes = math.fsum([(deviation / unit) ** 3 for deviation in deviations])
        return cubes / (6 * squares * math.sqrt(squares))


def corrected_limits(
    replicates: Sequence[float], estimate: float, acceleration: Callable[[], float] = lambda: 0.0
) -> tuple[float, float]:
    """Return the interval of a statistic by its replicates, two or more, corrected for their bias."""
    ordered = sorted(replicates)
    below = (bisect_left(ordered, estimate) + bisect_right(ordered, estimate)) / (2 * len(ordered))
    if not 0.0 < below < 1.0:
        # The estimate is outside of its replicates, so there is no correction to be had.
        return _quantile(ordered, (1 - LEVEL) / 2), _quantile(ordered, (1 + LEVEL) / 2)
    bias, skewness = normal_quantile(below), acceleration()
    low, high = (_corrected(end, bias, skewness) for end in (-Z, Z))
    return _quantile(ordered, low), _quantile(ordered, high)


def _numbers(values: Iterable[float | None]) -> list[float]:
    """Return all values, or nothing if one of them cannot be computed."""
    found = list(values)
    numbers = [value for value in found if value is not None and math.isfinite(value)]
    return numbers if len(numbers) == len(found) else []


def _corrected(end: float, bias: float, acceleration: float) -> float:
    shifted = bias + end
    slope = 1 - acceleration * shifted
    return normal_share_below(bias + shifted / slope) if slope > 0 else normal_share_below(math.copysign(40, end))


def _quantile(ordered: list[float], share: float) -> float:
    """Return the quantile between the two nearest of the numbers, of which the k-th of n is at k / (n + 1)."""
    place = min(max(share * (len(ordered) + 1) - 1, 0.0), len(ordered) - 1.0)
    index = min(int(place), len(ordered) - 2)
    low, high = ordered[index], ordered[index + 1]
    # So it never leaves the two, however it is rounded, and a greater share never has a smaller quantile.
    return min(low + (place - index) * (high - low), high)
