"""The bounds of gates follow from what knows no feature, so that a model that has learned nothing fails."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from slipway.tables.baseline import Moments, chance_auc, of_classes, of_numbers
from slipway.tables.findings import Baseline


def bounds(baseline: Baseline) -> dict[str, float]:
    return {bound.metric: bound.value for bound in baseline.gates}


def test_numbers_are_compared_with_the_mean_of_the_train_rows() -> None:
    train, validation = np.array([1.0, 2, 3, 6]), np.array([2.0, 4, 9])
    moments = [Moments(len(part), part.mean(), (part**2).mean()) for part in (train, validation)]
    rmse = math.sqrt(((validation - train.mean()) ** 2).mean())
    found = of_numbers(*moments)
    assert found.metrics["rmse"] == pytest.approx(rmse)
    assert bounds(found)["rmse"] == pytest.approx(0.95 * rmse, rel=1e-3)
    assert 0 < bounds(found)["r2"] < 0.1
    assert found.smoke.value > rmse


def test_two_classes_are_compared_with_their_shares_and_with_chance() -> None:
    found = of_classes(("no", "yes"), {"no": 698, "yes": 300}, {"no": 140, "yes": 60})
    labels = [0] * 140 + [1] * 60
    logloss = log_loss(labels, [301 / 1000] * 200)
    assert found.metrics == {"accuracy": 0.7, "logloss": pytest.approx(logloss)}
    assert bounds(found)["logloss"] == pytest.approx(0.95 * logloss, rel=1e-3)
    assert bounds(found)["auc"] == chance_auc(60, 140) > 0.6


def test_many_classes_are_compared_with_the_commonest() -> None:
    validation = {"a": 60, "b": 25, "c": 15}
    found = of_classes(("a", "b", "c"), {"a": 600, "b": 250, "c": 150}, validation)
    labels = [name for name, rows in validation.items() for _ in range(rows)]
    f1 = f1_score(labels, ["a"] * 100, average="macro", zero_division=0)
    assert found.metrics["f1_macro"] == pytest.approx(f1)
    assert bounds(found)["f1_macro"] == pytest.approx(f1 + 0.1 * (1 - f1), rel=1e-3)


def test_a_class_that_training_never_sees_has_a_finite_logloss() -> None:
    found = of_classes(("a", "b", "c"), {"a": 10, "b": 5}, {"a": 2, "c": 1})
    assert math.isfinite(found.metrics["logloss"])


def test_chance_seldom_passes_the_gate_of_the_auc() -> None:
    source = np.random.default_rng(5)
    labels = np.array([1] * 30 + [0] * 90)
    passed = sum(roc_auc_score(labels, source.random(120)) >= chance_auc(30, 90) for _ in range(400))
    assert passed <= 4


def test_without_one_of_the_classes_the_auc_is_the_least() -> None:
    assert chance_auc(0, 10) == chance_auc(100_000, 100_000) == 0.55
