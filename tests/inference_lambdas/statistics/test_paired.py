"""Tests and variances of two models on the same rows, by hand and against every pair written out; against scipy in
tests/references."""

from __future__ import annotations

import math
import random
import statistics
from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.statistics import macro_f1
from inference_lambdas.statistics.macro_f1 import MacroF1
from inference_lambdas.statistics.paired import delong_log_ratio, log_ratio_of_shares, mcnemar, padded

SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
PAIRS = st.lists(st.tuples(SCORES, SCORES), min_size=2, max_size=15)


def test_mcnemar_by_hand() -> None:
    # One head among six tosses: 2 (1 + 6) / 64.
    assert mcnemar(1, 5) == pytest.approx(14 / 64)


@pytest.mark.parametrize("tosses", [1, 5, 6, 10, 33, 100])
def test_mcnemar_is_wrong_no_more_often_than_it_says(tosses: int) -> None:
    # Of equally good models, over all ways in which the rows can fall.
    for level in (0.01, 0.05, 0.5):
        ways = sum(math.comb(tosses, first) for first in range(tosses + 1) if mcnemar(first, tosses - first) <= level)
        assert ways / 2**tosses <= level


def ratio_by_every_pair(
    positives: list[tuple[float, float]], negatives: list[tuple[float, float]]
) -> tuple[float, float] | None:
    """Return the logarithm of the ratio of areas and its variance from DeLong's two covariance matrices."""
    m, n = len(positives), len(negatives)
    wins = [
        {(i, j): (positives[i][k] > negatives[j][k]) + (positives[i][k] == negatives[j][k]) / 2
         for i, j in product(range(m), range(n))}
        for k in (0, 1)
    ]  # fmt: skip
    areas = [sum(win.values()) / (m * n) for win in wins]
    if not min(areas):
        return None
    rows = [
        [sum(win[i, j] for j in range(n)) / n - area for i in range(m)] for win, area in zip(wins, areas, strict=True)
    ]
    columns = [
        [sum(win[i, j] for i in range(m)) / m - area for j in range(n)] for win, area in zip(wins, areas, strict=True)
    ]
    gradient = (1 / areas[0], -1 / areas[1])
    variance = 0.0
    for a, b in product((0, 1), (0, 1)):
        covariance = sum(x * y for x, y in zip(rows[a], rows[b], strict=True)) / (m - 1) / m
        covariance += sum(x * y for x, y in zip(columns[a], columns[b], strict=True)) / (n - 1) / n
        variance += gradient[a] * gradient[b] * covariance
    return math.log(areas[0] / areas[1]), variance


@given(PAIRS, PAIRS)
def test_delong_by_every_pair(positives: list[tuple[float, float]], negatives: list[tuple[float, float]]) -> None:
    found = delong_log_ratio(positives, negatives, (len(negatives), len(positives)))
    expected = ratio_by_every_pair(positives, negatives)
    if expected is None:
        assert found is None
    else:
        least = (0.5 / min(len(positives), len(negatives))) ** 2
        assert found == pytest.approx((expected[0], max(expected[1], least)), rel=1e-9, abs=1e-12)


def test_delong_needs_two_rows_of_each_class() -> None:
    rows = [(0.5, 0.4), (0.3, 0.2)]
    assert delong_log_ratio(rows[:1], rows, (2, 1)) is None
    assert delong_log_ratio(rows, [], (0, 2)) is None


def test_a_sample_stands_for_all_rows() -> None:
    generator = random.Random(8)  # noqa: S311
    positives, negatives = (
        [(level + generator.gauss(0, 1), level + generator.gauss(0, 1)) for _ in range(20_000)] for level in (1.0, 0.0)
    )
    whole = delong_log_ratio(positives, negatives, (20_000, 20_000))
    sample = delong_log_ratio(positives[::8], negatives[::8], (20_000, 20_000))
    assert whole is not None
    assert sample is not None
    assert sample[1] == pytest.approx(whole[1], rel=0.05)


def test_matched_shares_by_hand() -> None:
    # Both right on 40 rows, one alone on 6, the other alone on 3, none on 1: the ratio of 46 to 43 right rows, and
    # the variance of its logarithm as of matched proportions, (6 + 3) / (46 * 43).
    cells = [(40, 1.0, 1.0), (6, 1.0, 0.0), (3, 0.0, 1.0), (1, 0.0, 0.0)]
    found = log_ratio_of_shares([(count, (one, 1.0), (other, 1.0)) for count, one, other in cells])
    assert found == pytest.approx((math.log(46 / 43), 9 / (46 * 43)))


def test_one_row_more_on_which_the_two_differ() -> None:
    cells = padded({(1, True, True): 7, (0, False, True): 2})
    assert {kind: count for kind, count in cells.items() if count} == {
        (0, False, True): 2.25,
        (0, True, False): 0.25,
        (1, False, True): 0.25,
        (1, True, False): 0.25,
        (1, True, True): 7,
    }


@given(st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(1, 50), min_size=1))
def test_influence_is_the_slope_of_the_macro_f1(pairs: dict[tuple[int, int], int]) -> None:
    metric = MacroF1(pairs)
    for pair, count in pairs.items():
        step = 1e-6
        more = MacroF1({**pairs, pair: count + step}).value
        assert metric.influence(*pair) == pytest.approx((more - metric.value) / step, abs=1e-4)
    # Twice as many rows of each kind change nothing: the influences of all rows cancel out.
    assert sum(count * metric.influence(*pair) for pair, count in pairs.items()) == pytest.approx(0, abs=1e-9)


@pytest.mark.simulation
def test_macro_f1_scatters_as_its_interval_says() -> None:
    generator = random.Random(9)  # noqa: S311
    kinds = {(0, 0): 0.5, (0, 1): 0.1, (1, 1): 0.25, (1, 0): 0.05, (2, 2): 0.06, (2, 0): 0.04}
    draws = (generator.choices(list(kinds), list(kinds.values()), k=500) for _ in range(400))
    values = [MacroF1(Counter(drawn)).value for drawn in draws]
    interval = MacroF1({kind: share * 500 for kind, share in kinds.items()}).interval()
    assert interval is not None
    assert (interval.high - interval.low) / 2 / 1.96 == pytest.approx(statistics.stdev(values), rel=0.15)


@pytest.mark.parametrize("rows", [10, 1000])
def test_equal_predictions_are_not_taken_to_be_equal_everywhere(rows: int) -> None:
    scores = [(0.5, 0.5)] * rows
    cells = padded({(1, True, True): rows})
    for ratio in (
        macro_f1.log_ratio({(0, 0, 0): rows, (1, 1, 1): rows}),
        log_ratio_of_shares([(count, (one, 1.0), (other, 1.0)) for (_, one, other), count in cells.items()]),
        delong_log_ratio(scores, scores, (rows, rows)),
    ):
        assert ratio is not None
        assert ratio[0] == 0
        assert 0.1 / rows**2 < ratio[1] < 2 / rows**2
