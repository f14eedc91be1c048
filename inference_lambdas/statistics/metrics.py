"""Accumulators of metrics: fed batch by batch, with the same digits however rows come in batches.

The definitions are scikit-learn's (https://scikit-learn.org/stable/modules/model_evaluation.html) with
zero_division=0. A metric that cannot be computed is None, and has no interval.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import sub
from typing import Any, Protocol

from inference_lambdas.statistics.bootstrap import Resampled, Statistic
from inference_lambdas.statistics.groups import GroupSums
from inference_lambdas.statistics.intervals import LEVEL, Interval, wilson, wilson_f1
from inference_lambdas.statistics.macro_f1 import MacroF1
from inference_lambdas.statistics.score_ranking import ScoreRanking

Values = dict[str, float | None]
Intervals = dict[str, Interval]
# Logarithms are taken of probabilities cut to this distance from 0 and 1, as scikit-learn does for doubles.
_EPSILON = 2.0**-52
THRESHOLD = 0.5


class Metrics(Protocol):
    """What the evaluation needs of an accumulator. Labels and predictions are finite and of equal number."""

    def add(self, labels: Sequence[float], predictions: Sequence[Any]) -> None: ...

    def values(self) -> Values: ...

    def intervals(self, seed: int) -> Intervals:
        """Return an interval for each metric that has one; `seed` decides what the bootstrap draws."""
        ...


class RegressionMetrics:
    """Metrics rmse, mae and r2; predictions are numbers."""

    def __init__(self) -> None:
        # Labels are summed as distances from the first, so that a large mean takes no digits of the variance.
        self._shift: float | None = None
        self.sums = GroupSums(4)

    def add(self, labels: Sequence[float], predictions: Sequence[float]) -> None:
        if not labels:
            return
        if self._shift is None:
            self._shift = labels[0]
        shift = self._shift
        errors = list(map(sub, labels, predictions))
        distances = [label - shift for label in labels]
        self.sums.add(
            [error * error for error in errors],
            list(map(abs, errors)),
            distances,
            [distance * distance for distance in distances],
        )

    def values(self) -> Values:
        totals = [self.sums.rows, *self.sums.totals]
        return {name: statistic(totals) for name, statistic in REGRESSION_STATISTICS.items()}

    def intervals(self, seed: int) -> Intervals:
        return resampled_intervals(self.sums, REGRESSION_STATISTICS, seed)


class BinaryMetrics:
    """Metrics accuracy, precision, recall, f1, auc and logloss; predictions are probabilities of class 1.

    With `probabilities` False they are classes, and auc and logloss are None.
    """

    def __init__(self, *, probabilities: bool = True) -> None:
        self._probabilities = probabilities
        self._negatives = 0
        self._positives = 0
        self._false_positives = 0
        self._true_positives = 0
        self.sums = GroupSums(1)
        self.ranking = ScoreRanking()

    def add(self, labels: Sequence[float], predictions: Sequence[float]) -> None:
        pairs = list(zip(labels, predictions, strict=True))
        negatives = [score for label, score in pairs if not label]
        positives = [score for label, score in pairs if label]
        self._negatives += len(negatives)
        self._positives += len(positives)
        self._false_positives += sum([score > THRESHOLD for score in negatives])
        self._true_positives += sum([score > THRESHOLD for score in positives])
        if self._probabilities:
            self.sums.add(_logarithms([score if label else 1.0 - score for label, score in pairs]))
            self.ranking.add(negatives, positives)

    @property
    def class_rows(self) -> tuple[int, int]:
        """The number of rows of class 0 and of class 1."""
        return self._negatives, self._positives

    @property
    def class_rows_above(self) -> tuple[int, int]:
        """The number of these that are predicted to be of class 1."""
        return self._false_positives, self._true_positives

    def values(self) -> Values:
        rows = self._negatives + self._positives
        true, false = self._true_positives, self._false_positives
        correct = true + self._negatives - false
        area, area_error = self.ranking.area()
        return {
            "accuracy": _ratio(correct, rows) if rows else None,
            "precision": _ratio(true, true + false) if rows else None,
            "recall": _ratio(true, self._positives) if rows else None,
            "f1": _ratio(2 * true, true + false + self._positives) if rows else None,
            "auc": area,
            "auc_error_max": area_error,
            "logloss": mean_loss([self.sums.rows, *self.sums.totals]),
        }

    def intervals(self, seed: int) -> Intervals:
        true, false = self._true_positives, self._false_positives
        missed = self._positives - true
        found = {
            "accuracy": wilson(true + self._negatives - false, self._negatives + self._positives),
            "precision": wilson(true, true + false),
            "recall": wilson(true, self._positives),
            "f1": wilson_f1(true, false + missed),
            "auc": self.ranking.interval(),
            **resampled_intervals(self.sums, LOSS_STATISTICS, seed),
        }
        return {name: interval for name, interval in found.items() if interval}


class MulticlassMetrics:
    """Metrics accuracy, f1_macro and logloss.

    Predictions are rows of one probability per class, or with `probabilities` False class numbers, for which
    logloss is None.
    """

    def __init__(self, *, probabilities: bool = True) -> None:
        self._probabilities = probabilities
        self._pairs: Counter[tuple[int, int]] = Counter()
        self.sums = GroupSums(1)

    def add(self, labels: Sequence[float], predictions: Sequence[Any]) -> None:
        classes = list(map(int, labels))
        if self._probabilities:
            self.sums.add(_logarithms([row[label] for row, label in zip(predictions, classes, strict=True)]))
        predicted = predicted_classes(predictions, probabilities=self._probabilities)
        self._pairs.update(zip(classes, predicted, strict=True))

    def values(self) -> Values:
        rows = self._pairs.total()
        correct = sum(count for (label, predicted), count in self._pairs.items() if label == predicted)
        return {
            "accuracy": correct / rows if rows else None,
            "f1_macro": MacroF1(self._pairs).value if rows else None,
            "logloss": mean_loss([self.sums.rows, *self.sums.totals]),
        }

    def intervals(self, seed: int) -> Intervals:
        correct = sum(count for (label, predicted), count in self._pairs.items() if label == predicted)
        found = {
            "accuracy": wilson(correct, self._pairs.total()),
            "f1_macro": MacroF1(self._pairs).interval() if self._pairs else None,
            **resampled_intervals(self.sums, LOSS_STATISTICS, seed),
        }
        return {name: interval for name, interval in found.items() if interval}


def resampled_intervals(sums: GroupSums, statistics: Mapping[str, Statistic], seed: int) -> Intervals:
    """Return the bootstrap's intervals of those statistics of the sums that can be computed."""
    resampled = Resampled(sums.columns(), seed)
    limits = {name: resampled.limits(statistic) for name, statistic in statistics.items()}
    return {name: Interval(*found, LEVEL, resampled.method) for name, found in limits.items() if found}


