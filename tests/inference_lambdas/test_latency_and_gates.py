from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.gates import Verdict, judge
from inference_lambdas.latency import RESOLUTION, Latencies
from pipeline_lambdas.config_model import Gate


@given(st.lists(st.floats(0.01, 60_000), min_size=1), st.integers(0, 20))
def test_percentiles_are_within_the_resolution(latencies: list[float], cut: int) -> None:
    first = Latencies()
    for value in latencies[:cut]:
        first.add(value)
    histogram = Latencies(json.loads(json.dumps(first.to_json())))
    for value in latencies[cut:]:
        histogram.add(value)
    assert histogram.invocations == len(latencies)
    assert histogram.values()["latency_max_ms"] == max(latencies)
    for percent in (50, 95, 99):
        exact = sorted(latencies)[math.ceil(len(latencies) * percent / 100) - 1]
        found = histogram.percentile(percent)
        assert found is not None
        assert exact * (1 - 1e-9) <= found <= exact * (1 + RESOLUTION) * (1 + 1e-9)


def test_without_invocations_there_is_no_latency() -> None:
    assert set(Latencies().values().values()) == {None}


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
    assert verdict.passed == (not reason)


def test_a_metric_that_is_missing_fails() -> None:
    assert judge([Gate("auc", min=0.1)], {}) == (Verdict(Gate("auc", min=0.1), None, "auc cannot be evaluated"),)
