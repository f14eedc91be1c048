from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.statistics.score_ranking import ScoreRanking
from tests.inference_lambdas.inside import held

ROWS = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60)


def add(ranking: ScoreRanking, rows: list[tuple[bool, float]]) -> None:
    ranking.add([score for positive, score in rows if not positive], [score for positive, score in rows if positive])


def area_of(rows: list[tuple[bool, float]]) -> float | None:
    pairs = list(product([s for y, s in rows if y], [s for y, s in rows if not y]))
    return sum((high > low) + (high == low) / 2 for high, low in pairs) / len(pairs) if pairs else None


@given(ROWS)
def test_binned_is_within_its_error(rows: list[tuple[bool, float]]) -> None:
    ranking = ScoreRanking(exact_limit=0)
    add(ranking, rows)
    area, error = ranking.area()
    expected = area_of(rows)
    if expected is None:
        assert area is None
    else:
        assert area is not None
        assert abs(area - expected) <= error + 1e-12


@given(ROWS, st.integers(0, 8), st.integers(1, 7))
def test_grouping_does_not_decide_about_bins(rows: list[tuple[bool, float]], limit: int, size: int) -> None:
    whole = ScoreRanking(limit)
    add(whole, rows)
    pieces = ScoreRanking(limit)
    for start in range(0, len(rows), size):
        add(pieces, rows[start : start + size])
    assert held(pieces) == held(whole)
    assert pieces.area() == whole.area()
    distinct = len({score for _, score in rows})
    assert held(whole)["_binned"] == (distinct > limit)


@pytest.mark.simulation
def test_memory_is_bounded_beyond_the_limit() -> None:
    generator = random.Random(1)  # noqa: S311
    ranking = ScoreRanking(exact_limit=1000)
    rows = [(generator.random() < 0.3, generator.random()) for _ in range(200_000)]
    add(ranking, rows)
    assert len(held(ranking)["_negatives"]) <= 65_536
    area, error = ranking.area()
    assert area is not None
    assert 0.49 < area < 0.51
    assert 0 < error < 1e-4
