"""Compares a model, the challenger, with the one that Prod serves, the champion, on the same rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from inference_lambdas.statistics import macro_f1
from inference_lambdas.statistics.bootstrap import Resampled, Statistic
from inference_lambdas.statistics.groups import GroupSums
from inference_lambdas.statistics.intervals import LEVEL, Z
from inference_lambdas.statistics.metrics import (
    LOSS_STATISTICS,
    REGRESSION_STATISTICS,
    THRESHOLD,
    BinaryMetrics,
    MulticlassMetrics,
    RegressionMetrics,
    Values,
    predicted_classes,
)
from inference_lambdas.statistics.paired import LogRatio, Share, delong_log_ratio, log_ratio_of_shares, mcnemar, padded
from inference_lambdas.statistics.samples import EvenSample

LOWER_IS_BETTER = frozenset({"rmse", "mae", "logloss"})
# Up to this many rows of a class, the difference of two areas under the ROC curve is judged by all of them.
AUC_SAMPLE = 8192
_MATCHED = "ratio of matched shares, delta method"


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of the challenger less the champion's, on the same rows.

    `worse_percent` is how much worse the challenger is in percent of the champion's absolute value, negative where it
    is better; `low` and `high` are its limits with confidence `level`, two-sided. None is what cannot be computed.
    `p_value` is of a test of equality, where there is an exact one.
    """

    difference: float | None
    worse_percent: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    p_value: float | None = None


Differences = dict[str, Difference]


class Comparison(Protocol):
    """What the evaluation needs of a comparison. Labels and predictions are finite and of equal number."""

    def share(self, challenger: Any) -> None:
        """Take the challenger's metrics from an accumulator that whoever adds here adds the same rows to."""
        ...

    def part(self) -> None:
        """Have metrics of its own from now on: the rows are no longer the same."""
        ...

    def add(self, labels: Sequence[float], predictions: Sequence[Any], champion_predictions: Sequence[Any]) -> None: ...

    def values(self) -> Values: ...

    def champion_values(self) -> Values: ...

    def differences(self, seed: int) -> Differences:
        """Return a difference for each metric; `seed` decides what the bootstrap draws."""
        ...


M = TypeVar("M", RegressionMetrics, BinaryMetrics, MulticlassMetrics)


class _Both(Generic[M]):
    """The metrics of both models; the challenger's are somebody else's while these are of the same rows."""

    def __init__(self, challenger: M, champion: M) -> None:
        self._challenger: M = challenger
        self._champion: M = champion
        self._shares = False

    def share(self, challenger: M) -> None:
        self._challenger, self._shares = challenger, True

    def part(self) -> None:
        if self._shares:
            self._challenger, self._shares = deepcopy(self._challenger), False

    def add(self, labels: Sequence[float], predictions: Sequence[Any], champion_predictions: Sequence[Any]) -> None:
        if not self._shares:
            self._challenger.add(labels, predictions)
        self._champion.add(labels, champion_predictions)

    def values(self) -> Values:
        return self._challenger.values()

    def champion_values(self) -> Values:
        return self._champion.values()


class RegressionComparison(_Both[RegressionMetrics]):
    """Differences in rmse, mae and r2, by a paired bootstrap."""

    def __init__(self) -> None:
        super().__init__(RegressionMetrics(), RegressionMetrics())

    def differences(self, seed: int) -> Differences:
        sums = self._challenger.sums, self._champion.sums
        return _resampled(REGRESSION_STATISTICS, sums, self.values(), self.champion_values(), seed)


