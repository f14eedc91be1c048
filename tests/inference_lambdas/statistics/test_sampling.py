from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.statistics.samples import EvenSample
from inference_lambdas.statistics.sampling import estimated_rows, scattered, stride_for


@given(st.integers(0, 500), st.integers(1, 20), st.integers(1, 60))
def test_a_sample_is_even_and_depends_on_no_batch(rows: int, limit: int, size: int) -> None:
    raw = [b"%d,\xff" % number for number in range(rows)]
    sample = EvenSample(limit)
    for start in range(0, rows, size):
        sample.add(start, raw[start : start + size])
    numbers = [int(row.split(b",")[0]) for (row,) in sample.items]
    assert len(numbers) <= limit
    assert len(numbers) >= min(rows, (limit + 1) // 2)
    stride = numbers[1] if len(numbers) > 1 else rows + 1
    assert numbers == list(range(0, rows, stride))


@given(st.integers(1, 10**9), st.integers(1, 10**6))
def test_a_stride_takes_no_more_than_allowed_and_not_much_less(rows: int, most: int) -> None:
    count = len(range(0, rows, stride_for(rows, most)))
    assert count <= most
    assert 2 * count >= min(rows, most)


def test_rows_are_estimated_from_the_head() -> None:
    head = b"1,2\n" * 100
    assert estimated_rows(head, 4_000_000, None) == 1_000_000
    assert estimated_rows(head, 4_000_000, 250) == 250
    assert estimated_rows(head, 400, None) == 100
    assert estimated_rows(b"", 1, None) == 1
    assert estimated_rows(b"a row longer than the head", 2600, None) == 100


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 50))
def test_scattered_rows_do_not_depend_on_batches(sizes: list[int], stride: int) -> None:
    rows = [str(number).encode() for number in range(sum(sizes))]
    found: list[bytes] = []
    first = 0
    for size in sizes:
        found += scattered(rows[first : first + size], first, stride)
        first += size
    assert found == list(scattered(rows, 0, stride))
    assert len(found) <= math.ceil(len(rows) / stride)
    assert len(found) >= len(rows) // (stride + 1)


@pytest.mark.simulation
@pytest.mark.parametrize("cycle", [2, 24, 60, 240])
@pytest.mark.parametrize("stride", [2, 4, 12, 60])
def test_a_cycle_is_seen_all_around(cycle: int, stride: int) -> None:
    rows = [str(number % cycle).encode() for number in range(100 * cycle * stride)]
    seen = Counter(scattered(rows, 0, stride))
    assert len(seen) == cycle
    assert max(seen.values()) < 1.3 * min(seen.values())
