"""Reads the CSV files of a channel, a block of rows at a time: RFC 4180, UTF-8, no header, the label first.

https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipeline_lambdas.tabular.errors import TableError, quoted

BLOCK_ROWS = 1_000
"""So few that a processor's cache holds the cells: with ten times as many all that is done to them takes nearly twice
as long."""
CELL_CHARACTERS = 16 * 1024 * 1024
"""The longest cell; beyond it, it is rather a quote that is never closed."""


@dataclass(frozen=True)
class Block:
    """Some rows of a file, as columns; `first` is the number of the first row in its file, from 1."""

    file: str
    first: int
    columns: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.columns[0])

    def place(self, index: int) -> str:
        """Return where a row of the block stands, for messages."""
        return f"{self.file}: row {self.first + index:,}"


def blocks(folder: Path, names: Sequence[str]) -> Iterator[Block]:
    """Read all files of a channel, in the order of their names; TableError for a row without one cell per name."""
    rows = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
        for block in _blocks(path, f"{folder.name}/{path.relative_to(folder)}", names):
            rows += len(block)
            yield block
    if not rows:
        raise TableError(f"{folder}: found no row; expected CSV files")


def parsed(lines: Iterable[str]) -> Iterator[list[str]]:
    """Return the rows of CSV; csv.Error for what is none."""
    csv.field_size_limit(CELL_CHARACTERS)
    return csv.reader(lines, strict=True)


def _blocks(path: Path, shown: str, names: Sequence[str]) -> Iterator[Block]:
    first = 1
    # With the mark of a byte order that some spreadsheets write at the beginning.
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = parsed(file)
        while rows := _some(reader, shown, first):
            yield Block(shown, first, _turned(rows, shown, first, names))
            first += len(rows)


def _some(reader: Iterator[list[str]], shown: str, first: int) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        rows.extend(islice(reader, BLOCK_ROWS))
    except csv.Error as error:
        raise TableError(f"{shown}: row {first + len(rows):,}: {error}; expected CSV as in RFC 4180") from None
    except UnicodeDecodeError as error:
        raise TableError(f"{shown}: after row {first + len(rows) - 1:,}: {error}; expected UTF-8") from None
    if len(rows) < BLOCK_ROWS:
        # Empty lines at the end of the file.
        while rows and not rows[-1]:
            rows.pop()
    return rows


def _turned(rows: list[list[str]], shown: str, first: int, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    if set(map(len, rows)) != {len(names)}:
        index, row = next((index, row) for index, row in enumerate(rows) if len(row) != len(names))
        raise TableError(
            f"{shown}: row {first + index:,}: found {len(row)} cells; expected {len(names)}: {quoted(names)}"
        )
    return tuple(zip(*rows, strict=True))
