"""Two models on the same rows: tests and intervals that take the agreement of their predictions into account."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence

# Of a ratio of two metrics: its logarithm and the variance of that.
LogRatio = tuple[float, float]
# A metric as a share: what one row of a kind adds to its numerator and to its denominator.
Share = tuple[float, float]
# There are four kinds of rows on which two models differ; together they get the one row that Agresti and Min give.
_PSEUDO_ROWS = 0.25


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    `only_first` rows are right by the first model alone, `only_second` by the second alone. If the models were
    equally good, each such row would be as a coin's toss. McNemar, Q. (1947), Note on the sampling error of the
    difference between correlated proportions or percentages, https://doi.org/10.1007/BF02295996. To a relative
    accuracy of 1e-6 up to 10 million rows.
    """
    tosses, fewer = only_first + only_second, min(only_first, only_second)
    if 2 * fewer == tosses:
        return 1.0
    logarithm = math.lgamma(tosses + 1) - math.lgamma(fewer + 1) - math.lgamma(tosses - fewer + 1)
    total, term, number = 1.0, 1.0, fewer
    while number and term > total * 1e-17:
        term *= number / (tosses - number + 1)
        total += term
        number -= 1
    return min(1.0, 2 * math.exp(logarithm - tosses * math.log(2) + math.log(total)))


def log_ratio_of_shares(rows: Iterable[tuple[float, Share, Share]]) -> LogRatio:
    """Return the logarithm of the ratio of two models' metrics; each is a numerator over a denominator.

    `rows` are kinds of rows: how many there are, and what each adds to the metric of the first and the second model.
    The variance is the delta method's. Where both are shares of the same rows this is the interval of the ratio of
    matched proportions.
    """
    kinds = list(rows)
    first = [math.fsum([count * one[part] for count, one, _ in kinds]) for part in (0, 1)]
    second = [math.fsum([count * other[part] for count, _, other in kinds]) for part in (0, 1)]
    influences = [
        one[0] / first[0] - one[1] / first[1] - other[0] / second[0] + other[1] / second[1] for _, one, other in kinds
    ]
    variance = math.fsum([kind[0] * influence**2 for kind, influence in zip(kinds, influences, strict=True)])
    return math.log(first[0] / first[1] * second[1] / second[0]), variance


def padded(cells: Mapping[tuple[int, bool, bool], int]) -> dict[tuple[int, bool, bool], float]:
    """Return counts of label (0, 1), first and second model's prediction, with one row more on which the two differ.

    Without it, models that agree on all rows would be shown to be equal on all others as well. The row is divided
    among labels and models: Agresti, A., Min, Y. (2005), Simple improved confidence intervals for comparing matched
    proportions, https://doi.org/10.1002/sim.1781.
    """
    kinds = [(label, one, other) for label in (0, 1) for one in (False, True) for other in (False, True)]
    return {kind: cells.get(kind, 0) + (_PSEUDO_ROWS if kind[1] != kind[2] else 0.0) for kind in kinds}


def delong_log_ratio(
    positives: Sequence[tuple[float, ...]], negatives: Sequence[tuple[float, ...]], rows: tuple[int, int]
) -> LogRatio | None:
    """Return the logarithm of the ratio of two models' areas under the ROC curve, and its variance.

    `positives` and `negatives` are rows' scores by the first and the second model, evenly drawn from `rows`, the
    numbers of negatives and positives; only the variance of one row's share is taken from the sample. DeLong, E. R.,
    DeLong, D. M., Clarke-Pearson, D. L. (1988), https://doi.org/10.2307/2531595. It is at least that of one row of
    the smaller class which one model ranks right against half of the other class more than the other model does, as
    rows that are all ranked alike do not show that all others would be. None if a class has fewer than two rows or an
    area is 0.
    """
    if min(len(positives), len(negatives)) < 2:
        return None
    shares = [_placements(positives, negatives, model) for model in (0, 1)]
    areas = [math.fsum(of_positives) / len(of_positives) for _, of_positives in shares]
    if not min(areas):
        return None
    variance = math.fsum(
        _variance(
            [one / areas[0] - other / areas[1] for one, other in zip(shares[0][side], shares[1][side], strict=True)]
        )
        / rows[side]
        for side in (0, 1)
    )
    return math.log(areas[0] / areas[1]), max(variance, (0.5 / min(rows)) ** 2)


def _placements(
    positives: Sequence[tuple[float, ...]], negatives: Sequence[tuple[float, ...]], model: int
) -> tuple[list[float], list[float]]:
    """Return the share of the other class that each negative and each positive is ranked right against."""
    high, low = sorted(row[model] for row in positives), sorted(row[model] for row in negatives)
    below = [_rank(low, row[model]) / len(low) for row in positives]
    above = [1.0 - _rank(high, row[model]) / len(high) for row in negatives]
    return above, below


def _rank(ordered: list[float], value: float) -> float:
    return (bisect_left(ordered, value) + bisect_right(ordered, value)) / 2


def _variance(values: list[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum([(value - mean) ** 2 for value in values]) / (len(values) - 1)
