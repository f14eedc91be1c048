"""Sums per group: how rows are grouped, and that nothing depends on how they came in."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inference_lambdas.statistics.groups import LIMIT, GroupSums
from tests.inference_lambdas.inside import held

CUTS = st.lists(st.integers(0, 10**6), max_size=5)
VALUES = st.floats(-1e150, 1e150)


def fed(values: list[float], cuts: list[int]) -> GroupSums:
    """Return sums of the values and of their squares' roots, fed in pieces."""
    sums = GroupSums(2)
    for start, end in pairwise([0, *sorted(cut % (len(values) + 1) for cut in cuts), len(values)]):
        sums.add(values[start:end], list(map(abs, values[start:end])))
    return sums


# Repeating a few values makes a long stream that hypothesis can shrink.
@pytest.mark.simulation
@settings(deadline=None, max_examples=50)
@given(st.lists(VALUES, min_size=1, max_size=20), st.integers(1, 5 * LIMIT), CUTS)
@example([1e100, 1.0, -1e100], 2 * LIMIT + 1, [LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT])
def test_batches_change_no_bit(pattern: list[float], rows: int, cuts: list[int]) -> None:
    values = (pattern * (rows // len(pattern) + 1))[:rows]
    whole = fed(values, [])
    pieces = fed(values, cuts)
    assert held(pieces) == held(whole)
    assert pieces.columns() == whole.columns()
    assert pieces.totals == whole.totals
    scale = math.fsum(map(abs, values))
    # A rounding for each group and each time that it has merged; exact where no group is more than a row.
    error = 0.0 if rows <= LIMIT else scale * 2**-50
    assert whole.totals == pytest.approx([math.fsum(values), scale], rel=0.0, abs=error)


@pytest.mark.parametrize(
    ("rows", "size", "groups"),
    [
        (0, 1, 0),
        (1, 1, 1),
        (LIMIT, 1, LIMIT),
        (LIMIT + 1, 2, LIMIT // 2 + 1),
        (2 * LIMIT, 2, LIMIT),
        (2 * LIMIT + 1, 4, LIMIT // 2 + 1),
        (100_000, 128, 782),
    ],
)
def test_there_are_never_more_groups_than_the_limit(rows: int, size: int, groups: int) -> None:
    sums = GroupSums(1)
    for start in range(0, rows, 30_000):
        sums.add([1.0] * min(30_000, rows - start))
    counts, ones = sums.columns()
    assert sums.rows == rows
    assert counts == ones == [float(size)] * (rows // size) + [float(rows % size)] * (rows % size > 0)
    assert len(counts) == groups


def test_groups_are_consecutive_rows() -> None:
    generator = random.Random(3)  # noqa: S311
    values = [generator.uniform(-1, 1) for _ in range(3 * LIMIT)]
    sums = GroupSums(1)
    sums.add(values)
    expected = [math.fsum(values[start : start + 4]) for start in range(0, len(values), 4)]
    assert sums.columns()[1] == pytest.approx(expected, abs=1e-12)


def test_a_sum_beyond_floats_is_infinite() -> None:
    sums = GroupSums(1)
    sums.add([1.7e308] * (2 * LIMIT))
    assert sums.totals == [math.inf]
    assert set(sums.columns()[1]) == {math.inf}
