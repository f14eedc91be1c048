"""Accumulators of metrics: fed batch by batch, stored and continued without a change of any digit.

The definitions are scikit-learn's (https://scikit-learn.org/stable/modules/model_evaluation.html) with
zero_division=0. A metric that cannot be computed is None.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from inference_lambdas.exact_sum import ExactSum
from inference_lambdas.score_ranking import ScoreRanking

Values = dict[str, float | None]
# Logarithms are taken of probabilities cut to this distance from 0 and 1, as scikit-learn does for doubles.
_EPSILON = 2.0**-52
THRESHOLD = 0.5


class Metrics(Protocol):
    """What the evaluation needs of an accumulator. Labels and predictions are finite and of equal number."""

    label_words: str

    def bad_label(self, labels: Sequence[float]) -> int | None:
        """Return the index of the first label that the problem does not have."""
        ...

    def add(self, labels: Sequence[float], predictions: Sequence[Any]) -> None: ...

    def values(self) -> Values: ...

    def to_json(self) -> dict[str, Any]: ...


class RegressionMetrics:
    """Metrics rmse, mae and r2; predictions are numbers."""

    label_words = "a number"

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        state = state or {}
        self._rows: int = state.get("rows", 0)
        # Labels are summed as distances from the first, so that a large mean takes no digits of the variance.
        self._shift: float | None = state.get("shift")
        self._squared_errors = ExactSum(state.get("squared_errors", ()))
        self._absolute_errors = ExactSum(state.get("absolute_errors", ()))
        self._distances = ExactSum(state.get("distances", ()))
        self._squared_distances = ExactSum(state.get("squared_distances", ()))

    def bad_label(self, labels: Sequence[float]) -> int | None:
        del labels
        return None

    def add(self, labels: Sequence[float], predictions: Sequence[float]) -> None:
        if not labels:
            return
        if self._shift is None:
            self._shift = labels[0]
        shift = self._shift
        errors = [label - prediction for label, prediction in zip(labels, predictions, strict=True)]
        distances = [label - shift for label in labels]
        self._rows += len(errors)
        self._squared_errors.add([error * error for error in errors])
        self._absolute_errors.add(map(abs, errors))
        self._distances.add(distances)
        self._squared_distances.add([distance * distance for distance in distances])

    def values(self) -> Values:
        if not self._rows:
            return {"rmse": None, "mae": None, "r2": None}
        return {
            "rmse": _finite(math.sqrt(self._squared_errors.value / self._rows)),
            "mae": _finite(self._absolute_errors.value / self._rows),
            "r2": self._r2(),
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self._rows,
            "shift": self._shift,
            "squared_errors": self._squared_errors.parts,
            "absolute_errors": self._absolute_errors.parts,
            "distances": self._distances.parts,
            "squared_distances": self._squared_distances.parts,
        }

    def _r2(self) -> float | None:
        residual = self._squared_errors.value
        distance = self._distances.value
        total = self._squared_distances.value - distance * distance / self._rows
        if self._rows < 2 or not (math.isfinite(residual) and math.isfinite(total)):
            return None
        if total <= 0.0:
            # All labels are equal: scikit-learn's values for that case.
            return 1.0 if residual == 0.0 else 0.0
        return 1.0 - residual / total


class BinaryMetrics:
    """Metrics accuracy, precision, recall, f1, auc and logloss; predictions are probabilities of class 1.

    With `probabilities` False they are classes, and auc and logloss are None.
    """

    label_words = "0 or 1"

    def __init__(self, state: dict[str, Any] | None = None, *, probabilities: bool = True) -> None:
        state = state or {}
        self._probabilities = probabilities
        self._negatives: int = state.get("negatives", 0)
        self._positives: int = state.get("positives", 0)
        self._false_positives: int = state.get("false_positives", 0)
        self._true_positives: int = state.get("true_positives", 0)
        self._logarithms = ExactSum(state.get("logarithms", ()))
        self._ranking = ScoreRanking.from_json(state["ranking"]) if "ranking" in state else ScoreRanking()

    def bad_label(self, labels: Sequence[float]) -> int | None:
        if set(labels) <= {0.0, 1.0}:
            return None
        return next(index for index, label in enumerate(labels) if label not in {0.0, 1.0})

    def add(self, labels: Sequence[float], predictions: Sequence[float]) -> None:
        pairs = list(zip(labels, predictions, strict=True))
        negatives = [score for label, score in pairs if not label]
        positives = [score for label, score in pairs if label]
        self._negatives += len(negatives)
        self._positives += len(positives)
        self._false_positives += sum([score > THRESHOLD for score in negatives])
        self._true_positives += sum([score > THRESHOLD for score in positives])
        if self._probabilities:
            self._logarithms.add(_logarithms([1.0 - score for score in negatives]))
            self._logarithms.add(_logarithms(positives))
            self._ranking.add(list(predictions), positives)

    def values(self) -> Values:
        rows = self._negatives + self._positives
        true, false = self._true_positives, self._false_positives
        correct = true + self._negatives - false
        return {
            "accuracy": _ratio(correct, rows) if rows else None,
            "precision": _ratio(true, true + false) if rows else None,
            "recall": _ratio(true, self._positives) if rows else None,
            "f1": _ratio(2 * true, true + false + self._positives) if rows else None,
            "auc": self._ranking.area()[0],
            "auc_error_max": self._ranking.area()[1],
            "logloss": -self._logarithms.value / rows if rows and self._probabilities else None,
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "negatives": self._negatives,
            "positives": self._positives,
            "false_positives": self._false_positives,
            "true_positives": self._true_positives,
            "logarithms": self._logarithms.parts,
            "ranking": self._ranking.to_json(),
        }


class MulticlassMetrics:
    """Metrics accuracy, f1_macro and logloss.

    Predictions are rows of one probability per class, or with `probabilities` False class numbers, for which
    logloss is None.
    """

    def __init__(self, classes: int, state: dict[str, Any] | None = None, *, probabilities: bool = True) -> None:
        state = state or {}
        self._classes = classes
        self._probabilities = probabilities
        self.label_words = f"a class from 0 to {classes - 1}"
        self._pairs: Counter[tuple[int, int]] = Counter(
            {(label, predicted): count for label, predicted, count in state.get("pairs", ())}
        )
        self._logarithms = ExactSum(state.get("logarithms", ()))
        self._allowed = frozenset(map(float, range(classes)))

    def bad_label(self, labels: Sequence[float]) -> int | None:
        if set(labels) <= self._allowed:
            return None
        return next(index for index, label in enumerate(labels) if label not in self._allowed)

    def add(self, labels: Sequence[float], predictions: Sequence[Any]) -> None:
        classes = list(map(int, labels))
        if self._probabilities:
            predicted = [row.index(max(row)) for row in predictions]
            self._logarithms.add(_logarithms([row[label] for row, label in zip(predictions, classes, strict=True)]))
        else:
            predicted = list(map(int, predictions))
        self._pairs.update(zip(classes, predicted, strict=True))

    def values(self) -> Values:
        rows = self._pairs.total()
        if not rows:
            return {"accuracy": None, "f1_macro": None, "logloss": None}
        correct = sum(count for (label, predicted), count in self._pairs.items() if label == predicted)
        return {
            "accuracy": correct / rows,
            "f1_macro": self._f1_macro(),
            "logloss": -self._logarithms.value / rows if self._probabilities else None,
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "pairs": [[*pair, count] for pair, count in sorted(self._pairs.items())],
            "logarithms": self._logarithms.parts,
        }

    def _f1_macro(self) -> float:
        labelled: Counter[int] = Counter()
        predicted: Counter[int] = Counter()
        for (label, prediction), count in self._pairs.items():
            labelled[label] += count
            predicted[prediction] += count
        present = labelled.keys() | predicted.keys()
        scores = [_ratio(2 * self._pairs[(name, name)], labelled[name] + predicted[name]) for name in present]
        return math.fsum(scores) / len(scores)


def _logarithms(probabilities: list[float]) -> list[float]:
    if probabilities and (min(probabilities) < _EPSILON or max(probabilities) > 1.0 - _EPSILON):
        probabilities = [min(max(value, _EPSILON), 1.0 - _EPSILON) for value in probabilities]
    return list(map(math.log, probabilities))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
