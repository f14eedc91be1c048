"""What one row of a test file looks like, and how a block of rows becomes labels and a request body.

The work is done by operations of C on whole blocks: a call per row in Python would cost more than all of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

from pipeline_lambdas.runtime.failures import ConfigurationError

_VALUE_BYTES = bytes(byte for byte in range(256) if byte not in b",\n")


class RowError(ConfigurationError):
    """A row is not as it has to be; the message names file and line."""


@dataclass(frozen=True, slots=True)
class RowFormat:
    """The label first, then with `weights` the row's weight, then the features; no header."""

    content_type: str
    weights: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of one file; `first_line` counts from 1, `end_offset` in bytes from the file's start."""

    uri: str
    content: bytes
    first_line: int
    end_offset: int

    def line_of(self, row: int) -> int:
        """Return the line number of a row of this block; blank lines count as lines, not as rows."""
        lines = self.content.replace(b"\r\n", b"\n").split(b"\n")
        numbers = (number for number, line in enumerate(lines) if line)
        return self.first_line + next(number for index, number in enumerate(numbers) if index == row)

    def error(self, row: int, text: str) -> RowError:
        return RowError(f"{self.uri}: line {self.line_of(row)}: {text}")


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """Labels, also as they are written, and request body of a block, and its rows; `columns` is 0 for libsvm."""

    labels: list[float]
    label_texts: Sequence[bytes]
    body: bytes
    columns: int
    rows: list[bytes]


def parse_block(block: Block, form: RowFormat, columns: int | None, max_rows: int | None) -> ParsedRows:
    """Parse the first `max_rows` rows; `columns` is what every row has to have, None takes the first row's.

    Raises RowError for a label that is no number, a header, or a row with another number of columns.
    """
    rows = split_rows(block.content)
    if max_rows is not None:
        del rows[max_rows:]
    if not rows:
        return ParsedRows([], (), b"", columns or 0, rows)
    parse = _parse_csv if form.content_type == "text/csv" else _parse_libsvm
    return parse(block, rows, form, columns)


def split_rows(content: bytes) -> list[bytes]:
    """Return the lines that are not blank, with either kind of line end."""
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
    rows = content.split(b"\n")
    if not rows[-1]:
        rows.pop()
    return list(filter(None, rows)) if b"" in rows else rows


def _parse_csv(block: Block, rows: list[bytes], form: RowFormat, columns: int | None) -> ParsedRows:
    expected = columns or rows[0].count(b",") + 1
    # What is left of the rows without their values: quicker than counting row by row.
    skeleton = b"\n".join(rows).translate(None, _VALUE_BYTES)
    if skeleton + b"\n" != (b"," * (expected - 1) + b"\n") * len(rows):
        raise _ragged(block, rows, form, expected)
    if expected < 2 + form.weights:
        raise block.error(0, f"found {expected} columns; expected a label and at least one feature")
    names: list[bytes] = []
    features: list[bytes] = []
    # Quicker than zip(*...), which makes a tuple as long as the block of each column.
    for name, _, rest in map(bytes.partition, rows, repeat(b",")):
        names.append(name)
        features.append(rest)
    if form.weights:
        features = [row.partition(b",")[2] for row in features]
    return ParsedRows(_labels(block, names), names, b"\n".join(features), expected, rows)


def _ragged(block: Block, rows: list[bytes], form: RowFormat, expected: int) -> RowError:
    row, found = next(
        (index, columns) for index, columns in enumerate(row.count(b",") + 1 for row in rows) if columns != expected
    )
    return block.error(
        row,
        f"found {found} columns, so {found - 1 - form.weights} features; expected {expected} columns with "
        f"{expected - 1 - form.weights} features, as in the manifest or the first row",
    )


def _parse_libsvm(block: Block, rows: list[bytes], form: RowFormat, columns: int | None) -> ParsedRows:
    del form, columns
    parts = list(map(bytes.split, rows, repeat(None), repeat(1)))
    short = next((index for index, part in enumerate(parts) if len(part) != 2 or b":" not in part[1]), None)
    if short is not None:
        raise block.error(short, "found no feature; expected a label and at least one <index>:<value>")
    names, features = [part[0] for part in parts], [part[1] for part in parts]
    if b":" in b"".join(names):
        # <label>:<weight>; the weight only matters in training.
        names = [name.partition(b":")[0] for name in names]
    return ParsedRows(_labels(block, names), names, b"\n".join(features), 0, rows)


def _labels(block: Block, names: Sequence[bytes]) -> list[float]:
    # Most labels repeat, and to look one up takes a fifth of the time that reading it does.
    distinct = list(set(names))
    try:
        numbers = dict(zip(distinct, map(float, distinct), strict=True))
    except ValueError:
        raise _bad_label(block, names) from None
    # Python reads 1_0 and nan as numbers.
    if not all(map(math.isfinite, numbers.values())) or b"_" in b"".join(distinct):
        raise _bad_label(block, names)
    return list(map(numbers.__getitem__, names))


def _bad_label(block: Block, names: Sequence[bytes]) -> RowError:
    row = next(index for index, name in enumerate(names) if not _is_number(name))
    found = names[row].decode(errors="replace")[:80]
    if block.line_of(row) == 1:
        return block.error(
            row, f"found the label {found!r}, so this looks like a header; expected rows of numbers without one"
        )
    return block.error(row, f"found the label {found!r}; expected a number")


def _is_number(name: bytes) -> bool:
    try:
        return math.isfinite(float(name)) and b"_" not in name
    except ValueError:
        return False


def cells(rows: Sequence[bytes], columns: Sequence[int]) -> list[Sequence[float | None]]:
    """Return the numbers in some columns of CSV rows, column by column; None for what is no finite number.

    The rows have as many columns each. An empty cell and nan are missing values, where the algorithm takes them.
    """
    if not (rows and columns):
        return [[] for _ in columns]
    width = rows[0].count(b",") + 1
    # From the nearer end, and no further than needed: what is split off costs the most.
    if sum(min(column + 1, width - column) for column in columns) < width:
        return [_numbers(_column(rows, column, width)) for column in columns]
    split = [row.split(b",", max(columns) + 1) for row in rows]
    return [_numbers([parts[column] for parts in split]) for column in columns]


def _column(rows: Sequence[bytes], column: int, width: int) -> list[bytes]:
    left, right = column + 1, width - column
    if left <= right:
        return [row.split(b",", left)[column] for row in rows]
    return [row.rsplit(b",", right)[-right] for row in rows]


def _numbers(texts: list[bytes]) -> Sequence[float | None]:
    try:
        numbers = list(map(float, texts))
    except ValueError:
        numbers = list(map(_number, texts))
    # The sum is finite if all numbers are, unless they are huge.
    if math.isfinite(sum(numbers)):
        return numbers
    return [value if math.isfinite(value) else None for value in numbers]


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
