"""Metrics against their definitions, written out anew here, and their exactness however rows come in batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.statistics.metrics import BinaryMetrics, Metrics, MulticlassMetrics, RegressionMetrics
from tests.inference_lambdas.inside import held

NUMBERS = st.floats(-1e6, 1e6)
PROBABILITIES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
Make = Callable[[], Metrics]


def regression() -> Metrics:
    return RegressionMetrics()


def binary() -> Metrics:
    return BinaryMetrics()


def multiclass() -> Metrics:
    return MulticlassMetrics()


def values_of(make: Make, labels: Sequence[float], predictions: Sequence[Any]) -> dict[str, float | None]:
    metrics = make()
    metrics.add(labels, predictions)
    return metrics.values()


def assert_continued_equals_whole(make: Make, rows: list[tuple[float, Any]], cuts: list[int]) -> None:
    """Any split into chunks gives the same digits, in all that is held."""
    whole = make()
    whole.add([label for label, _ in rows], [prediction for _, prediction in rows])
    pieces, start = make(), 0
    for end in [*sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]:
        pieces.add([label for label, _ in rows[start:end]], [prediction for _, prediction in rows[start:end]])
        start = end
    assert held(pieces) == held(whole)
    assert pieces.values() == whole.values()


CUTS = st.lists(st.integers(0, 100), max_size=5)
ROW_OF_THREE = st.tuples(PROBABILITIES, PROBABILITIES, PROBABILITIES)


@given(st.lists(st.tuples(NUMBERS, NUMBERS)), CUTS)
def test_regression_continued(rows: list[tuple[float, float]], cuts: list[int]) -> None:
    assert_continued_equals_whole(regression, rows, cuts)


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), PROBABILITIES)), CUTS)
def test_binary_continued(rows: list[tuple[float, float]], cuts: list[int]) -> None:
    assert_continued_equals_whole(binary, rows, cuts)


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0]), ROW_OF_THREE)), CUTS)
def test_multiclass_continued(rows: list[tuple[float, Any]], cuts: list[int]) -> None:
    assert_continued_equals_whole(multiclass, rows, cuts)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2))
def test_regression_by_definition(rows: list[tuple[float, float]]) -> None:
    labels, predictions = zip(*rows, strict=True)
    found = values_of(regression, labels, predictions)
    errors = [label - prediction for label, prediction in rows]
    residual = math.fsum(error**2 for error in errors)
    mean = math.fsum(labels) / len(labels)
    total = math.fsum((label - mean) ** 2 for label in labels)
    assert found["rmse"] == pytest.approx(math.sqrt(residual / len(rows)))
    assert found["mae"] == pytest.approx(math.fsum(map(abs, errors)) / len(rows))
    # A variance near nothing has no digits to compare.
    if total > 1e-6 * max(map(abs, labels)):
        assert found["r2"] == pytest.approx(1 - residual / total, rel=1e-6, abs=1e-6)


def test_regression_by_hand() -> None:
    found = values_of(regression, [3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0])
    assert found == {
        "rmse": pytest.approx(math.sqrt(1.5 / 4)),
        "mae": pytest.approx(0.5),
        "r2": pytest.approx(1 - 1.5 / 29.1875),
    }


def test_a_large_mean_takes_no_digits_of_r2() -> None:
    labels = [1e9 + value for value in (1.0, 2.0, 3.0, 4.0)]
    predictions = [1e9 + value for value in (1.5, 2.0, 3.0, 4.0)]
    assert values_of(regression, labels, predictions)["r2"] == pytest.approx(0.95, rel=1e-12)


@pytest.mark.parametrize(
    ("labels", "predictions", "r2"),
    [([2.0, 2.0], [2.0, 2.0], 1.0), ([2.0, 2.0], [2.0, 3.0], 0.0), ([2.0], [2.0], None)],
)
def test_r2_where_labels_do_not_vary(labels: list[float], predictions: list[float], r2: float | None) -> None:
    assert values_of(regression, labels, predictions)["r2"] == r2


def test_overflow_is_not_a_number_to_judge() -> None:
    assert values_of(regression, [1e200, -1e200], [0.0, 0.0]) == {"rmse": None, "mae": 1e200, "r2": None}


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), PROBABILITIES), min_size=1))
def test_binary_by_definition(rows: list[tuple[float, float]]) -> None:
    found = values_of(binary, *zip(*rows, strict=True))
    true = sum(label == 1 and score > 0.5 for label, score in rows)
    predicted, positive = sum(score > 0.5 for _, score in rows), sum(label == 1 for label, _ in rows)
    precision = true / predicted if predicted else 0.0
    recall = true / positive if positive else 0.0
    assert found["accuracy"] == sum((score > 0.5) == (label == 1) for label, score in rows) / len(rows)
    assert found["precision"] == precision
    assert found["recall"] == recall
    assert found["f1"] == pytest.approx(2 * precision * recall / (precision + recall) if true else 0.0)
    pairs = list(product([s for y, s in rows if y], [s for y, s in rows if not y]))
    wins = sum((high > low) + (high == low) / 2 for high, low in pairs)
    assert found["auc"] == (pytest.approx(wins / len(pairs)) if pairs else None)
    assert found["auc_error_max"] == 0.0
    losses = [-math.log(min(max(s if y else 1 - s, 2.0**-52), 1 - 2.0**-52)) for y, s in rows]
    assert found["logloss"] == pytest.approx(math.fsum(losses) / len(rows))


def test_binary_by_hand() -> None:
    found = values_of(binary, [0.0, 0.0, 1.0, 1.0], [0.1, 0.4, 0.35, 0.8])
    assert found["auc"] == 0.75
    assert found["precision"] == 1.0
    assert found["recall"] == 0.5
    assert found["f1"] == pytest.approx(2 / 3)
    assert found["logloss"] == pytest.approx(-math.fsum(map(math.log, (0.9, 0.6, 0.35, 0.8))) / 4)


def test_classes_have_no_auc_and_no_logloss() -> None:
    metrics = BinaryMetrics(probabilities=False)
    metrics.add([0.0, 1.0, 1.0], [0.0, 1.0, 0.0])
    assert metrics.values()["accuracy"] == pytest.approx(2 / 3)
    assert metrics.values()["auc"] is None
    assert metrics.values()["logloss"] is None


def test_one_class_has_no_auc() -> None:
    assert values_of(binary, [1.0, 1.0], [0.4, 0.6])["auc"] is None


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0]), ROW_OF_THREE), min_size=1))
def test_multiclass_by_definition(rows: list[tuple[float, tuple[float, ...]]]) -> None:
    found = values_of(multiclass, *zip(*rows, strict=True))
    pairs = [(int(label), max(range(3), key=lambda name, row=row: row[name])) for label, row in rows]  # type: ignore[misc]
    scores = []
    for name in {name for pair in pairs for name in pair}:
        true = sum(pair == (name, name) for pair in pairs)
        total = sum(label == name for label, _ in pairs) + sum(predicted == name for _, predicted in pairs)
        scores.append(2 * true / total)
    assert found["accuracy"] == sum(label == predicted for label, predicted in pairs) / len(pairs)
    assert found["f1_macro"] == pytest.approx(sum(scores) / len(scores))
    losses = [-math.log(min(max(row[int(label)], 2.0**-52), 1 - 2.0**-52)) for label, row in rows]
    assert found["logloss"] == pytest.approx(math.fsum(losses) / len(rows))


def test_multiclass_by_hand() -> None:
    metrics = MulticlassMetrics(probabilities=False)
    metrics.add([0.0, 1.0, 2.0, 0.0, 1.0, 2.0], [0.0, 2.0, 1.0, 0.0, 0.0, 1.0])
    # Classes 1 and 2 are never right, class 3 is in neither list.
    assert metrics.values() == {
        "accuracy": pytest.approx(1 / 3),
        "f1_macro": pytest.approx((0.8 + 0 + 0) / 3),
        "logloss": None,
    }


@pytest.mark.parametrize("make", [regression, binary, multiclass])
def test_without_rows_nothing_can_be_computed(make: Make) -> None:
    assert {value for name, value in make().values().items() if name != "auc_error_max"} == {None}
