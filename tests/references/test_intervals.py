"""Intervals agree with scipy's."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from inference_lambdas.statistics.bootstrap import Resampled
from inference_lambdas.statistics.intervals import normal_quantile, normal_share_below, wilson


@given(st.integers(1, 10**7), st.floats(0, 1))
def test_wilson_agrees_with_scipy(trials: int, share: float) -> None:
    successes = round(trials * share)
    found = wilson(successes, trials)
    expected = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    assert found is not None
    assert found.low == pytest.approx(expected.low, abs=1e-12)
    assert found.high == pytest.approx(expected.high, abs=1e-12)
    assert 0 <= found.low <= successes / trials <= found.high <= 1


@given(st.floats(1e-12, 1 - 1e-6))
def test_normal_distribution(share: float) -> None:
    assert normal_quantile(share) == pytest.approx(stats.norm.ppf(share), abs=1e-9)
    assert normal_share_below(normal_quantile(share)) == pytest.approx(share, rel=1e-9)


def test_bootstrap_agrees_with_scipy() -> None:
    generator = random.Random(4)  # noqa: S311
    values = [generator.expovariate(1) for _ in range(60)]
    found = Resampled([[1.0] * 60, values], seed=1).limits(lambda totals: totals[1] / totals[0])
    expected = stats.bootstrap((values,), lambda sample, axis: sample.mean(axis=axis), n_resamples=20_000, rng=1)
    low, high = expected.confidence_interval
    assert found is not None
    # Two sets of random draws: the ends scatter by some hundredths of the width.
    assert found == pytest.approx((low, high), abs=0.1 * (high - low))
