from __future__ import annotations

import io
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.predicting.batching import Batch, BatchPlan, Position, Stream, batches
from inference_lambdas.predicting.rows import RowError, RowFormat
from pipeline_lambdas.runtime.failures import ConfigurationError


@dataclass
class Files:
    """Files in memory; remembers how they were opened."""

    contents: list[bytes]
    opened: list[tuple[int, int, str | None]] = field(default_factory=list)

    def open(self, index: int, offset: int, etag: str | None) -> Stream:
        self.opened.append((index, offset, etag))
        return MemoryStream(f"s3://b/{index}.csv", self.contents[index], offset)

    def plan(self, target_bytes: int = 16, max_rows: int | None = None, limit_bytes: int = 1000) -> BatchPlan:
        return BatchPlan(
            sizes=tuple(map(len, self.contents)),
            form=RowFormat("text/csv"),
            limit_bytes=limit_bytes,
            open_file=self.open,
            max_rows=max_rows,
            target_bytes=target_bytes,
        )


class MemoryStream:
    def __init__(self, uri: str, content: bytes, offset: int) -> None:
        self.uri = uri
        self.etag: str | None = f'"{uri}"'
        self.size_bytes = len(content)
        self._body = io.BytesIO(content[offset:])

    def read(self, size: int, /) -> bytes:
        return self._body.read(size)

    def close(self) -> None:
        self._body.close()


def labels(found: list[Batch]) -> list[float]:
    return [label for batch in found for label in batch.labels]


FILES = st.lists(st.integers(1, 12), min_size=1, max_size=3)


def contents_of(counts: list[int], *, newline_at_end: bool = True) -> list[bytes]:
    number = iter(range(1000))
    files = ["".join(f"{next(number)},{index},7\n" for index in range(count)) for count in counts]
    return [text.encode() if newline_at_end else text.encode().rstrip(b"\n") for text in files]


@given(FILES, st.integers(1, 60), st.booleans())
def test_every_row_comes_once_in_order(counts: list[int], target: int, newline: bool) -> None:
    files = Files(contents_of(counts, newline_at_end=newline))
    found = list(batches(files.plan(target), Position()))
    assert labels(found) == list(map(float, range(sum(counts))))
    assert all(batch.body.count(b"\n") + 1 == len(batch.labels) for batch in found)
    assert found[-1].end.rows == sum(counts)


@given(FILES, st.integers(1, 60), st.data())
def test_going_on_from_any_batch_gives_the_rest(counts: list[int], target: int, data: st.DataObject) -> None:
    plan = Files(contents_of(counts)).plan(target)
    whole = list(batches(plan, Position()))
    cut = data.draw(st.integers(1, len(whole)))
    files = Files(contents_of(counts))
    rest = list(batches(files.plan(target), whole[cut - 1].end))
    assert labels(whole[:cut]) + labels(rest) == labels(whole)
    assert [batch.end for batch in rest] == [batch.end for batch in whole[cut:]]
    assert [batch.block.line_of(0) for batch in rest] == [batch.block.line_of(0) for batch in whole[cut:]]
    # An object is never asked for a range that starts at its end.
    assert all(offset < len(files.contents[index]) for index, offset, _ in files.opened)


def test_going_on_pins_the_etag() -> None:
    files = Files(contents_of([10]))
    first = next(batches(files.plan(), Position()))
    next(batches(files.plan(), first.end))
    assert files.opened == [(0, 0, None), (0, first.end.offset, '"s3://b/0.csv"')]


@pytest.mark.parametrize("max_rows", [1, 5, 6, 10, 11, 99])
def test_only_the_first_rows(max_rows: int) -> None:
    files = Files(contents_of([5, 6]))
    found = list(batches(files.plan(max_rows=max_rows), Position()))
    assert labels(found) == list(map(float, range(min(max_rows, 11))))
    assert list(batches(files.plan(max_rows=max_rows), found[-1].end)) == []


@pytest.mark.parametrize("content", [b"", b"\n\n\n", b"\r\n"])
def test_a_file_without_rows_is_refused(content: bytes) -> None:
    files = Files([b"1,2\n", content])
    with pytest.raises(RowError, match=r"s3://b/1\.csv: found no rows"):
        list(batches(files.plan(), Position()))


def test_the_files_must_agree_on_their_columns() -> None:
    files = Files([b"1,2,3\n", b"1,2\n"])
    with pytest.raises(RowError, match=r"s3://b/1\.csv: line 1: found 2 columns, so 1 features; expected 3"):
        list(batches(files.plan(), Position()))


def test_no_request_exceeds_the_limit() -> None:
    content = b"".join(b"1," + b"2" * length + b"\n" for length in (50, 3, 40, 60, 1, 1, 1))
    found = list(batches(Files([content]).plan(32, limit_bytes=100), Position()))
    assert len(labels(found)) == 7
    assert all(len(batch.body) <= 100 for batch in found)


def test_a_row_above_the_limit_is_refused() -> None:
    files = Files([b"1,2\n1," + b"2" * 500 + b"\n"])
    with pytest.raises(ConfigurationError, match=r"s3://b/0\.csv: line 2: found a row of more than .* at most 84"):
        list(batches(files.plan(16, limit_bytes=100), Position()))
