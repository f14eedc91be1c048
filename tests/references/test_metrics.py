"""Metrics agree with scikit-learn's to nine digits, whatever the rows are like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from inference_lambdas.statistics.metrics import BinaryMetrics, Metrics, MulticlassMetrics, RegressionMetrics

# Multiples of a power of two, so that an offset takes no digits of them.
STEPS = st.integers(-1000, 1000).map(lambda step: step / 8)
OFFSETS = st.sampled_from([0.0, 1.0, -1e6, 2.0**40])
SCALES = st.sampled_from([2.0**-60, 1.0, 2.0**60])
PROBABILITIES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
BINARY_ROWS = st.lists(st.tuples(st.sampled_from([0.0, 1.0]), PROBABILITIES), min_size=1, max_size=60)
CLASSES = 4
# scikit-learn wants the probabilities of a row to sum up to one.
MULTICLASS_ROW = st.lists(st.integers(0, 8), min_size=CLASSES, max_size=CLASSES).filter(any)
MULTICLASS_ROWS = st.lists(st.tuples(st.integers(0, CLASSES - 1), MULTICLASS_ROW), min_size=1, max_size=60)


def agrees(found: float | None, expected: float) -> bool:
    return found == pytest.approx(float(expected), rel=1e-9, abs=1e-9)


def added(metrics: Metrics, labels: Sequence[float], predictions: Sequence[Any]) -> dict[str, float | None]:
    metrics.add(labels, predictions)
    return metrics.values()


@settings(deadline=None)
@given(st.lists(st.tuples(STEPS, STEPS), min_size=2, max_size=60), OFFSETS, SCALES)
@example([(1.0, 1.0), (1.0, 1.0)], 0.0, 1.0)
@example([(1.0, 2.0), (1.0, 2.0)], 2.0**40, 1.0)
def test_regression(rows: list[tuple[float, float]], offset: float, scale: float) -> None:
    moved = [(label + offset) * scale for label, _ in rows], [(prediction + offset) * scale for _, prediction in rows]
    found = added(RegressionMetrics(), *moved)
    # None of the metrics depends on the offset; scikit-learn's own sums would lose digits to it.
    labels, predictions = [label * scale for label, _ in rows], [prediction * scale for _, prediction in rows]
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(labels, predictions), rel=1e-9, abs=0)
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(labels, predictions), rel=1e-9, abs=0)
    assert found["r2"] == pytest.approx(reference.r2_score(labels, predictions), rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(BINARY_ROWS)
@example([(0.0, 0.5), (0.0, 0.5)])
@example([(1.0, 0.5), (1.0, 1.0)])
def test_binary(rows: list[tuple[float, float]]) -> None:
    labels, scores = [label for label, _ in rows], [score for _, score in rows]
    predicted = [float(score > 0.5) for score in scores]
    found = added(BinaryMetrics(), labels, scores)
    assert agrees(found["accuracy"], reference.accuracy_score(labels, predicted))
    assert agrees(found["precision"], reference.precision_score(labels, predicted, zero_division=0))
    assert agrees(found["recall"], reference.recall_score(labels, predicted, zero_division=0))
    assert agrees(found["f1"], reference.f1_score(labels, predicted, zero_division=0))
    assert agrees(found["logloss"], reference.log_loss(labels, scores, labels=[0.0, 1.0]))
    if len(set(labels)) == 2:
        assert agrees(found["auc"], reference.roc_auc_score(labels, scores))
    else:
        assert found["auc"] is None


@settings(deadline=None)
@given(MULTICLASS_ROWS)
def test_multiclass(rows: list[tuple[int, list[int]]]) -> None:
    labels = [float(label) for label, _ in rows]
    probabilities = [tuple(part / sum(parts) for part in parts) for _, parts in rows]
    predicted = [float(row.index(max(row))) for row in probabilities]
    of_probabilities = added(MulticlassMetrics(), labels, probabilities)
    of_classes = added(MulticlassMetrics(probabilities=False), labels, predicted)
    for found in (of_probabilities, of_classes):
        assert agrees(found["accuracy"], reference.accuracy_score(labels, predicted))
        assert agrees(found["f1_macro"], reference.f1_score(labels, predicted, average="macro", zero_division=0))
    classes = [float(name) for name in range(CLASSES)]
    assert agrees(of_probabilities["logloss"], reference.log_loss(labels, probabilities, labels=classes))
    assert of_classes["logloss"] is None
