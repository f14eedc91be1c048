"""What the training rows look like, column by column: of a large channel from blocks spread evenly over it.

A column is of numbers, or of categories.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass

from inference_lambdas.predicting.cells import numbers_of, written_cells
from inference_lambdas.predicting.quoting import values
from inference_lambdas.predicting.rows import split_rows, table_rows
from inference_lambdas.statistics.sampling import DRIFT_ROWS, estimated_rows, scattered, stride_for
from pipeline_lambdas.runtime.failures import ConfigurationError

BLOCK_BYTES = 1024 * 1024
MAX_BYTES = 16 * BLOCK_BYTES
# 32 MB of floats: with many columns fewer rows are taken.
MAX_VALUES = 4_000_000
_ROWS_AT_A_TIME = 5_000


@dataclass(slots=True)
class Reference:
    """Finite values, or how often each category is there, and the number of missing ones, a column each.

    `sampled` if it is a part of the channel.
    """

    values: list[array[float] | Counter[bytes]]
    missing: list[int]
    rows: int = 0
    sampled: bool = False


def read_reference(
    sizes: Sequence[int],
    read: Callable[[int, int, int], bytes],
    columns: int,
    places: Sequence[int],
    categories: Container[int] | None = None,
) -> Reference:
    """Read the columns at `places` of rows that have `columns` of them.

    Of a table, whose cells may be in quotes, `categories` are the places of columns that are not of numbers.

    `sizes` are those of the channel's files in bytes, `read` returns a file's bytes by its index from a start to an
    end. Raises ConfigurationError for a row with another number of columns.
    """
    empty: list[array[float] | Counter[bytes]] = [
        Counter() if categories and place in categories else array("d") for place in places
    ]
    reference = Reference(empty, [0] * len(places), sampled=sum(sizes) > MAX_BYTES)
    seen, stride = 0, 0
    for index, start, end in pieces(sizes):
        content = read(index, start, end)
        rows = split_rows(_whole_lines(content, at_start=start == 0, at_end=end == sizes[index]))
        if categories is not None:
            rows = _of_table(rows)
        if not stride:
            rows_ahead = estimated_rows(content, min(sum(sizes), MAX_BYTES), None)
            stride = stride_for(rows_ahead, min(DRIFT_ROWS, MAX_VALUES // max(1, len(places))))
        _add(reference, scattered(rows, seen, stride), columns, places)
        seen += len(rows)
    reference.sampled |= stride > 1
    return reference


def pieces(sizes: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield what is read, as a file's index, a start and an end: all up to MAX_BYTES, else blocks evenly spaced.

    A block ends with its file at the latest.
    """
    total = sum(sizes)
    if total <= MAX_BYTES:
        yield from ((index, 0, size) for index, size in enumerate(sizes))
        return
    blocks = MAX_BYTES // BLOCK_BYTES
    for block in range(blocks):
        start = block * (total - BLOCK_BYTES) // (blocks - 1)
        index = 0
        while start >= sizes[index]:
            start -= sizes[index]
            index += 1
        yield index, start, min(start + BLOCK_BYTES, sizes[index])


def _whole_lines(content: bytes, *, at_start: bool, at_end: bool) -> bytes:
    first = 0 if at_start else content.find(b"\n") + 1
    last = len(content) if at_end else content.rfind(b"\n") + 1
    return content[first:last]


def _of_table(rows: list[bytes]) -> list[bytes]:
    try:
        return table_rows(rows)
    except ValueError as error:
        raise ConfigurationError(f"Channel train: {error}. Upload the dataset again.") from None


def _add(reference: Reference, rows: Sequence[bytes], columns: int, places: Sequence[int]) -> None:
    for row in rows:
        if row.count(b",") + 1 != columns:
            raise ConfigurationError(
                f"Channel train: found a row of {row.count(b',') + 1} columns; expected {columns}, as in the rows that "
                "are tested. Upload the dataset again."
            )
    for begin in range(0, len(rows), _ROWS_AT_A_TIME):
        part = written_cells(rows[begin : begin + _ROWS_AT_A_TIME], places)
        for number, cells in enumerate(part):
            known = reference.values[number]
            if isinstance(known, Counter):
                found = list(filter(None, values(cells)))
                known.update(found)
                reference.missing[number] += len(cells) - len(found)
            else:
                numbers = [value for value in numbers_of(cells) if value is not None]
                known.extend(numbers)
                reference.missing[number] += len(cells) - len(numbers)
    reference.rows += len(rows)
