"""What a report draws of predictions: made from the stream in bounded memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from inference_lambdas.statistics.metrics import THRESHOLD, predicted_classes
from inference_lambdas.statistics.samples import EvenSample

# A scatter plot shows no more, and a document stays small.
SAMPLE = 1000
RESIDUAL_BINS = 30
CURVE_POINTS = 200
CALIBRATION_BINS = 10
# Bins of equal width for scores from 0 to 1; the threshold and the calibration's bins end where one of them does.
BINS = 4096 * CALIBRATION_BINS

Point = list[float]


class Plots(Protocol):
    """What the evaluation needs of plots. Labels and predictions are finite and of equal number."""

    def add(self, first_row: int, labels: Sequence[float], predictions: Sequence[Any]) -> None:
        """Add consecutive rows; `first_row` is the number of rows before them."""
        ...

    def document(self) -> dict[str, Any]:
        """Return the evaluation document's `plots`."""
        ...


class RegressionPlots:
    """Actual and predicted values of every stride-th row, and a histogram of these rows' residuals.

    `stride` is the first guess; it doubles when there would be more than `SAMPLE` points.
    """

    def __init__(self, stride: int) -> None:
        self._sample = EvenSample(SAMPLE, stride)

    def add(self, first_row: int, labels: Sequence[float], predictions: Sequence[float]) -> None:
        self._sample.add(first_row, labels, predictions)

    def document(self) -> dict[str, Any]:
        points = [list(point) for point in self._sample.items]
        return {
            "sample": {"stride": self._sample.stride, "points": points},
            "residuals": _histogram([actual - predicted for actual, predicted in points]),
        }


class BinaryPlots:
    """Curves of scores counted in bins; with `probabilities` False predictions are classes and have no curves."""

    def __init__(self, *, probabilities: bool = True) -> None:
        self._probabilities = probabilities
        # Rows by bin: bin b holds the scores above (b - 1) / BINS up to b / BINS.
        self._negatives: Counter[int] = Counter()
        self._positives: Counter[int] = Counter()

    def add(self, first_row: int, labels: Sequence[float], predictions: Sequence[float]) -> None:
        del first_row
        pairs = list(zip(labels, predictions, strict=True))
        self._negatives.update(map(math.ceil, [score * BINS for label, score in pairs if not label]))
        self._positives.update(map(math.ceil, [score * BINS for label, score in pairs if label]))

    def document(self) -> dict[str, Any]:
        curve = self._curve() if self._probabilities else []
        return {
            "roc": _roc(curve),
            "precision_recall": _precision_recall(curve),
            "calibration": self._calibration() if self._probabilities else [],
            "confusion": [_split(self._negatives), _split(self._positives)],
            "threshold": THRESHOLD,
        }

    def _curve(self) -> list[tuple[int, int]]:
        """Return the numbers of false and true positives at every threshold between bins, from the highest."""
        false = true = 0
        curve = [(0, 0)]
        for number in sorted(self._negatives.keys() | self._positives.keys(), reverse=True):
            false += self._negatives[number]
            true += self._positives[number]
            curve.append((false, true))
        return curve

    def _calibration(self) -> list[dict[str, float | int]]:
        """Return the bins that have rows; the mean score takes a row to be in the middle of its small bin."""
        rows: Counter[int] = Counter()
        positives: Counter[int] = Counter()
        scores: Counter[int] = Counter()
        for number in self._negatives.keys() | self._positives.keys():
            count = self._negatives[number] + self._positives[number]
            bin_ = max(number - 1, 0) * CALIBRATION_BINS // BINS
            rows[bin_] += count
            positives[bin_] += self._positives[number]
            scores[bin_] += count * max(2 * number - 1, 0)
        return [
            {"mean_score": scores[bin_] / (2 * BINS * count), "share": positives[bin_] / count, "rows": count}
            for bin_, count in sorted(rows.items())
        ]


class MulticlassPlots:
    """The confusion matrix: a row per actual class, a column per predicted one."""

    def __init__(self, classes: int, *, probabilities: bool = True) -> None:
        self._classes = classes
        self._probabilities = probabilities
        self._pairs: Counter[tuple[int, int]] = Counter()

    def add(self, first_row: int, labels: Sequence[float], predictions: Sequence[Any]) -> None:
        del first_row
        predicted = predicted_classes(predictions, probabilities=self._probabilities)
        self._pairs.update(zip(map(int, labels), predicted, strict=True))

    def document(self) -> dict[str, Any]:
        classes = range(self._classes)
        return {"confusion": [[self._pairs[(label, predicted)] for predicted in classes] for label in classes]}


def _histogram(values: list[float]) -> dict[str, list[float] | list[int]]:
    """Return edges of bins of equal width and how many values each holds; the last edge belongs to its bin."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return {"edges": [], "counts": []}
    low, high = min(finite), max(finite)
    width = high / RESIDUAL_BINS - low / RESIDUAL_BINS
    if not width:
        return {"edges": [low, high], "counts": [len(finite)]}
    counts = Counter(min(int(value / width - low / width), RESIDUAL_BINS - 1) for value in finite)
    edges = [low + number * width for number in range(RESIDUAL_BINS)]
    return {"edges": [*edges, high], "counts": [counts[number] for number in range(RESIDUAL_BINS)]}


def _roc(curve: list[tuple[int, int]]) -> list[Point]:
    """Return points of false and true positive rate, evenly spaced along the curve; none if a class has no row."""
    false, true = curve[-1] if curve else (0, 0)
    if not (false and true):
        return []
    points = [[one / false, other / true] for one, other in curve]
    return _thinned(points, [sum(point) / 2 for point in points])


def _precision_recall(curve: list[tuple[int, int]]) -> list[Point]:
    """Return points of recall and precision, evenly spaced in recall; none without positive rows."""
    true = curve[-1][1] if curve else 0
    if not true:
        return []
    points = [[other / true, other / (one + other)] for one, other in curve[1:]]
    return _thinned(points, [recall for recall, _ in points])


def _thinned(points: list[Point], places: Iterable[float]) -> list[Point]:
    """Return at most `CURVE_POINTS` of the points: the first and the last, and the first after each step.

    `places` go up from at least 0 to 1.
    """
    kept, step = [], -1.0
    for point, place in zip(points, places, strict=True):
        if place * (CURVE_POINTS - 2) >= step + 1:
            step = math.floor(place * (CURVE_POINTS - 2))
            kept.append(point)
    return kept if kept[-1] == points[-1] else [*kept, points[-1]]


def _split(bins: Counter[int]) -> list[int]:
    above = sum(count for number, count in bins.items() if number > THRESHOLD * BINS)
    return [bins.total() - above, above]
