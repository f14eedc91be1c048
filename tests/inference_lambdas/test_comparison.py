"""Challenger against champion: values, differences, and their independence of batches."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_lambdas.comparison import (
    BinaryComparison,
    Comparison,
    MulticlassComparison,
    RegressionComparison,
    worse_percent,
)
from inference_lambdas.metrics import BinaryMetrics, Metrics, MulticlassMetrics, RegressionMetrics

Make = Callable[[dict[str, Any] | None], Comparison]
NUMBERS = st.floats(-1e6, 1e6)
PROBABILITIES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
THREE = st.tuples(PROBABILITIES, PROBABILITIES, PROBABILITIES)
CUTS = st.lists(st.integers(0, 100), max_size=5)
# Label, challenger's prediction, champion's prediction.
Row = tuple[float, Any, Any]


def binary(state: dict[str, Any] | None = None) -> Comparison:
    return BinaryComparison(state)


def multiclass(state: dict[str, Any] | None = None) -> Comparison:
    return MulticlassComparison(3, state)


def columns(rows: Sequence[Row]) -> tuple[list[float], list[Any], list[Any]]:
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def assert_continued_equals_whole(make: Make, plain: Callable[[], Metrics], rows: list[Row], cuts: list[int]) -> None:
    whole = make(None)
    whole.add(*columns(rows))
    pieces = make(None)
    for start, end in pairwise([0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]):
        pieces = make(json.loads(json.dumps(pieces.to_json())))
        pieces.add(*columns(rows[start:end]))
    assert pieces.to_json() == whole.to_json()
    assert pieces.differences(1) == whole.differences(1)
    labels, *models = columns(rows)
    for predictions, values in zip(models, (whole.values(), whole.champion_values()), strict=True):
        metrics = plain()
        metrics.add(labels, predictions)
        assert values == metrics.values()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=20), CUTS)
def test_regression_continued(rows: list[Row], cuts: list[int]) -> None:
    assert_continued_equals_whole(RegressionComparison, RegressionMetrics, rows, cuts)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), PROBABILITIES, PROBABILITIES), max_size=20), CUTS)
def test_binary_continued(rows: list[Row], cuts: list[int]) -> None:
    assert_continued_equals_whole(binary, BinaryMetrics, rows, cuts)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0]), THREE, THREE), max_size=20), CUTS)
def test_multiclass_continued(rows: list[Row], cuts: list[int]) -> None:
    assert_continued_equals_whole(multiclass, lambda: MulticlassMetrics(3), rows, cuts)


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
