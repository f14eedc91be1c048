"""What is reached without looking at any feature, and the bounds of gates that follow from it.

It is learned from the train rows, the mean of numbers or the shares of classes, and judged on the validation rows. A
gate's bound lies a little on its better side, so that a model that has learned nothing fails.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway.tables.findings import Baseline, Bound, Task
from slipway.tables.reading import Table

_BETTER = 0.05
"""By this share of the baseline's error a model has to be better."""
_STANDARD_ERRORS = 3
"""Chance alone leads so far from an AUC of 0.5 once in 700 times."""
_LEAST_AUC, _MOST_AUC = 0.55, 0.75
_SMOKE = 1.5
"""A smoke test of few rows only asks whether the answers make sense."""
_DIGITS = 4


@dataclass(frozen=True)
class Moments:
    """The label's numbers in one channel: how many rows, their mean and the mean of their squares."""

    rows: int
    mean: float
    mean_square: float


def measure_baseline(table: Table, task: Task) -> Baseline:
    """Return the baseline of a table whose rows are in channels."""
    if task.problem == "regression":
        found = table.connection.execute(
            "FROM raw JOIN placed ON raw.rowid = placed.id SELECT channel, count(*), avg(label::DOUBLE), "
            "avg(label::DOUBLE * label::DOUBLE) GROUP BY channel"
        ).fetchall()
        moments = {channel: Moments(int(rows), float(mean), float(square)) for channel, rows, mean, square in found}
        return of_numbers(moments["train"], moments["validation"])
    counted = table.connection.execute(
        "FROM raw JOIN placed ON raw.rowid = placed.id SELECT channel, label, count(*) GROUP BY ALL"
    ).fetchall()
    train, validation = (
        {str(label): int(rows) for name, label, rows in counted if name == channel}
        for channel in ("train", "validation")
    )
    return of_classes(task.classes, train, validation)


def of_numbers(train: Moments, validation: Moments) -> Baseline:
    """Return the baseline of regression: the mean of the train rows for every row."""
    square = validation.mean_square - 2 * train.mean * validation.mean + train.mean**2
    rmse = math.sqrt(max(square, 0.0))
    bound = rounded((1 - _BETTER) * rmse)
    told = f"the mean of the train rows, {rounded(train.mean):g}, for every row: rmse {rounded(rmse):g}"
    least_r2 = rounded(1 - (1 - _BETTER) ** 2)
    gates = (
        Bound("rmse", "max", bound, f"{100 * _BETTER:g} % below {rounded(rmse):g}, the rmse of the mean"),
        Bound("r2", "min", least_r2, "the same in r2; the mean's is 0"),
    )
    return Baseline(told, {"rmse": rmse}, gates, Bound("rmse", "max", rounded(_SMOKE * rmse)))


def of_classes(classes: Sequence[str], train: Mapping[str, int], validation: Mapping[str, int]) -> Baseline:
    """Return the baseline of classes: the commonest one, and the shares of the train rows as probabilities."""
    rows = sum(validation.values())
    shares = {name: (train.get(name, 0) + 1) / (sum(train.values()) + len(classes)) for name in classes}
    commonest = max(classes, key=lambda name: shares[name])
    accuracy = validation.get(commonest, 0) / rows
    logloss = -sum(count * math.log(shares[name]) for name, count in validation.items()) / rows
    told = f"{commonest!r} for every row: accuracy {accuracy:.3f}; the classes' shares: logloss {logloss:.4g}"
    why = f"{100 * _BETTER:g} % below {rounded(logloss):g}, that of the classes' shares"
    by_logloss = Bound("logloss", "max", rounded((1 - _BETTER) * logloss), why)
    metrics, smoke = {"accuracy": accuracy, "logloss": logloss}, Bound("logloss", "max", rounded(_SMOKE * logloss))
    if len(classes) == 2:
        return Baseline(told, metrics, (_auc(validation.get(classes[1], 0), rows), by_logloss), smoke)
    f1 = 2 * accuracy / (1 + accuracy) / len(classes)
    why = f"{rounded(f1):g} with {commonest!r} for every row; a tenth of the way from there to 1"
    by_f1 = Bound("f1_macro", "min", rounded(f1 + 0.1 * (1 - f1)), why)
    return Baseline(told, {**metrics, "f1_macro": f1}, (by_f1, by_logloss), smoke)


def _auc(positive: int, rows: int) -> Bound:
    why = f"0.5 is chance; of {positive:,} and {rows - positive:,} rows chance stays below this"
    return Bound("auc", "min", chance_auc(positive, rows - positive), why)


def chance_auc(positive: int, negative: int) -> float:
    """Return an AUC that chance stays below, three standard errors above 0.5.

    The variance is that of the Mann-Whitney U statistic: https://doi.org/10.1214/aoms/1177730491
    """
    if not positive or not negative:
        return _LEAST_AUC
    error = math.sqrt((positive + negative + 1) / (12 * positive * negative))
    return rounded(min(max(0.5 + _STANDARD_ERRORS * error, _LEAST_AUC), _MOST_AUC))


def rounded(value: float) -> float:
    """Return a value with four significant digits."""
    return float(f"{value:.{_DIGITS}g}")
