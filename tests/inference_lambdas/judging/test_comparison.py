"""Challenger against champion: values, differences, and their independence of batches."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_lambdas.judging.comparison import (
    AUC_SAMPLE,
    BinaryComparison,
    Comparison,
    MulticlassComparison,
    RegressionComparison,
    worse_percent,
)
from inference_lambdas.statistics.metrics import BinaryMetrics, Metrics, MulticlassMetrics, RegressionMetrics
from inference_lambdas.statistics.paired import mcnemar
from tests.inference_lambdas.inside import held

Make = Callable[[], Comparison]
NUMBERS = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([1.0, 2.0]), st.floats(-1e150, 1e150))
EXTREMES = st.one_of(st.sampled_from([0.0, 1.0, 5e-324]), st.floats(-1e308, 1e308))
PROBABILITIES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
THREE = st.tuples(PROBABILITIES, PROBABILITIES, PROBABILITIES)
CUTS = st.lists(st.integers(0, 100), max_size=5)
# Label, challenger's prediction, champion's prediction.
Row = tuple[float, Any, Any]


def binary() -> Comparison:
    return BinaryComparison()


def multiclass() -> Comparison:
    return MulticlassComparison()


def columns(rows: Sequence[Row]) -> tuple[list[float], list[Any], list[Any]]:
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def assert_finite(comparison: Comparison) -> None:
    for found in comparison.differences(1).values():
        numbers = [found.difference, found.worse_percent, found.low, found.high, found.p_value]
        assert all(number is None or math.isfinite(number) for number in numbers)
        assert found.low is None or found.high is None or found.low <= found.high


def assert_continued_equals_whole(make: Make, plain: Callable[[], Metrics], rows: list[Row], cuts: list[int]) -> None:
    whole = make()
    whole.add(*columns(rows))
    pieces = make()
    for start, end in pairwise([0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]):
        pieces.add(*columns(rows[start:end]))
    assert held(pieces) == held(whole)
    assert pieces.differences(1) == whole.differences(1)
    assert_finite(whole)
    labels, *models = columns(rows)
    for predictions, values in zip(models, (whole.values(), whole.champion_values()), strict=True):
        metrics = plain()
        metrics.add(labels, predictions)
        assert values == metrics.values()


@pytest.mark.simulation
@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=20), CUTS)
def test_regression_continued(rows: list[Row], cuts: list[int]) -> None:
    assert_continued_equals_whole(RegressionComparison, RegressionMetrics, rows, cuts)


@pytest.mark.simulation
@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(EXTREMES, EXTREMES, EXTREMES), max_size=5))
def test_numbers_are_finite_whatever_the_rows(rows: list[Row]) -> None:
    assert_finite(compared(RegressionComparison(), rows))


@pytest.mark.simulation
@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), PROBABILITIES, PROBABILITIES), max_size=20), CUTS)
def test_binary_continued(rows: list[Row], cuts: list[int]) -> None:
    assert_continued_equals_whole(binary, BinaryMetrics, rows, cuts)


@pytest.mark.simulation
@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0]), THREE, THREE), max_size=20), CUTS)
def test_multiclass_continued(rows: list[Row], cuts: list[int]) -> None:
    assert_continued_equals_whole(multiclass, MulticlassMetrics, rows, cuts)


@pytest.mark.parametrize(
    ("metric", "challenger", "champion", "percent"),
    [
        ("rmse", 1.1, 1.0, 10),
        ("rmse", 0.9, 1.0, -10),
        ("r2", 0.45, 0.5, 10),
        ("r2", -0.6, -0.5, 20),
        ("auc", 0.95, 0.5, -90),
        ("mae", 0.0, 0.0, 0),
        ("mae", 0.1, 0.0, None),
        ("recall", 0.1, 0.0, 0),
    ],
)
def test_worse_is_in_percent_of_the_champion(
    metric: str, challenger: float, champion: float, percent: float | None
) -> None:
    assert worse_percent(metric, challenger, champion) == (None if percent is None else pytest.approx(percent))


def compared(comparison: Comparison, rows: Sequence[Row]) -> Comparison:
    comparison.add(*columns(rows))
    return comparison


def binary_rows(count: int, seed: int = 1) -> list[Row]:
    generator = random.Random(seed)  # noqa: S311
    labels = [float(generator.random() < 0.4) for _ in range(count)]
    return [
        (
            label,
            min(1, max(0, generator.gauss(0.3 + 0.4 * label, 0.2))),
            generator.uniform(0.3 * label, 0.7 + 0.3 * label),
        )
        for label in labels
    ]


def test_a_difference_is_the_challengers_value_less_the_champions() -> None:
    comparison = compared(BinaryComparison(), binary_rows(400))
    values, champion = comparison.values(), comparison.champion_values()
    for name, found in comparison.differences(1).items():
        one, other = values[name], champion[name]
        assert one is not None
        assert other is not None
        assert found.difference == one - other
        assert found.worse_percent == worse_percent(name, one, other)
        assert found.worse_percent is not None
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.worse_percent < found.high
        assert (found.p_value is None) == (name != "accuracy")


@pytest.mark.parametrize("make", [binary, lambda: MulticlassComparison(probabilities=False)])
def test_mcnemar_is_of_rows_that_one_model_alone_has_right(make: Callable[[], Comparison]) -> None:
    # As probabilities and as classes, these are the same predictions.
    rows = [(label, float(one > 0.5), float(other > 0.5)) for label, one, other in binary_rows(300)]
    only_one = sum(label == one != other for label, one, other in rows)
    only_other = sum(label == other != one for label, one, other in rows)
    assert min(only_one, only_other) > 5
    found = compared(make(), rows).differences(1)["accuracy"]
    assert found.p_value == mcnemar(only_one, only_other)


def test_a_model_that_is_clearly_worse_is_shown_to_be() -> None:
    rows = [(label, champion, challenger) for label, challenger, champion in binary_rows(2000)]
    for name, found in compared(BinaryComparison(), rows).differences(1).items():
        assert (found.low or 0) > 0, name


@pytest.mark.simulation
@pytest.mark.parametrize("count", [3, 50, 3000])
def test_a_model_is_not_shown_to_differ_from_itself(count: int) -> None:
    rows = [(label, one, one) for label, one, _ in binary_rows(count)]
    for comparison in (RegressionComparison(), BinaryComparison()):
        for name, found in compared(comparison, rows).differences(1).items():
            assert (found.difference, found.worse_percent) == (0, 0), name
            if found.low is not None and found.high is not None:
                assert found.low <= 0 <= found.high
            assert found.p_value in (None, 1)


@pytest.mark.simulation
def test_how_the_areas_were_compared_is_said() -> None:
    rows = binary_rows(3 * AUC_SAMPLE)
    negatives = sum(not label for label, _, _ in rows)
    assert negatives > AUC_SAMPLE
    whole = compared(BinaryComparison(), rows).differences(1)["auc"]
    part = compared(BinaryComparison(), rows[:AUC_SAMPLE]).differences(1)["auc"]
    assert part.method == "delong"
    assert whole.method == "delong on a sample of at most 8,192 rows of each class"


def test_the_seed_decides() -> None:
    rows = [(float(row), row + one, row + other) for row, (_, one, other) in enumerate(binary_rows(100))]
    comparison = compared(RegressionComparison(), rows)
    assert comparison.differences(1) == comparison.differences(1)
    assert comparison.differences(1) != comparison.differences(2)


UNKNOWN = (None, None, None, None, None)


@pytest.mark.parametrize(
    ("comparison", "rows", "metric", "expected"),
    [
        (RegressionComparison(), [], "rmse", UNKNOWN),
        (BinaryComparison(), [], "accuracy", UNKNOWN),
        (BinaryComparison(), [], "auc", UNKNOWN),
        (MulticlassComparison(), [], "f1_macro", UNKNOWN),
        # One class alone has no area; metrics without a denominator are 0, and 0 of both is no worse.
        (BinaryComparison(), [(0.0, 0.1, 0.2)] * 5, "auc", UNKNOWN),
        (BinaryComparison(), [(0.0, 0.1, 0.2)] * 5, "recall", (0, 0, None, None, None)),
        (BinaryComparison(probabilities=False), [(0.0, 0.0, 1.0), (1.0, 1.0, 1.0)], "logloss", UNKNOWN),
        (BinaryComparison(probabilities=False), [(0.0, 0.0, 1.0), (1.0, 1.0, 1.0)], "auc", UNKNOWN),
        # A champion without a fault: there are no percent of nothing.
        (RegressionComparison(), [(1.0, 1.5, 1.0), (2.0, 2.5, 2.0)], "mae", (0.5, None, None, None, None)),
        (RegressionComparison(), [(1.0, 1.0, 1.0), (2.0, 2.0, 2.0)], "mae", (0, 0, 0, 0, None)),
        # One row does not scatter, and has no r2.
        (RegressionComparison(), [(1.0, 1.5, 2.0)], "rmse", (-0.5, -50, None, None, None)),
        (RegressionComparison(), [(1.0, 1.5, 2.0)], "r2", UNKNOWN),
    ],
)
def test_what_cannot_be_computed_is_none(
    comparison: Comparison, rows: list[Row], metric: str, expected: tuple[float | None, ...]
) -> None:
    found = compared(comparison, rows).differences(1)[metric]
    assert (found.difference, found.worse_percent, found.low, found.high, found.p_value) == expected
    assert found.level == 0.95
    assert found.method


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), PROBABILITIES, PROBABILITIES), max_size=30), CUTS)
def test_shared_metrics_are_parted_from_where_rows_differ(rows: list[Row], cuts: list[int]) -> None:
    """What is compared does not depend on whose metrics they were until then."""
    alone, shared, metrics = BinaryComparison(), BinaryComparison(), BinaryMetrics()
    shared.share(metrics)
    parted = False
    for start, end in pairwise([0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]):
        labels, ones, others = columns(rows[start:end])
        # From the second part on the metrics have a row more, which the champion did not predict.
        if start and not parted:
            shared.part()
            parted = True
        alone.add(labels, ones, others)
        shared.add(labels, ones, others)
        metrics.add([*labels, *[1.0] * parted], [*ones, *[0.25] * parted])
    assert shared.differences(1) == alone.differences(1)
    assert shared.values() == alone.values()
