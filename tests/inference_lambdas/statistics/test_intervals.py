"""Intervals by hand and at the edges; against scipy, and that they hold what they claim: tests/references."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inference_lambdas.statistics.bootstrap import REPLICATES, Resampled
from inference_lambdas.statistics.intervals import Interval, logistic, wilson, wilson_f1
from inference_lambdas.statistics.metrics import BinaryMetrics, Metrics, MulticlassMetrics, RegressionMetrics
from inference_lambdas.statistics.score_ranking import ScoreRanking

ROWS = st.lists(
    st.tuples(st.booleans(), st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))), min_size=4, max_size=40
)


def test_wilson_by_hand() -> None:
    # Of 10 rows 7 are right; with z = 1.96 the published limits are 0.397 and 0.892.
    found = wilson(7, 10)
    assert found is not None
    assert (found.level, found.method) == (0.95, "wilson")
    assert [found.low, found.high] == pytest.approx([0.3968, 0.8922], abs=1e-4)


def test_f1_by_its_share() -> None:
    share, interval = wilson(80, 100), wilson_f1(80, 20)
    assert share is not None
    assert interval is not None
    # F1 = 2 TP / (2 TP + FP + FN) of as many rows as the limits of the share have.
    assert interval.low == pytest.approx(2 * share.low / (2 * share.low + (1 - share.low)))
    assert interval.high == pytest.approx(2 * share.high / (2 * share.high + (1 - share.high)))


@pytest.mark.parametrize(("value", "share"), [(0, 0.5), (-1e6, 0), (1e6, 1), (math.log(3), 0.75)])
def test_logistic(value: float, share: float) -> None:
    assert logistic(value) == pytest.approx(share)


def delong_limits(rows: list[tuple[bool, float]]) -> tuple[float, float] | None:
    """Return the limits from every pair of a positive and a negative row, as DeLong et al. define the variance."""
    high, low = [score for label, score in rows if label], [score for label, score in rows if not label]
    if min(len(high), len(low)) < 2:
        return None
    wins = {(i, j): (high[i] > low[j]) + (high[i] == low[j]) / 2 for i, j in product(range(len(high)), range(len(low)))}
    area = sum(wins.values()) / len(wins)
    of_positives = [sum(wins[i, j] for j in range(len(low))) / len(low) for i in range(len(high))]
    of_negatives = [sum(wins[i, j] for i in range(len(high))) / len(high) for j in range(len(low))]
    variance = sum((value - area) ** 2 for value in of_positives) / (len(high) - 1) / len(high)
    variance += sum((value - area) ** 2 for value in of_negatives) / (len(low) - 1) / len(low)
    if not 0 < area < 1:
        return None
    half = 1.959963984540054 * math.sqrt(variance) / (area * (1 - area))
    middle = math.log(area / (1 - area))
    return 1 / (1 + math.exp(half - middle)), 1 / (1 + math.exp(-half - middle))


@given(ROWS)
def test_delong_by_every_pair(rows: list[tuple[bool, float]]) -> None:
    ranking = ScoreRanking()
    ranking.add([score for label, score in rows if not label], [score for label, score in rows if label])
    found, expected = ranking.interval(), delong_limits(rows)
    if expected is None:
        assert found is None or found.method == "wilson, rows of the smaller class"
    else:
        assert found is not None
        assert found.method == "delong"
        assert [found.low, found.high] == pytest.approx(expected)


def test_beyond_the_limit_the_bins_are_named() -> None:
    generator = random.Random(2)  # noqa: S311
    rows = [(generator.random() < 0.5, generator.random()) for _ in range(2000)]
    exact, binned = ScoreRanking(), ScoreRanking(exact_limit=1000)
    for ranking in (exact, binned):
        ranking.add([score for label, score in rows if not label], [score for label, score in rows if label])
    one, other = exact.interval(), binned.interval()
    assert one is not None
    assert other is not None
    assert other.method == "delong on 65,536 bins"
    assert [other.low, other.high] == pytest.approx([one.low, one.high], abs=1e-4)


def test_a_perfect_ranking_is_as_sure_as_its_smaller_class_is_large() -> None:
    ranking = ScoreRanking()
    ranking.add([0.1] * 90, [0.9] * 10)
    expected = wilson(10, 10)
    assert expected is not None
    assert ranking.interval() == Interval(expected.low, 1.0, 0.95, "wilson, rows of the smaller class")


@pytest.mark.simulation
def test_the_seed_decides() -> None:
    generator = random.Random(5)  # noqa: S311
    metrics = RegressionMetrics()
    metrics.add([generator.random() for _ in range(3000)], [generator.random() for _ in range(3000)])
    assert metrics.intervals(1) == metrics.intervals(1)
    assert metrics.intervals(1) != metrics.intervals(2)


def test_several_statistics_are_of_the_same_draws() -> None:
    columns = [[1.0] * 200, [math.sin(row) for row in range(200)]]
    seen: list[Sequence[float]] = []

    def mean(totals: Sequence[float]) -> float:
        seen.append(totals)
        return totals[1] / totals[0]

    resampled = Resampled(columns, seed=3)
    assert resampled.limits(mean) == resampled.limits(mean)
    first, second = seen[:REPLICATES], seen[len(seen) // 2 :][:REPLICATES]
    assert first == second
    assert len({totals[1] for totals in first}) == REPLICATES


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [math.inf, math.inf, math.inf], [1.7e308, 1.7e308, 1.7e308]],
)
def test_what_cannot_be_resampled_has_no_limits(values: list[float]) -> None:
    columns = [[1.0] * len(values), values]
    assert Resampled(columns, 1).limits(lambda totals: totals[1] / totals[0]) is None


def test_a_statistic_that_some_draws_do_not_have_has_no_limits() -> None:
    assert Resampled([[1.0] * 3, [0.0, 0.0, 1.0]], 1).limits(lambda totals: totals[1] or None) is None


def test_what_does_not_scatter_is_a_point() -> None:
    metrics = RegressionMetrics()
    metrics.add([1.0, 2.0, 3.0], [1.5, 2.5, 3.5])
    interval = metrics.intervals(1)["rmse"]
    assert (interval.low, interval.high) == (0.5, 0.5)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.floats(-1e200, 1e200), st.floats(-1e200, 1e200)), max_size=5), st.booleans())
@example(rows=[(0.0, 6401962346337083.0)] * 2, binary=False)
def test_an_interval_has_its_metric_and_is_finite(rows: list[tuple[float, float]], binary: bool) -> None:
    metrics: Metrics = RegressionMetrics()
    if binary:
        rows = [(float(label > 0), 1 / (1 + abs(score))) for label, score in rows]
        metrics = BinaryMetrics()
    metrics.add([label for label, _ in rows], [prediction for _, prediction in rows])
    for name, interval in metrics.intervals(1).items():
        assert metrics.values()[name] is not None
        assert math.isfinite(interval.low)
        assert interval.low <= interval.high < math.inf


@pytest.mark.parametrize(
    ("metrics", "labels", "predictions", "names"),
    [
        (RegressionMetrics(), [], [], set()),
        (RegressionMetrics(), [1.0], [2.0], set()),
        (BinaryMetrics(), [], [], set()),
        # Nothing is predicted to be of class 1, and nothing is.
        (BinaryMetrics(), [0.0, 0.0], [0.1, 0.2], {"accuracy", "logloss"}),
        (BinaryMetrics(), [1.0, 1.0], [0.1, 0.2], {"accuracy", "recall", "f1", "logloss"}),
        (BinaryMetrics(probabilities=False), [0.0, 1.0], [0.0, 1.0], {"accuracy", "precision", "recall", "f1"}),
        (MulticlassMetrics(), [], [], set()),
        (MulticlassMetrics(probabilities=False), [1.0], [1.0], {"accuracy", "f1_macro"}),
    ],
)
def test_what_cannot_be_computed_has_no_interval(
    metrics: Metrics, labels: list[float], predictions: list[float], names: set[str]
) -> None:
    metrics.add(labels, predictions)
    assert set(metrics.intervals(1)) == names