class BinaryComparison(_Both[BinaryMetrics]):
    """Differences in the binary metrics: of shares by matched rows, of auc by DeLong, of logloss by a bootstrap."""

    def __init__(self, *, probabilities: bool = True) -> None:
        super().__init__(BinaryMetrics(probabilities=probabilities), BinaryMetrics(probabilities=probabilities))
        self._probabilities = probabilities
        # Rows of class 0 and of class 1 that both models predict to be of class 1.
        self._both_above: list[int] = [0, 0]
        self._scores = EvenSample(AUC_SAMPLE), EvenSample(AUC_SAMPLE)

    def add(self, labels: Sequence[float], predictions: Sequence[float], champion_predictions: Sequence[float]) -> None:
        seen = self._champion.class_rows
        super().add(labels, predictions, champion_predictions)
        rows = list(zip(labels, predictions, champion_predictions, strict=True))
        negatives = [(one, other) for label, one, other in rows if not label]
        positives = [(one, other) for label, one, other in rows if label]
        for label, scores in enumerate((negatives, positives)):
            self._both_above[label] += sum([one > THRESHOLD < other for one, other in scores])
            if self._probabilities:
                self._scores[label].add(seen[label], *zip(*scores, strict=True))

    def differences(self, seed: int) -> Differences:
        values, champion = self.values(), self.champion_values()
        cells = self._cells()
        only_one = cells[(0, False, True)] + cells[(1, True, False)]
        only_other = cells[(0, True, False)] + cells[(1, False, True)]
        p_values = {"accuracy": mcnemar(only_one, only_other)} if sum(cells.values()) else {}
        return {
            **{
                name: _from_log_ratio(name, values, champion, _ratio(cells, share), _MATCHED, p_values.get(name))
                for name, share in _SHARES.items()
            },
            "auc": self._auc(values, champion),
            **_resampled(LOSS_STATISTICS, (self._challenger.sums, self._champion.sums), values, champion, seed),
        }

    def _cells(self) -> dict[tuple[int, bool, bool], int]:
        """Return the number of rows by label and whether challenger and champion predict class 1."""
        cells = {}
        for label in (0, 1):
            both, rows = self._both_above[label], self._challenger.class_rows[label]
            one, other = self._challenger.class_rows_above[label], self._champion.class_rows_above[label]
            cells[(label, True, True)] = both
            cells[(label, True, False)] = one - both
            cells[(label, False, True)] = other - both
            cells[(label, False, False)] = rows - one - other + both
        return cells

    def _auc(self, values: Values, champion: Values) -> Difference:
        negatives, positives = self._scores
        rows = self._challenger.class_rows
        ratio = delong_log_ratio(positives.items, negatives.items, rows) if self._probabilities else None
        sampled = max(negatives.stride, positives.stride) > 1
        method = f"delong on a sample of at most {AUC_SAMPLE:,} rows of each class" if sampled else "delong"
        if ratio and values["auc"] and champion["auc"]:
            # The sample knows the variance; the areas are those of all rows.
            ratio = math.log(values["auc"] / champion["auc"]), ratio[1]
        return _from_log_ratio("auc", values, champion, ratio, method)


class MulticlassComparison(_Both[MulticlassMetrics]):
    """Differences in accuracy and f1_macro by matched rows, in logloss by a paired bootstrap.

    Rows are counted by label and both predictions, so memory grows with the combinations that occur, at most the
    third power of the number of classes.
    """

    def __init__(self, *, probabilities: bool = True) -> None:
        super().__init__(MulticlassMetrics(probabilities=probabilities), MulticlassMetrics(probabilities=probabilities))
        self._probabilities = probabilities
        self._cells: Counter[tuple[int, int, int]] = Counter()

    def add(self, labels: Sequence[float], predictions: Sequence[Any], champion_predictions: Sequence[Any]) -> None:
        super().add(labels, predictions, champion_predictions)
        ones = predicted_classes(predictions, probabilities=self._probabilities)
        others = predicted_classes(champion_predictions, probabilities=self._probabilities)
        self._cells.update(zip(map(int, labels), ones, others, strict=True))

    def differences(self, seed: int) -> Differences:
        values, champion = self.values(), self.champion_values()
        right: Counter[tuple[int, bool, bool]] = Counter()
        for (label, one, other), count in self._cells.items():
            right[(1, one == label, other == label)] += count
        accuracy = f1_macro = p_value = None
        if self._cells:
            accuracy = log_ratio_of_shares(
                [(count, (one, 1.0), (other, 1.0)) for (_, one, other), count in padded(right).items()]
            )
            f1_macro = macro_f1.log_ratio(self._cells)
            p_value = mcnemar(right[(1, True, False)], right[(1, False, True)])
        return {
            "accuracy": _from_log_ratio("accuracy", values, champion, accuracy, _MATCHED, p_value),
            "f1_macro": _from_log_ratio("f1_macro", values, champion, f1_macro, "ratio, delta method"),
            **_resampled(LOSS_STATISTICS, (self._challenger.sums, self._champion.sums), values, champion, seed),
        }


