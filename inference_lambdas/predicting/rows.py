"""What one row of a test file looks like, and how a block of rows becomes labels and a request body.

The work is done by operations of C on whole blocks: a call per row in Python would cost more than all of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

from inference_lambdas.predicting.quoting import HIDDEN_COMMA, QUOTE, hidden, shown, unclosed, value, values
from pipeline_lambdas.runtime.failures import ConfigurationError

_VALUE_BYTES = bytes(byte for byte in range(256) if byte not in b",\n")


class RowError(ConfigurationError):
    """A row is not as it has to be; the message names file and line."""


@dataclass(frozen=True, slots=True)
class RowFormat:
    """The label first, then with `weights` the row's weight, then the features; no header.

    The cells of a `table` are texts, and may be in quotes; `classes` are the texts that its label may be.
    """

    content_type: str
    weights: bool = False
    table: bool = False
    classes: tuple[str, ...] = ()


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
    """Labels, also as they are written, and request body of a block, and its rows; `columns` is 0 for libsvm.

    A comma within quotes is hidden in `rows`, as `quoting` says, and in nothing else.
    """

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
    if form.table:
        rows = _of_table(block, rows)
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


def table_rows(rows: list[bytes]) -> list[bytes]:
    """Return rows of a table with their commas within quotes hidden; ValueError if a quote is not closed."""
    content = b"\n".join(rows)
    if QUOTE not in content:
        return rows
    place = unclosed(rows)
    if place is not None:
        raise ValueError(f"found a quote that is not closed in {_shown(rows[place])}")
    return hidden(content).split(b"\n")


def _of_table(block: Block, rows: list[bytes]) -> list[bytes]:
    if HIDDEN_COMMA in block.content:
        row = next((place for place, row in enumerate(rows) if HIDDEN_COMMA in row), None)
        if row is not None:
            raise block.error(row, "found the byte 0xFF, which is not UTF-8; expected text in UTF-8")
    if QUOTE not in block.content:
        return rows
    try:
        return table_rows(rows)
    except ValueError:
        raise block.error(
            unclosed(rows) or 0,
            "found a quote that is not closed; expected cells in double quotes, a quote within them doubled, and no "
            "line break in a cell",
        ) from None


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
    labels = _class_numbers(block, names, form) if form.classes else _labels(block, names, table=form.table)
    body = b"\n".join(features)
    if form.table and QUOTE in block.content:
        names, body = list(map(shown, names)), shown(body)
    return ParsedRows(labels, names, body, expected, rows)


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


def labels_of(names: Sequence[bytes], form: RowFormat) -> list[float]:
    """Return the labels in the first cells of rows: numbers, also those of classes.

    Raises KeyError for a class that there is not, ValueError for what is no number.
    """
    if not form.classes:
        return list(map(float, values(names) if form.table else names))
    known = {name.encode(): float(number) for number, name in enumerate(form.classes)}
    numbers = {name: known[value(name)] for name in set(names)}
    return list(map(numbers.__getitem__, names))


def _class_numbers(block: Block, names: Sequence[bytes], form: RowFormat) -> list[float]:
    try:
        return labels_of(names, form)
    except KeyError:
        known = {name.encode() for name in form.classes}
        row = next(place for place, name in enumerate(names) if value(name) not in known)
        header = ", and no header" if block.line_of(row) == 1 else ""
        found = _shown(value(names[row]))
        raise block.error(row, f"found the label {found}; expected {', '.join(form.classes)}{header}") from None


def _shown(text: bytes) -> str:
    return repr(text.decode(errors="replace")[:80])


def _labels(block: Block, names: Sequence[bytes], *, table: bool = False) -> list[float]:
    # Most labels repeat, and to look one up takes a fifth of the time that reading it does.
    if table:
        names = values(names)
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
    row = next(place for place, name in enumerate(names) if not _is_number(name))
    found = _shown(names[row])
    if block.line_of(row) == 1:
        return block.error(
            row, f"found the label {found}, so this looks like a header; expected rows of numbers without one"
        )
    return block.error(row, f"found the label {found}; expected a number")


def _is_number(name: bytes) -> bool:
    try:
        return math.isfinite(float(name)) and b"_" not in name
    except ValueError:
        return False
