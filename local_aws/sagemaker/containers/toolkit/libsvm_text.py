"""Parses libsvm text, `label[:weight] index:value ...`, into a sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from local_aws.sagemaker.containers.toolkit.csv_text import RowError
from local_aws.sagemaker.containers.toolkit.fields import COLON, NEWLINE, Fields, Text, scan

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SEPARATORS = b" \t:"


@dataclass(frozen=True)
class Sparse:
    """Rows in compressed form: row i holds `values[pointers[i]:pointers[i + 1]]` at those `indexes`.

    `labels` and `weights` have one element per row, or none if the text has none.
    """

    labels: NDArray[np.float32]
    weights: NDArray[np.float32]
    values: NDArray[np.float32]
    indexes: NDArray[np.int64]
    pointers: NDArray[np.int64]

    @property
    def rows(self) -> int:
        return len(self.pointers) - 1

    @property
    def columns(self) -> int:
        return int(self.indexes.max(initial=-1)) + 1


def is_row(line: bytes) -> bool:
    """Return whether a line looks like a libsvm row; this is the container's check of a first line."""
    words = line.split()
    if not words:
        return False
    label, *pairs = words
    parts = label.split(b":")
    return len(parts) <= 2 and all(map(_is_number, parts)) and all(pair.count(b":") == 1 for pair in pairs)


def parse(text: Text, *, labelled: bool) -> Sparse:
    """Return the rows of a text; blank lines are skipped.

    With `labelled`, the first word of a row is its label, with or without a weight. Otherwise words without a colon are
    ignored, as the container does for predictions. Raises RowError for the first faulty row.
    """
    parts = [_parse_block(text, start, end, labelled=labelled) for start, end in text.blocks()]
    counts = np.concatenate([np.diff(part.pointers) for part in parts])
    return Sparse(
        labels=np.concatenate([part.labels for part in parts]),
        weights=np.concatenate([part.weights for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        indexes=np.concatenate([part.indexes for part in parts]),
        pointers=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )


def _parse_block(text: Text, start: int, end: int, *, labelled: bool) -> Sparse:
    fields = scan(text, start, end, _SEPARATORS)
    if fields.not_a_number:
        raise _error(text, fields, fields.not_a_number[0], "could not convert string to float: {!r}")
    line = np.concatenate([[0], np.cumsum(fields.terminator == NEWLINE)[:-1]])
    colon = fields.terminator == COLON
    after_colon = np.concatenate([[False], colon[:-1]])
    empty = fields.start == fields.end
    faulty = np.flatnonzero(empty & (colon | after_colon))
    if faulty.size:
        raise _error(text, fields, int(faulty[0]), "a number is missing beside a colon")
    kept = np.flatnonzero(~empty)
    line, colon, after_colon = line[kept], colon[kept], after_colon[kept]
    values = fields.values[kept]
    first = np.diff(line, prepend=-1) != 0
    label = first if labelled else first & ~colon
    weight = after_colon & np.concatenate([[False], label[:-1]])
    value = after_colon & ~weight
    index = colon & ~label & ~after_colon
    stray = ~(label | weight | value | index) if labelled else np.zeros_like(label)
    faulty = np.flatnonzero(stray | (after_colon & colon))
    if faulty.size:
        raise _error(text, fields, int(kept[faulty[0]]), "expected index:value, found {!r}")
    indexes = values[index]
    faulty = np.flatnonzero((indexes < 0) | (indexes != np.floor(indexes)))
    if faulty.size:
        position = int(kept[np.flatnonzero(index)[faulty[0]]])
        raise _error(text, fields, position, "the index {!r} is not a whole number from 0")
    rows = np.cumsum(first) - 1
    counts = np.bincount(rows[value], minlength=int(first.sum()))
    return Sparse(
        labels=values[label].astype(np.float32),
        weights=values[weight].astype(np.float32),
        values=values[value].astype(np.float32),
        indexes=indexes.astype(np.int64),
        pointers=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )


def _error(text: Text, fields: Fields, index: int, reason: str) -> RowError:
    shown = text.data[fields.start[index] : fields.end[index]].decode("utf-8", "replace")
    return RowError(text.line(int(fields.end[index])), None, reason.format(shown))


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
