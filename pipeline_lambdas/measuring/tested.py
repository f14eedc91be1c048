"""The tested rows as a function sees them: labels, predictions and the other columns, as numpy arrays.

A cell is taken without the spaces around it, as in training. A number that is missing or cannot be read is NaN.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

BLOCK_ROWS = 10_000
CELL_CHARACTERS = 16 * 1024 * 1024
NUMBER, TEXT = "number", "text"
"""What a column's cells are; of any other column, numbers if all of its cells are numbers or empty, else texts."""

Array = Any
"""A numpy array, whose types differ between the versions of numpy in the images."""


class Rows(Mapping[str, Array]):
    """The columns of some rows by name, without the label's; a column is picked when it is asked for."""

    def __init__(self, columns: Mapping[str, Array], index: Array | None = None) -> None:
        """`index` is which rows these are, all without one."""
        self._columns, self._index = columns, index
        self._found: dict[str, Array] = {}

    def __getitem__(self, name: str) -> Array:
        if name not in self._columns:
            known = ", ".join(self._columns) or "none, as the rows have no columns"
            raise KeyError(f"{name}; the columns are {known}")
        if name not in self._found:
            column = self._columns[name]
            self._found[name] = column if self._index is None else fixed(column[self._index])
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


@dataclass(frozen=True)
class Sample:
    """Some rows; `champion` has the predictions of the champion, and is None where it was not asked."""

    labels: Array
    predictions: Array
    columns: Mapping[str, Array]
    champion: Array | None = None
    index: Array | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def rows(self) -> Rows:
        return Rows(self.columns, self.index)

    def pick(self, index: Array) -> Sample:
        """Return some of these rows, a row as often as `index` names it."""
        whole = index if self.index is None else self.index[index]
        champion = None if self.champion is None else fixed(self.champion[index])
        return Sample(fixed(self.labels[index]), fixed(self.predictions[index]), self.columns, champion, whole)


def fixed(array: Array) -> Array:
    """Return an array that a function cannot change."""
    array.flags.writeable = False
    return array


@dataclass(frozen=True)
class Form:
    """What a prediction is: `classes` are the names of the classes, none where the data holds numbers.

    kind  number, probability of the positive class, probabilities of the classes, or class
    """

    kind: str
    classes: Sequence[str]
    probabilities: int
    """How many probabilities a row has; 1 for a number or a class alone."""

    def labels(self, texts: Sequence[str]) -> Array:
        """Return labels: the names of classes, or numbers."""
        return np.array(texts) if self.classes else np.array([float(text) for text in texts])

    def predictions(self, cells: Sequence[Sequence[str]]) -> Array:
        """Return predictions out of their columns in the file, the rows without one as NaN, or as an empty name."""
        columns = cells[1:] if self.probabilities > 1 else cells
        values = np.array([[float(cell or "nan") for cell in column] for column in columns])
        if self.kind == "class" and self.classes:
            return np.array(["" if math.isnan(place) else self.classes[int(place)] for place in values[0]])
        return values.T if self.probabilities > 1 else values[0]


def read_predictions(path: Path, form: Form) -> dict[str, list[Array]]:
    """Return the blocks of labels and predictions, and the champion's where it was asked."""
    width = 1 + (form.probabilities if form.probabilities > 1 else 0)
    found: dict[str, list[Array]] = {"labels": [], "predictions": [], "predicted": []}
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        reader = parsed(file)
        asked = "champion" in next(reader)
        found.update({"champion": [], "answered": []} if asked else {})
        for cells in _turned(reader):
            found["labels"].append(form.labels([text.strip() for text in cells[1]]))
            ours, theirs = cells[2 : 2 + width], cells[2 + width :]
            found["predictions"].append(form.predictions(ours))
            found["predicted"].append(np.array([cell != "" for cell in ours[0]]))
            if asked:
                found["champion"].append(form.predictions(theirs))
                found["answered"].append(np.array([cell != "" for cell in theirs[0]]))
    return found


def read_columns(paths: Sequence[Path], names: Sequence[str], kinds: Sequence[str], rows: int) -> list[Array]:
    """Return the columns of the first `rows` rows of CSV files without a header, in their order: numbers, else texts.

    Raises ValueError for rows that are not as they were when they were predicted.
    """
    parts: list[list[Array]] = [[] for _ in names]
    seen: dict[str, str] = {}
    left = rows
    for path in paths:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            reader = (row for row in parsed(file) if row)
            for cells in _turned(islice(reader, left)):
                if len(cells) != len(names):
                    raise ValueError(f"{path.name}: found {len(cells)} columns; expected {len(names)}")
                left -= len(cells[0])
                for part, column, kind in zip(parts, cells, kinds):
                    part.append(numbers(column) if kind == NUMBER else _texts(column, seen))
    if left:
        raise ValueError(f"found {rows - left} rows; expected {rows}, as were predicted")
    return [fixed(np.concatenate(part)) for part in parts]


def numbers(cells: Sequence[str]) -> Array:
    """Return the numbers in cells, NaN for what is no finite number."""
    found = np.array([_number(cell) for cell in cells])
    found[~np.isfinite(found)] = np.nan
    return found


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def parsed(lines: Any) -> Iterator[list[str]]:
    """Return the rows of CSV."""
    csv.field_size_limit(CELL_CHARACTERS)
    return csv.reader(lines)


def _turned(rows: Iterator[list[str]]) -> Iterator[list[Sequence[str]]]:
    """Yield rows as columns, a block of them at a time."""
    while True:
        block = list(islice(rows, BLOCK_ROWS))
        if not block:
            return
        if len(set(map(len, block))) > 1:
            raise ValueError("found rows with different numbers of cells")
        yield list(zip(*block))


def _texts(cells: Sequence[str], seen: dict[str, str]) -> Array:
    """Return texts; of equal ones one is kept."""
    found = np.empty(len(cells), dtype=object)
    found[:] = [seen.setdefault(text, text) for text in (cell.strip() for cell in cells)]
    return found


def decided(column: Array, kind: str) -> Array:
    """Return a column as functions get it: of no kind, as numbers if it holds nothing else."""
    if kind in (NUMBER, TEXT):
        return column
    try:
        return fixed(np.array([float(text or "nan") for text in column]))
    except ValueError:
        return column
