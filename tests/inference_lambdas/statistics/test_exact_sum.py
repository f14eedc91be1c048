from __future__ import annotations

import json
import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.statistics.exact_sum import ExactSum

FLOATS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e150, max_value=1e150)


def chunks_of(values: list[float], sizes: list[int]) -> list[list[float]]:
    chunks, rest = [], values
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]
    return [*chunks, rest]


@given(st.lists(FLOATS), st.lists(st.integers(0, 5)), st.randoms())
def test_neither_grouping_nor_order_nor_storing_changes_a_bit(
    values: list[float], sizes: list[int], random: object
) -> None:
    whole = ExactSum()
    whole.add(values)
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    pieces = ExactSum()
    for chunk in chunks_of(shuffled, sizes):
        pieces = ExactSum(json.loads(json.dumps(pieces.parts)))
        pieces.add(chunk)
    assert pieces.parts == whole.parts
    assert pieces.value == whole.value == math.fsum(values)


@given(st.lists(FLOATS))
def test_the_parts_are_the_sum_without_rounding(values: list[float]) -> None:
    total = ExactSum()
    total.add(values)
    assert sum(map(Fraction, total.parts), Fraction(0)) == sum(map(Fraction, values), Fraction(0))


def test_what_rounding_would_lose_is_kept() -> None:
    total = ExactSum()
    for value in (1e100, 1.0, -1e100):
        total.add([value])
    assert total.value == 1.0


def test_a_sum_beyond_floats_is_infinite_and_stays_so() -> None:
    total = ExactSum()
    total.add([1.7e308, 1.7e308])
    total.add([-1.7e308])
    assert total.value == math.inf
    total.add([math.nan])
    assert total.parts == [math.inf]
