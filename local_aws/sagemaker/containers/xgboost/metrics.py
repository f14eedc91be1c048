"""Evaluation metrics that the container computes itself, and how a request's eval_metric is divided.

XGBoost computes its own metrics; these are taken out of eval_metric and computed here, so they come last on the
log line. If none is left for XGBoost it also prints its default metric of the objective. Definitions:
https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/metrics/custom_metrics.py,
which are those of scikit-learn without sample weights, undefined ratios as 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from local_aws.sagemaker.containers.toolkit.exceptions import UserError
from local_aws.sagemaker.containers.xgboost import metric_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xgboost as xgb
    from numpy.typing import NDArray

_MULTICLASS = (
    "Target is multiclass but average='binary'. Please choose another average setting, one of "
    "[None, 'micro', 'macro', 'weighted']."
)


@dataclass(frozen=True)
class Selection:
    """What to evaluate.

    built_in   names that XGBoost computes, in order; empty for its default
    container  names that are computed here, in order
    stop_on    the metric that early stopping follows, None if there is none
    """

    built_in: tuple[str, ...]
    container: tuple[str, ...]
    stop_on: str | None

    @property
    def maximize(self) -> bool:
        """The direction by the container's table, in which a name with a threshold (`ndcg@5`) is not found."""
        return self.stop_on in metric_names.MAXIMIZE


def select(hyperparameters: Mapping[str, Any]) -> Selection:
    """Divide eval_metric and the tuning job's metric between XGBoost and the container."""
    asked: list[str] = hyperparameters.get("eval_metric", [])
    tuning: list[str] = []
    if "_tuning_objective_metric" in hyperparameters:
        tuning = [hyperparameters["_tuning_objective_metric"].partition(":")[2]]
    names = sorted({*asked, *tuning}) if asked and tuning else asked or tuning
    followed = tuning or asked
    return Selection(
        built_in=tuple(name for name in names if name not in FUNCTIONS),
        container=tuple(name for name in names if name in FUNCTIONS),
        stop_on=followed[-1] if followed else None,
    )


def evaluator(
    names: tuple[str, ...], objective: str
) -> Callable[[NDArray[np.float32], xgb.DMatrix], list[tuple[str, float]]]:
    """Return a function of predictions and data for xgboost.train's custom_metric.

    XGBoost hands over predictions as `predict` returns them: probabilities, class numbers or values.
    """

    def evaluate(predictions: NDArray[np.float32], data: xgb.DMatrix) -> list[tuple[str, float]]:
        labels = np.asarray(data.get_label())
        return [(name, compute(name, objective, predictions, labels)) for name in names]

    return evaluate


def compute(name: str, objective: str, predictions: NDArray[np.float32], labels: NDArray[np.float32]) -> float:
    """Return one metric of predictions, shape (rows,) or (rows, classes), against labels, shape (rows,)."""
    function = FUNCTIONS[name]
    if name in _REGRESSION:
        return function(predictions.astype(np.float64), labels.astype(np.float64))
    if (labels != np.floor(labels)).any():
        raise UserError(f"Metric '{name}' needs class labels: found a label that is no whole number")
    return function(_classes(objective, predictions), labels.astype(np.int64))


def _classes(objective: str, predictions: NDArray[np.float32]) -> NDArray[np.int64]:
    if predictions.ndim == 2:
        winners: NDArray[np.int64] = predictions.argmax(axis=1)
        return winners
    if objective == "multi:softmax":
        return predictions.astype(np.int64)
    threshold = 0.5 if objective in ("binary:logistic", "reg:logistic") else 0.0
    return (predictions > threshold).astype(np.int64)


@dataclass(frozen=True)
class _Counts:
    """Per class that occurs among labels or predictions, in order of the class number."""

    right: NDArray[np.int64]
    predicted: NDArray[np.int64]
    actual: NDArray[np.int64]

    @classmethod
    def of(cls, classes: NDArray[np.int64], labels: NDArray[np.int64]) -> _Counts:
        names, index = np.unique(np.concatenate([labels, classes]), return_inverse=True)
        actual, predicted = index[: len(labels)], index[len(labels) :]
        return cls(
            right=np.bincount(actual[actual == predicted], minlength=len(names)),
            predicted=np.bincount(predicted, minlength=len(names)),
            actual=np.bincount(actual, minlength=len(names)),
        )

    def precision(self) -> NDArray[np.float64]:
        return _ratio(self.right, self.predicted)

    def recall(self) -> NDArray[np.float64]:
        return _ratio(self.right, self.actual)

    def f1(self) -> NDArray[np.float64]:
        return _ratio(2 * self.right, self.predicted + self.actual)


def _ratio(above: NDArray[np.int64], below: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.zeros(len(above)), where=below != 0)


def _macro(figure: Callable[[_Counts], NDArray[np.float64]]) -> Callable[..., float]:
    return lambda classes, labels: float(figure(_Counts.of(classes, labels)).mean())


def _binary(figure: Callable[[_Counts], NDArray[np.float64]]) -> Callable[..., float]:
    def positive(classes: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
        if not set(np.unique(np.concatenate([labels, classes])).tolist()) <= {0, 1}:
            raise UserError(_MULTICLASS)
        # Class 1 last, and present even if no row has it as label or prediction: its figures are then 0.
        counts = _Counts.of(np.append(classes, [0, 1]), np.append(labels, [1, 0]))
        true = _Counts(counts.right, counts.predicted - 1, counts.actual - 1)
        return float(figure(true)[1])

    return positive


def _accuracy(classes: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    return float((classes == labels).mean())


def _balanced_accuracy(classes: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    counts = _Counts.of(classes, labels)
    return float(counts.recall()[counts.actual > 0].mean())


def _mse(predictions: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    return float(((predictions - labels) ** 2).mean())


def _rmse(predictions: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    return float(np.sqrt(_mse(predictions, labels)))


def _mae(predictions: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    return float(np.abs(predictions - labels).mean())


def _r2(predictions: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    total = float(((labels - labels.mean()) ** 2).sum())
    rest = float(((labels - predictions) ** 2).sum())
    if total == 0:
        return 1.0 if rest == 0 else 0.0
    return 1 - rest / total


_REGRESSION: dict[str, Callable[..., float]] = {"mse": _mse, "rmse": _rmse, "mae": _mae, "r2": _r2}

FUNCTIONS: dict[str, Callable[..., float]] = {
    **_REGRESSION,
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1": _macro(_Counts.f1),
    "f1_binary": _binary(_Counts.f1),
    "f1_macro": _macro(_Counts.f1),
    "precision": _binary(_Counts.precision),
    "precision_macro": _macro(_Counts.precision),
    "precision_micro": _accuracy,
    "recall": _binary(_Counts.recall),
    "recall_macro": _macro(_Counts.recall),
    "recall_micro": _accuracy,
}
"""Each takes predicted values or classes, and labels. For one label per row the micro averages are accuracy."""
