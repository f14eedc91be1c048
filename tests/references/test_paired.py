"""Tests of two models on the same rows agree with scipy's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from inference_lambdas.statistics.paired import mcnemar


@given(st.integers(0, 500), st.integers(0, 500))
def test_mcnemar_agrees_with_scipy(only_first: int, only_second: int) -> None:
    tosses = only_first + only_second
    expected = stats.binomtest(only_first, tosses).pvalue if tosses else 1.0
    assert mcnemar(only_first, only_second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(only_first, only_second) == mcnemar(only_second, only_first)


@pytest.mark.parametrize(("only_first", "only_second"), [(4_998_000, 5_002_000), (5_000_000, 5_000_001), (0, 10**7)])
def test_mcnemar_of_millions(only_first: int, only_second: int) -> None:
    expected = stats.binomtest(only_first, only_first + only_second).pvalue
    assert mcnemar(only_first, only_second) == pytest.approx(expected, rel=1e-6)
