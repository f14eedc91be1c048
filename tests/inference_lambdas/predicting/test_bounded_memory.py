"""Accumulators hold no more of a large test set than they say.

Every number that one holds is counted. What bounds them does not depend on the number of rows, so 150,000 rows, more
than every limit, stand for any number.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from inference_lambdas.judging import plots
from inference_lambdas.judging.comparison import (
    AUC_SAMPLE,
    BinaryComparison,
    Comparison,
    MulticlassComparison,
    RegressionComparison,
)
from inference_lambdas.judging.plots import BinaryPlots, MulticlassPlots, Plots, RegressionPlots
from inference_lambdas.statistics import groups, score_ranking
from inference_lambdas.statistics.metrics import BinaryMetrics, Metrics, MulticlassMetrics, RegressionMetrics
from tests.inference_lambdas.inside import held, numbers_in

ROWS = 150_000
BATCH = 50_000
# Counts of rows, a stride, a shift.
FEW = 20
# An exact sum's parts do not overlap, so 40 of 53 bits reach over all exponents of a float.
PARTS = 40
# A bin and its count, by class.
RANKING = 2 * 2 * score_ranking.BINS + FEW


def sums(width: int) -> int:
    """Return the greatest number of numbers in sums of `width` quantities by group."""
    return width * (groups.LIMIT + 2 * PARTS) + FEW


def same(scores: list[float]) -> list[Any]:
    return scores


def of_three(scores: list[float]) -> list[Any]:
    return [(score, (1 - score) / 2, (1 - score) / 2) for score in scores]


# What takes rows, in what form, and how many numbers it holds at most: metrics, comparison, plots.
CASES: dict[str, tuple[Metrics, Comparison, Plots, Callable[[list[float]], list[Any]], tuple[int, int, int]]] = {
    "regression": (
        RegressionMetrics(),
        RegressionComparison(),
        RegressionPlots(1),
        same,
        (sums(4), 2 * sums(4), 2 * plots.SAMPLE + FEW),
    ),
    "binary": (
        BinaryMetrics(),
        BinaryComparison(),
        BinaryPlots(),
        same,
        (sums(1) + RANKING, 2 * (sums(1) + RANKING) + 4 * AUC_SAMPLE + FEW, 2 * 2 * (plots.BINS + 1)),
    ),
    "multiclass": (
        MulticlassMetrics(),
        MulticlassComparison(),
        MulticlassPlots(3),
        of_three,
        (sums(1) + 3 * 3**2, 2 * (sums(1) + 3 * 3**2) + 4 * 3**3, 3 * 3**2),
    ),
}


@pytest.mark.simulation
@pytest.mark.parametrize("case", CASES)
def test_what_is_held_is_bounded(case: str) -> None:
    metrics, comparison, drawn, form, most = CASES[case]
    generator = random.Random(11)  # noqa: S311
    for first in range(0, ROWS, BATCH):
        labels = [float(generator.random() < 0.5) for _ in range(BATCH)]
        # Hardly two of these are equal.
        scores, others = (form([generator.random() for _ in range(BATCH)]) for _ in range(2))
        metrics.add(labels, scores)
        comparison.add(labels, scores, others)
        drawn.add(first, labels, scores)
    sizes = [numbers_in(held(accumulator)) for accumulator in (metrics, comparison, drawn)]
    assert not [(size, limit) for size, limit in zip(sizes, most, strict=True) if size > limit]
    # Half of the groups, at least, are there to resample.
    assert sizes[0] > groups.LIMIT / 2
