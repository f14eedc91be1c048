from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from local_aws.sagemaker.containers.toolkit.exceptions import UserError
from local_aws.sagemaker.containers.xgboost import metrics

# Labels 1 1 1 0 0, predicted classes 1 1 0 1 0: two true positives, one false positive, one false negative.
BINARY = ("binary:logistic", [0.9, 0.6, 0.4, 0.7, 0.5], [1, 1, 1, 0, 0])
MARGIN = ("binary:logitraw", [2.0, 0.1, -1.0, 3.0, 0.0], [1, 1, 1, 0, 0])
# Labels 0 0 1 2, predicted 0 1 1 1. Class 2 is never predicted.
SOFTMAX = ("multi:softmax", [0, 1, 1, 1], [0, 0, 1, 2])
SOFTPROB = ("multi:softprob", [[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0, 1, 0], [0.3, 0.4, 0.3]], [0, 0, 1, 2])
REGRESSION = ("reg:squarederror", [1.0, 2.0, 6.0], [1.0, 4.0, 4.0])
NO_POSITIVE = ("binary:hinge", [0.0, 0.0], [0, 0])

CASES = [
    (BINARY, "accuracy", 3 / 5),
    (BINARY, "balanced_accuracy", (2 / 3 + 1 / 2) / 2),
    (BINARY, "precision", 2 / 3),
    (BINARY, "recall", 2 / 3),
    (BINARY, "f1_binary", 2 / 3),
    (BINARY, "f1", (2 / 3 + 1 / 2) / 2),
    (BINARY, "f1_macro", (2 / 3 + 1 / 2) / 2),
    (BINARY, "precision_macro", (2 / 3 + 1 / 2) / 2),
    (BINARY, "recall_macro", (2 / 3 + 1 / 2) / 2),
    (BINARY, "precision_micro", 3 / 5),
    (MARGIN, "accuracy", 3 / 5),
    (SOFTMAX, "accuracy", 2 / 4),
    (SOFTMAX, "balanced_accuracy", (1 / 2 + 1 + 0) / 3),
    (SOFTMAX, "precision_macro", (1 + 1 / 3 + 0) / 3),
    (SOFTMAX, "recall_micro", 2 / 4),
    (SOFTMAX, "f1_macro", (2 / 3 + 1 / 2 + 0) / 3),
    (SOFTPROB, "f1", (2 / 3 + 1 / 2 + 0) / 3),
    (REGRESSION, "mse", 8 / 3),
    (REGRESSION, "rmse", (8 / 3) ** 0.5),
    (REGRESSION, "mae", 4 / 3),
    (REGRESSION, "r2", 1 - 8 / 6),
    (NO_POSITIVE, "precision", 0.0),
    (NO_POSITIVE, "f1_binary", 0.0),
    (NO_POSITIVE, "accuracy", 1.0),
]


@pytest.mark.parametrize(("data", "name", "value"), CASES, ids=[f"{d[0]}-{n}" for d, n, _ in CASES])
def test_a_metric_has_the_value_computed_by_hand(
    data: tuple[str, list[Any], list[int]], name: str, value: float
) -> None:
    objective, predictions, labels = data
    found = metrics.compute(
        name, objective, np.array(predictions, dtype=np.float32), np.array(labels, dtype=np.float32)
    )
    assert found == pytest.approx(value, rel=1e-6)


def test_binary_averages_of_several_classes_are_refused() -> None:
    objective, predictions, labels = SOFTMAX
    with pytest.raises(UserError, match="Target is multiclass but average='binary'"):
        metrics.compute("precision", objective, np.array(predictions, np.float32), np.array(labels, np.float32))


def test_classification_metrics_need_class_labels() -> None:
    with pytest.raises(UserError, match="Metric 'accuracy' needs class labels"):
        metrics.compute("accuracy", "reg:squarederror", np.array([1], np.float32), np.array([0.5], np.float32))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, metrics.Selection((), (), None)),
        ({"eval_metric": ["rmse"]}, metrics.Selection((), ("rmse",), "rmse")),
        (
            {"eval_metric": ["f1", "auc", "accuracy", "logloss"]},
            metrics.Selection(("auc", "logloss"), ("f1", "accuracy"), "logloss"),
        ),
        (
            {"_tuning_objective_metric": "validation:auc"},
            metrics.Selection(("auc",), (), "auc"),
        ),
        (
            {"_tuning_objective_metric": "validation:auc", "eval_metric": ["logloss", "f1"]},
            metrics.Selection(("auc", "logloss"), ("f1",), "auc"),
        ),
    ],
)
def test_metrics_are_divided_between_xgboost_and_the_container(
    asked: dict[str, Any], expected: metrics.Selection
) -> None:
    assert metrics.select(asked) == expected


@pytest.mark.parametrize(("name", "maximize"), [("auc", True), ("rmse", False), ("ndcg@5", False)])
def test_the_direction_is_that_of_the_containers_table(name: str, *, maximize: bool) -> None:
    assert metrics.Selection((name,), (), name).maximize is maximize
