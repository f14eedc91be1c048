"""Intervals hold the true value as often as they claim.

The truth is a finite population of rows, whose metrics are known; test sets are drawn from it with replacement. That
is repeated, and the intervals that hold the truth are counted. With 95 % confidence and `TRIALS` test sets, chance
alone leaves fewer than `LEAST` once in a thousand times; the seeds are fixed, so the tests always give the same.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from scipy import stats

from inference_lambdas.judging.comparison import (
    BinaryComparison,
    Comparison,
    MulticlassComparison,
    RegressionComparison,
)
from inference_lambdas.statistics.intervals import logistic, wilson
from inference_lambdas.statistics.metrics import BinaryMetrics, Metrics, MulticlassMetrics, RegressionMetrics

TRIALS = 100
LEAST = int(stats.binom.ppf(0.001, TRIALS, 0.95))
POPULATION = 4000
# Label, challenger's prediction, champion's prediction.
Row = tuple[float, Any, Any]


def regression_row(generator: random.Random) -> Row:
    label, hard = generator.gauss(10, 1), generator.gauss(0, 0.4)
    return label, label + hard + generator.gauss(0, 0.33), label + hard + generator.gauss(0, 0.3)


def binary_row(generator: random.Random, distance: float) -> Row:
    label = float(generator.random() < 0.4)
    margin = distance * (2 * label - 1) + generator.gauss(0, 1)
    return label, logistic(margin + generator.gauss(0, 0.5)), logistic(margin + generator.gauss(0, 0.7))


def multiclass_row(generator: random.Random) -> Row:
    label = generator.choices((0, 1, 2), (5, 3, 2))[0]
    hard = generator.random()
    predictions = []
    for skill in (0.9, 0.8):
        parts = [0.1 + generator.random() for _ in range(3)]
        parts[label] += 2 * (hard + 0.5 * generator.random() < skill)
        predictions.append(tuple(part / sum(parts) for part in parts))
    return float(label), predictions[0], predictions[1]


CASES: dict[str, tuple[Callable[[random.Random], Row], Callable[[], Metrics], Callable[[], Comparison], int]] = {
    "regression": (regression_row, RegressionMetrics, RegressionComparison, 120),
    "binary": (lambda generator: binary_row(generator, 1.0), BinaryMetrics, BinaryComparison, 150),
    # About 99 of 100 rows are right, and many test sets are ranked without a fault.
    "binary near 1": (lambda generator: binary_row(generator, 2.5), BinaryMetrics, BinaryComparison, 150),
    "multiclass": (multiclass_row, MulticlassMetrics, MulticlassComparison, 150),
}


@pytest.mark.parametrize("case", CASES)
def test_coverage(case: str) -> None:
    row_of, metrics_of, comparison_of, rows = CASES[case]
    generator = random.Random(f"coverage {case}")  # noqa: S311
    population = [row_of(generator) for _ in range(POPULATION)]
    truth = compared(comparison_of(), population)
    values, differences = truth.values(), truth.differences(0)
    held: Counter[str] = Counter()
    for trial in range(TRIALS):
        drawn = generator.choices(population, k=rows)
        metrics = metrics_of()
        metrics.add([label for label, _, _ in drawn], [prediction for _, prediction, _ in drawn])
        for name, interval in metrics.intervals(trial).items():
            held[name] += interval.low <= (values[name] or 0.0) <= interval.high
        for name, found in compared(comparison_of(), drawn).differences(trial).items():
            assert found.low is not None
            assert found.high is not None
            held[f"difference in {name}"] += found.low <= (differences[name].worse_percent or 0.0) <= found.high
    assert set(held) == {*differences, *(f"difference in {name}" for name in differences)}
    assert not {name: count for name, count in held.items() if count < LEAST}


def compared(comparison: Comparison, rows: list[Row]) -> Comparison:
    labels, challenger, champion = zip(*rows, strict=True)
    comparison.add(labels, challenger, champion)
    return comparison


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99, 0.995])
def test_coverage_of_wilson_by_every_outcome(share: float) -> None:
    coverages = []
    for rows in range(500, 1500, 50):
        held = [
            interval.low <= share <= interval.high if (interval := wilson(right, rows)) else False
            for right in range(rows + 1)
        ]
        coverages.append(float(sum(stats.binom.pmf(range(rows + 1), rows, share)[held])))
    # It swings with the number of rows, as outcomes are whole rows; around the level, not below it.
    assert min(coverages) > 0.92
    assert sum(coverages) / len(coverages) == pytest.approx(0.95, abs=0.01)


def test_groups_of_rows_scatter_as_rows_do() -> None:
    generator = random.Random(6)  # noqa: S311
    rows = 60_000
    errors = [generator.gauss(0, 1) for _ in range(rows)]
    metrics = RegressionMetrics()
    metrics.add([0.0] * rows, errors)
    interval = metrics.intervals(1)["mae"]
    # The standard deviation of a normal number's absolute value is sqrt(1 - 2 / pi).
    assert (interval.high - interval.low) / 2 == pytest.approx(1.96 * math.sqrt((1 - 2 / math.pi) / rows), rel=0.1)
    assert interval.low < math.sqrt(2 / math.pi) < interval.high
