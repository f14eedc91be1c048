"""What the report draws, against the rows themselves."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_lambdas.judging.plots import SAMPLE, BinaryPlots, MulticlassPlots, Plots, RegressionPlots
from tests.inference_lambdas.inside import held

Make = Callable[[], Plots]
CUTS = st.lists(st.integers(0, 5000), max_size=4)
PROBABILITIES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))


def binary() -> Plots:
    return BinaryPlots()


def multiclass() -> Plots:
    return MulticlassPlots(3)


def fed(make: Make, rows: list[tuple[float, Any]], cuts: list[int]) -> Plots:
    plots = make()
    for start, end in pairwise([0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]):
        plots.add(start, [label for label, _ in rows[start:end]], [prediction for _, prediction in rows[start:end]])
    return plots


def assert_continued_equals_whole(make: Make, rows: list[tuple[float, Any]], cuts: list[int]) -> None:
    assert held(fed(make, rows, cuts)) == held(fed(make, rows, []))
    assert fed(make, rows, cuts).document() == fed(make, rows, []).document()


@settings(deadline=None)
@given(st.integers(0, 5 * SAMPLE), st.integers(1, 7), CUTS)
def test_regression_continued(rows: int, stride: int, cuts: list[int]) -> None:
    pairs = [(float(row), float(-row)) for row in range(rows)]
    assert_continued_equals_whole(lambda: RegressionPlots(stride), pairs, cuts)
    sample = fed(lambda: RegressionPlots(stride), pairs, cuts).document()["sample"]
    assert sample["points"] == [[float(row), float(-row)] for row in range(0, rows, sample["stride"])]
    assert len(sample["points"]) <= SAMPLE


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), PROBABILITIES)), CUTS)
def test_binary_continued(rows: list[tuple[float, float]], cuts: list[int]) -> None:
    assert_continued_equals_whole(binary, rows, cuts)
    document = fed(binary, rows, cuts).document()
    assert document["confusion"] == [
        [sum(label == actual and (score > 0.5) == above for label, score in rows) for above in (False, True)]
        for actual in (0.0, 1.0)
    ]
    assert sum(bin_["rows"] for bin_ in document["calibration"]) == len(rows)


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0]), st.tuples(*[PROBABILITIES] * 3))), CUTS)
def test_multiclass_continued(rows: list[tuple[float, Any]], cuts: list[int]) -> None:
    assert_continued_equals_whole(multiclass, rows, cuts)
    confusion = fed(multiclass, rows, cuts).document()["confusion"]
    assert [sum(row) for row in confusion] == [sum(label == actual for label, _ in rows) for actual in range(3)]


def test_confusion_by_hand() -> None:
    rows = [(0.0, (0.8, 0.1, 0.1)), (1.0, (0.2, 0.3, 0.5)), (1.0, (0.1, 0.9, 0.0)), (2.0, (0.4, 0.3, 0.3))]
    assert fed(multiclass, rows, []).document() == {"confusion": [[1, 0, 0], [0, 1, 1], [1, 0, 0]]}


def test_curves_by_hand() -> None:
    document = fed(binary, [(0.0, 0.1), (0.0, 0.4), (1.0, 0.35), (1.0, 0.8)], []).document()
    assert document["roc"] == [[0, 0], [0, 0.5], [0.5, 0.5], [0.5, 1], [1, 1]]
    assert document["precision_recall"] == [[0.5, 1], [1, 2 / 3], [1, 0.5]]
    assert document["confusion"] == [[2, 0], [1, 1]]
    assert document["threshold"] == 0.5
    scores = [bin_["mean_score"] for bin_ in document["calibration"]]
    assert scores == pytest.approx([0.1, 0.375, 0.8], abs=1 / 40_960)
    assert [(bin_["share"], bin_["rows"]) for bin_ in document["calibration"]] == [(0, 1), (0.5, 2), (1, 1)]


def test_curves_of_many_rows_have_few_points() -> None:
    generator = random.Random(5)  # noqa: S311
    rows = [(float(generator.random() < score), score) for score in (generator.random() for _ in range(50_000))]
    document = fed(binary, rows, []).document()
    for name, first in (("roc", [0.0, 0.0]), ("precision_recall", None)):
        points = document[name]
        assert 150 < len(points) <= 200
        assert points == sorted(points, key=lambda point: point[0])
        assert first in (None, points[0])
    assert document["roc"][-1] == [1.0, 1.0]
    area = sum((right[0] - left[0]) * (left[1] + right[1]) / 2 for left, right in pairwise(document["roc"]))
    assert area == pytest.approx(5 / 6, abs=0.01)
    assert len(document["calibration"]) == 10
    for bin_ in document["calibration"]:
        assert bin_["share"] == pytest.approx(bin_["mean_score"], abs=0.03)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_has_no_curve(label: float) -> None:
    document = fed(binary, [(label, 0.2), (label, 0.7)], []).document()
    assert document["roc"] == []
    assert bool(document["precision_recall"]) == bool(label)


def test_classes_have_no_curves() -> None:
    plots = BinaryPlots(probabilities=False)
    plots.add(0, [0.0, 1.0, 1.0], [0.0, 1.0, 0.0])
    document = plots.document()
    assert (document["roc"], document["precision_recall"], document["calibration"]) == ([], [], [])
    assert document["confusion"] == [[1, 0], [1, 1]]


def test_residuals_of_the_sample() -> None:
    document = fed(lambda: RegressionPlots(1), [(float(n), 0.0) for n in range(61)], []).document()
    assert document["residuals"]["edges"] == pytest.approx([2.0 * n for n in range(31)])
    assert document["residuals"]["counts"] == [2] * 29 + [3]


@pytest.mark.parametrize(
    ("rows", "residuals"),
    [
        ([], {"edges": [], "counts": []}),
        ([(1.0, 0.5), (2.0, 1.5)], {"edges": [0.5, 0.5], "counts": [2]}),
        ([(1.7e308, -1.7e308)], {"edges": [], "counts": []}),
    ],
)
def test_residuals_without_width(rows: list[tuple[float, float]], residuals: dict[str, list[float]]) -> None:
    assert fed(lambda: RegressionPlots(1), rows, []).document()["residuals"] == residuals
