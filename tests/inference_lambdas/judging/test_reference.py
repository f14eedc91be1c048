from __future__ import annotations

import itertools
import math
import random
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.judging import reference as module
from inference_lambdas.judging.reference import pieces, read_reference
from pipeline_lambdas.runtime.failures import ConfigurationError


def read_all(files: list[bytes], places: list[int], columns: int = 3) -> module.Reference:
    return read_reference(
        [len(content) for content in files], lambda index, start, end: files[index][start:end], columns, places
    )


def test_a_small_channel_is_read_whole() -> None:
    found = read_all([b"1,2,3\r\n\n4,,6\n", b"7,8,nan"], [1, 2])
    assert [list(values) for values in found.values] == [[2.0, 8.0], [3.0, 6.0]]
    assert (found.missing, found.rows, found.sampled) == ([1, 1], 3, False)


def test_a_row_with_other_columns_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Channel train: found a row of 2 columns; expected 3"):
        read_all([b"1,2,3\n1,2\n"], [1])


@given(st.lists(st.integers(1, 40 * module.BLOCK_BYTES), min_size=1, max_size=40))
def test_a_large_channel_is_read_in_blocks_all_over_it(sizes: list[int]) -> None:
    found = list(pieces(sizes))
    read = sum(end - start for _, start, end in found)
    assert read <= module.MAX_BYTES
    assert all(0 <= start < end <= sizes[index] for index, start, end in found)
    if sum(sizes) <= module.MAX_BYTES:
        assert found == [(index, 0, size) for index, size in enumerate(sizes)]
        return
    assert len(found) == 16
    starts = [sum(sizes[:index]) + start for index, start, _ in found]
    gaps = {later - earlier for earlier, later in itertools.pairwise(starts)}
    assert max(gaps) - min(gaps) <= 1
    assert starts[0] == 0
    assert starts[-1] + module.BLOCK_BYTES == sum(sizes)


def test_blocks_are_cut_to_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK_BYTES", 100)
    monkeypatch.setattr(module, "MAX_BYTES", 1600)
    generator = random.Random(3)  # noqa: S311
    numbers = [generator.randrange(10 ** generator.randrange(1, 9)) for _ in range(5000)]
    content = b"".join(b"0,%d,1\n" % number for number in numbers)
    cut = content.rfind(b"\n", 0, 20_000) + 1
    found = read_all([content[:cut], content[cut:]], [1])
    # A line that a block begins or ends in is left out, so every value is a whole one.
    assert found.sampled
    assert 100 < found.rows < 400
    assert set(found.values[0]) <= set(map(float, numbers))


def test_rows_of_a_block_are_thinned_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VALUES", 1000)
    content = b"".join(b"%d,%d,1\n" % (number, number) for number in range(10_000))
    found = read_all([content], [0, 1])
    assert found.sampled
    assert 400 < found.rows <= 500
    assert [len(values) for values in found.values] == [found.rows, found.rows]
    numbers = found.values[0]
    assert isinstance(numbers, array)
    steps = {later - earlier for earlier, later in itertools.pairwise(numbers)}
    assert max(steps) - min(steps) == 1


def test_memory_is_bounded_by_the_number_of_values() -> None:
    assert module.MAX_VALUES * 8 <= 32 * 1024 * 1024
    assert math.isclose(module.MAX_BYTES / module.BLOCK_BYTES, 16)
