from __future__ import annotations

import math

import pytest

from inference_lambdas.judging.gates import Verdict, judge, not_applicable
from pipeline_lambdas.config.model import Gate


@pytest.mark.parametrize(
    ("gate", "value", "reason"),
    [
        (Gate("rmse", max=0.5), 0.5, ""),
        (Gate("rmse", max=0.5), 0.25, ""),
        (Gate("rmse", max=0.5), 0.75, "rmse is 0.75, above the greatest allowed, 0.5"),
        (Gate("r2", min=0.3), 0.3, ""),
        (Gate("r2", min=0.3), 0.1234567, "r2 is 0.123457, below the least allowed, 0.3"),
        (Gate("auc", min=0.5, max=0.9), 0.95, "auc is 0.95, above the greatest allowed, 0.9"),
        (Gate("logloss", max=1.0), None, "logloss cannot be evaluated"),
        (Gate("logloss", max=1.0), math.nan, "logloss cannot be evaluated"),
        (Gate("logloss", max=1.0), math.inf, "logloss cannot be evaluated"),
    ],
)
def test_gates(gate: Gate, value: float | None, reason: str) -> None:
    (verdict,) = judge([gate], {gate.metric: value})
    assert verdict.reason == reason
    assert verdict.word == ("failed" if reason else "passed")


def test_a_metric_that_is_missing_fails() -> None:
    assert judge([Gate("auc", min=0.1)], {}) == (Verdict("bound", "auc", None, "auc cannot be evaluated", min=0.1),)


def test_a_slice_is_named() -> None:
    (verdict,) = judge([Gate("rmse", max=1.0)], {"rmse": 2.0}, "slice", "alcohol < 10")
    assert verdict.reason == "rmse of alcohol < 10 is 2, above the greatest allowed, 1"
    assert (verdict.kind, verdict.subject, verdict.max) == ("slice", "alcohol < 10", 1.0)


def test_what_does_not_apply_neither_passes_nor_fails() -> None:
    (verdict,) = not_applicable([Gate("rmse", max=1.0)], "slice", "alcohol < 10", "too few rows")
    assert (verdict.word, verdict.failed, verdict.reason) == ("not applicable", False, "too few rows")
