"""Epochs of training with scikit-learn: one model, by stochastic gradient descent, row by row.

https://docs.aws.amazon.com/sagemaker/latest/dg/ll_how-it-works.html. AWS trains many models in mini-batches, by adam if
set otherwise, and keeps the best; that is not emulated, see docs/local-aws.md. scikit-learn is imported when a job
trains, so that a process that serves needs numpy only.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from local_aws.sagemaker.containers.linear_learner.hyperparameters import BINARY, MULTICLASS, REGRESSOR
from local_aws.sagemaker.containers.linear_learner.model import LinearModel
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError, NotEmulatedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from local_aws.sagemaker.containers.linear_learner.data import Rows
    from local_aws.sagemaker.containers.linear_learner.hyperparameters import Settings

    Numbers = NDArray[np.float64]

_WEIGHT_DECAY = 1e-4
_LEARNING_RATE = 0.01
_ABSENT = -30.0
"""The bias of a class without rows in the training data: it is never predicted."""


@dataclass(frozen=True)
class _Scaling:
    """Subtracts `mean` from features and label and divides by `deviation`; the label has its own two numbers."""

    mean: Numbers
    deviation: Numbers
    label_mean: float = 0.0
    label_deviation: float = 1.0

    def features(self, found: Numbers) -> Numbers:
        return (found - self.mean) / self.deviation

    def labels(self, found: Numbers) -> Numbers:
        return (found - self.label_mean) / self.label_deviation

    def undone(self, weights: Numbers, bias: Numbers) -> tuple[Numbers, Numbers]:
        """Return weights and bias for features and labels on the scale of the data."""
        plain = weights / self.deviation
        bias = bias - plain @ self.mean
        return plain * self.label_deviation, bias * self.label_deviation + self.label_mean


def epochs(settings: Settings, rows: Rows) -> Iterator[LinearModel]:
    """Yield the model after each epoch, endlessly. Raises CustomerError for data that cannot train a model."""
    if settings.loss == "quantile_loss":
        raise NotEmulatedError("Hyperparameter loss: quantile_loss is not trained locally; train on AWS.")
    scaling = _scaling(settings, rows)
    features, labels = scaling.features(rows.features), scaling.labels(rows.labels)
    if settings.predictor != REGRESSOR and len(np.unique(labels)) < 2:
        raise CustomerError(f"The training data has one class, {labels[0]:g}: a classifier needs two or more")
    fit = _multiclass if settings.predictor == MULTICLASS else _descent
    for weights, bias in fit(settings, features, labels, scaling.label_deviation):
        plain, moved = scaling.undone(weights, bias)
        yield LinearModel(
            settings.predictor,
            settings.loss in ("logistic", "softmax_loss"),
            plain.tolist(),
            moved.tolist(),
            threshold=0.5 if settings.loss == "logistic" else 0.0,
        )


def _scaling(settings: Settings, rows: Rows) -> _Scaling:
    sample = rows.features[: settings.integer("num_point_for_scaler")]
    labels = rows.labels[: settings.integer("num_point_for_scaler")]
    zeros, ones = np.zeros(sample.shape[1]), np.ones(sample.shape[1])
    bias, deviation = settings.truth("use_bias"), sample.std(axis=0)
    regressor = settings.predictor == REGRESSOR
    return _Scaling(
        sample.mean(axis=0) if bias and settings.truth("unbias_data", auto=True) else zeros,
        np.where(deviation > 0, deviation, 1.0) if settings.truth("normalize_data", auto=True) else ones,
        float(labels.mean()) if regressor and bias and settings.truth("unbias_label", auto=True) else 0.0,
        float(labels.std()) or 1.0 if regressor and settings.truth("normalize_label", auto=True) else 1.0,
    )


def _penalty(settings: Settings) -> tuple[float, float]:
    """Return the strength of the regularisation, and its share of L1."""
    l1, l2 = settings.number("l1"), settings.number("wd", _WEIGHT_DECAY)
    return l1 + l2, l1 / (l1 + l2) if l1 + l2 else 0.0


def _descent(
    settings: Settings, features: Numbers, labels: Numbers, label_deviation: float
) -> Iterator[tuple[Numbers, Numbers]]:
    from sklearn.linear_model import SGDClassifier, SGDRegressor  # noqa: PLC0415

    strength, share = _penalty(settings)
    common: dict[str, Any] = {
        "alpha": strength,
        "l1_ratio": share,
        "penalty": "elasticnet",
        "fit_intercept": settings.truth("use_bias"),
        "learning_rate": "invscaling" if settings.truth("use_lr_scheduler") else "constant",
        "eta0": settings.number("learning_rate", _LEARNING_RATE),
        "power_t": 0.25,
        "average": len(labels),  # from the second epoch on
        "random_state": 0,
    }
    insensitivity = settings.number("loss_insensitivity") / label_deviation
    losses: dict[str, dict[str, Any]] = {
        "squared_loss": {"loss": "squared_error"},
        "absolute_loss": {"loss": "epsilon_insensitive", "epsilon": 0.0},
        "eps_insensitive_absolute_loss": {"loss": "epsilon_insensitive", "epsilon": insensitivity},
        "eps_insensitive_squared_loss": {"loss": "squared_epsilon_insensitive", "epsilon": insensitivity},
        "huber_loss": {"loss": "huber", "epsilon": settings.number("huber_delta") / label_deviation},
        "logistic": {"loss": "log_loss"},
        "hinge_loss": {"loss": "hinge"},
    }
    classifies = settings.predictor == BINARY
    model = (SGDClassifier if classifies else SGDRegressor)(**common, **losses[settings.loss])
    known = {"classes": np.array([0.0, 1.0])} if classifies else {}
    weights = _weights(settings, labels)
    # A hinge loss with another margin has the same solution, scaled by the margin.
    margin = settings.number("margin") if settings.loss == "hinge_loss" else 1.0
    while True:
        model.partial_fit(features, labels, sample_weight=weights, **known)
        yield np.atleast_2d(model.coef_) * margin, np.atleast_1d(model.intercept_) * margin


def _multiclass(
    settings: Settings, features: Numbers, labels: Numbers, label_deviation: float
) -> Iterator[tuple[Numbers, Numbers]]:
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    del label_deviation
    strength, share = _penalty(settings)
    model = LogisticRegression(
        C=1.0 / (strength * len(labels)) if strength else np.inf,
        l1_ratio=share,
        fit_intercept=settings.truth("use_bias"),
        solver="saga",
        max_iter=1,  # one epoch; the next call continues from there
        warm_start=True,
        random_state=0,
    )
    weights = _weights(settings, labels)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(features, labels, sample_weight=weights)
        yield _of_all_classes(settings.classes, model.classes_.astype(np.int64), model.coef_, model.intercept_)


def _of_all_classes(
    classes: int, known: NDArray[np.int64], coefficients: Numbers, intercepts: Numbers
) -> tuple[Numbers, Numbers]:
    """Return a row for each class, also for classes without data; scikit-learn has one row for two classes."""
    if len(known) == 2:
        coefficients = np.concatenate([-coefficients, coefficients]) / 2.0
        intercepts = np.concatenate([-intercepts, intercepts]) / 2.0
    weights, bias = np.zeros((classes, coefficients.shape[1])), np.full(classes, _ABSENT)
    weights[known], bias[known] = coefficients, intercepts
    return weights, bias


def _weights(settings: Settings, labels: Numbers) -> Numbers | None:
    if settings.predictor == MULTICLASS and settings.truth("balance_multiclass_weights"):
        counts = np.bincount(labels.astype(np.int64), minlength=settings.classes)
        return np.asarray(len(labels) / (np.count_nonzero(counts) * counts[labels.astype(np.int64)]))
    if settings.predictor != BINARY:
        return None
    given = settings.texts["positive_example_weight_mult"]
    positives = float((labels > 0).sum())
    balanced = (len(labels) - positives) / positives if positives else 1.0
    weight = {"balanced": balanced, "auto": 1.0}.get(given)
    return np.where(labels > 0, float(given) if weight is None else weight, 1.0)
