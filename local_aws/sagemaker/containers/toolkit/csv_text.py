"""Parses CSV into a matrix: no header, all fields numeric, an empty field for a missing value.

https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html (input/output interface).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from local_aws.sagemaker.containers.toolkit.fields import NEWLINE, Fields, Text, scan

if TYPE_CHECKING:
    from numpy.typing import NDArray

DELIMITERS = (b",", b"\t", b";", b"|", b" ", b":")
"""Delimiters that the container's detection can find in a line of numbers, the most likely first."""
_SMALL_BYTES = 1024
"""Below this, numpy's cost per call is higher than that of one `float` per field."""


class RowError(ValueError):
    """A row that cannot be read. `line` and `column` count from 1; `column` is None for the whole row."""

    def __init__(self, line: int, column: int | None, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.column = column
        self.reason = reason


def delimiter_of(line: bytes) -> bytes | None:
    """Return the delimiter of a line of numbers, None if there is none."""
    return next((delimiter for delimiter in DELIMITERS if delimiter in line.strip()), None)


def parse(text: Text, delimiter: bytes, columns: int | None = None) -> NDArray[np.float32]:
    """Return the rows of a text, shape (rows, columns); blank lines are skipped.

    `columns` is the number of fields in every row; None takes it from the first row. Raises RowError for the first row
    with another number of fields or with a field that is not a number.
    """
    if len(text.data) < _SMALL_BYTES and (small := _parse_small(text, delimiter, columns)) is not None:
        return small
    blocks = []
    for start, end in text.blocks():
        fields = scan(text, start, end, delimiter)
        last = np.flatnonzero(fields.terminator == NEWLINE)
        counts = np.diff(last, prepend=-1)
        values = fields.values
        blank = (counts == 1) & (fields.start[last] == fields.end[last])
        if blank.any():
            values = np.delete(values, last[blank])
            last, counts = last[~blank], counts[~blank]
        if not counts.size:
            continue
        columns = columns or int(counts[0])
        if fields.not_a_number or (counts != columns).any():
            raise _first_error(text, fields, last, counts, columns)
        with np.errstate(over="ignore"):
            blocks.append(values.astype(np.float32).reshape(-1, columns))
    return np.concatenate(blocks) if blocks else np.empty((0, columns or 0), dtype=np.float32)


def _parse_small(text: Text, delimiter: bytes, columns: int | None) -> NDArray[np.float32] | None:
    """Return the rows of a few lines, None if they are not plain rows of numbers."""
    if b"_" in text.data:
        return None
    try:
        rows = [[float(field) for field in line.split(delimiter)] for line in text.data.split(b"\n") if line]
    except ValueError:
        return None
    if not rows or any(len(row) != (columns or len(rows[0])) for row in rows):
        return None
    # As float64 first: a number too large for 32 bits becomes infinite, as in the other code path.
    with np.errstate(over="ignore"):
        return np.array(rows).astype(np.float32)


def line_of_row(text: Text, row: int) -> int:
    """Return the line number, from 1, of a row as `parse` counts them, from 0."""
    rows = -1
    for start, end in text.blocks():
        for number, line in enumerate(text.data[start:end].split(b"\n")[:-1]):
            rows += bool(line)
            if rows == row:
                return text.line(start) + number
    raise IndexError(row)


def _first_error(
    text: Text, fields: Fields, last: NDArray[np.intp], counts: NDArray[np.intp], columns: int
) -> RowError:
    """Return the error of the first faulty row; a row with both faults is reported for its number of fields."""
    bad_row = len(last)
    if fields.not_a_number:
        bad_row = int(np.searchsorted(last, fields.not_a_number[0]))
    ragged = np.flatnonzero(counts != columns)
    if ragged.size and ragged[0] <= bad_row:
        row = int(ragged[0])
        line = text.line(int(fields.end[last[row]]))
        return RowError(line, None, f"found {counts[row]} columns, expected {columns}")
    index = fields.not_a_number[0]
    first = int(last[bad_row] - counts[bad_row] + 1)
    line = text.line(int(fields.end[index]))
    words = sum(first <= other <= last[bad_row] for other in fields.not_a_number)
    shown = text.data[fields.start[index] : fields.end[index]].decode("utf-8", "replace")
    if line == 1 and words * 2 > counts[bad_row]:
        return RowError(1, index - first + 1, f"looks like a header ({shown!r} is not a number): remove it")
    return RowError(line, index - first + 1, f"could not convert string to float: {shown!r}")