def predicted_classes(predictions: Sequence[Any], *, probabilities: bool) -> list[int]:
    """Return the first class of the greatest probability in each row, or the rows' classes themselves."""
    if probabilities:
        return [row.index(max(row)) for row in predictions]
    return list(map(int, predictions))


def _rmse(totals: Sequence[float]) -> float | None:
    rows, squared_errors, *_ = totals
    return _finite(math.sqrt(squared_errors / rows)) if rows else None


def _mae(totals: Sequence[float]) -> float | None:
    rows, _, absolute_errors, *_ = totals
    return _finite(absolute_errors / rows) if rows else None


def _r2(totals: Sequence[float]) -> float | None:
    rows, residual, _, distance, squared_distances = totals
    if rows < 2:
        return None
    total = squared_distances - distance * distance / rows
    if not (math.isfinite(residual) and math.isfinite(total)):
        return None
    if total <= 0.0:
        # All labels are equal: scikit-learn's values for that case.
        return 1.0 if residual == 0.0 else 0.0
    return 1.0 - residual / total


def mean_loss(totals: Sequence[float]) -> float | None:
    rows, logarithms = totals
    return -logarithms / rows if rows else None


# Totals are those of the accumulators' sums, after the number of rows.
REGRESSION_STATISTICS: Mapping[str, Statistic] = {"rmse": _rmse, "mae": _mae, "r2": _r2}
LOSS_STATISTICS: Mapping[str, Statistic] = {"logloss": mean_loss}


def _logarithms(probabilities: list[float]) -> list[float]:
    if probabilities and (min(probabilities) < _EPSILON or max(probabilities) > 1.0 - _EPSILON):
        probabilities = [min(max(value, _EPSILON), 1.0 - _EPSILON) for value in probabilities]
    return list(map(math.log, probabilities))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