def worse_percent(metric: str, challenger: float, champion: float) -> float | None:
    """Return how much worse the challenger is, in percent of the champion's absolute value.

    Of a champion's value of 0 there are no percent: 0.0 then if the challenger is no worse, else None. None, too, for
    more percent than a float can hold.
    """
    return percent_worse(challenger, champion, lower=metric in LOWER_IS_BETTER)


def percent_worse(challenger: float, champion: float, *, lower: bool) -> float | None:
    """Return the same for a metric of which lower values are better, or higher ones."""
    worse = challenger - champion if lower else champion - challenger
    if champion:
        percent = 100 * worse / abs(champion)
        return percent if math.isfinite(percent) else None
    return 0.0 if worse <= 0 else None


# What a row of a label, predicted to be of class 1 or not, adds to the numerator and denominator of a metric.
_SHARES: Mapping[str, Callable[[int, bool], Share]] = {
    "accuracy": lambda label, predicted: (float(predicted == label), 1.0),
    "precision": lambda label, predicted: (float(predicted and label), float(predicted)),
    "recall": lambda label, predicted: (float(predicted and label), float(label)),
    "f1": lambda label, predicted: (2.0 * (predicted and label), float(predicted) + label),
}


def _ratio(cells: Mapping[tuple[int, bool, bool], int], share: Callable[[int, bool], Share]) -> LogRatio | None:
    """Return the log ratio of a metric; None if it has no denominator for one of the models."""
    for model in (1, 2):
        if not any(share(cell[0], bool(cell[model]))[1] for cell, count in cells.items() if count):
            return None
    return log_ratio_of_shares(
        [(count, share(label, one), share(label, other)) for (label, one, other), count in padded(cells).items()]
    )


def _from_log_ratio(
    name: str, values: Values, champion: Values, ratio: LogRatio | None, method: str, p_value: float | None = None
) -> Difference:
    """Return the difference of a metric of which more is better, its limits from the logarithm of the ratio."""
    difference, worse = _point(name, values, champion)
    low = high = None
    if ratio and worse is not None:
        middle, half = ratio[0], Z * math.sqrt(ratio[1])
        low, high = (100 * -math.expm1(middle + end) for end in (half, -half))
    return Difference(difference, worse, low, high, LEVEL, method, p_value)


def _resampled(
    statistics: Mapping[str, Statistic], sums: tuple[GroupSums, GroupSums], values: Values, champion: Values, seed: int
) -> Differences:
    """Return the differences of statistics of the challenger's and the champion's sums, by a paired bootstrap."""
    columns = sums[0].columns()
    resampled = Resampled([*columns, *sums[1].columns()[1:]], seed)
    found = {}
    for name, statistic in statistics.items():
        difference, worse = _point(name, values, champion)
        low, high = resampled.limits(_paired(name, statistic, len(columns))) or (None, None)
        found[name] = Difference(difference, worse, low, high, LEVEL, f"paired {resampled.method}")
    return found


def _paired(name: str, statistic: Statistic, width: int) -> Statistic:
    def worse(totals: Sequence[float]) -> float | None:
        challenger, champion = statistic(totals[:width]), statistic([totals[0], *totals[width:]])
        return None if challenger is None or champion is None else worse_percent(name, challenger, champion)

    return worse


def _point(name: str, values: Values, champion: Values) -> tuple[float | None, float | None]:
    """Return the difference and how much worse it is in percent."""
    one, other = values[name], champion[name]
    if one is None or other is None:
        return None, None
    difference = one - other
    return difference if math.isfinite(difference) else None, worse_percent(name, one, other)
