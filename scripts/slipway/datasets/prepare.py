"""Turns a CSV file into a dataset: label first, shuffled, split, no header, numbers only.

Rows are read once and written once; memory holds sixteen bytes per row. The same file, label, split and seed give the
same bytes.
"""

from __future__ import annotations

import csv
import random
import tempfile
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO

from pipeline_lambdas.release.dataset import CHANNELS
from slipway.datasets.columns import write_columns
from slipway.datasets.csv_rules import LINE_LIMIT_BYTES, Problem, is_number, looks_like_header, quoted, too_long
from slipway.errors import SlipwayError

DELIMITERS = (",", ";", "\t", "|")
REJECTED_FILE = "rejected.txt"
_DIGITS = 10
"""More than a number of columns has."""


@dataclass(frozen=True)
class Request:
    """The options. `label` is a column's name or its number from 1; None: find it."""

    source: Path
    out: Path
    label: str
    seed: int = 1
    split: tuple[int, int, int] = (70, 15, 15)
    delimiter: str | None = None
    header: bool | None = None
    skip_bad_rows: bool = False


@dataclass
class Prepared:
    """The result: rows per channel, the columns' names (empty without a header), the rejected rows."""

    rows: dict[str, int] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    rejected: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class _Layout:
    delimiter: str
    header: list[str]
    columns: int
    label: int
    """Index of the label's column, from 0."""


def prepare(request: Request, advance: Callable[[int], None]) -> Prepared:
    """Write `<out>/<channel>/<channel>.csv` for the three channels; `advance` receives the number of bytes read.

    Raises SlipwayError for a file that cannot be used at all. `rejected.txt` lists all bad rows; unless they are to be
    skipped, nothing else is written.
    """
    layout = _layout(request)
    prepared = Prepared(columns=_label_first(layout.header, layout.label))
    with tempfile.TemporaryFile() as rows:
        offsets = _collect(request, layout, rows, prepared.rejected, advance)
        request.out.mkdir(parents=True, exist_ok=True)
        _write_rejected(request.out, prepared.rejected)
        if prepared.rejected and not request.skip_bad_rows:
            return prepared
        sizes = _sizes(len(offsets) - 1, request)
        order = array("Q", range(len(offsets) - 1))
        random.Random(request.seed).shuffle(order)  # noqa: S311 - a reproducible order, no secret
        start = 0
        for channel, size in sizes.items():
            _write_channel(request.out, channel, rows, offsets, order[start : start + size])
            prepared.rows[channel] = size
            start += size
    write_columns(request.out, prepared.columns)
    return prepared


def _layout(request: Request) -> _Layout:
    if not request.source.is_file():
        raise SlipwayError(f"{request.source}: found no such file.")
    with request.source.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        first = lines.readline(LINE_LIMIT_BYTES + 1).replace("\0", "�")
    if len(first) > LINE_LIMIT_BYTES:
        raise SlipwayError(str(too_long(str(request.source), 1)))
    if not first.strip():
        raise SlipwayError(f"{request.source}: line 1: missing; expected a CSV file with rows.")
    delimiter = request.delimiter or max(DELIMITERS, key=first.count)
    try:
        cells = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter))]
    except csv.Error as error:
        raise SlipwayError(f"{request.source}: line 1: found text that is not CSV: {error}.") from None
    if len(cells) < 2:
        raise SlipwayError(
            f"{request.source}: line 1: found one column; expected a label and at least one feature.",
            "Name the separator of the columns: --delimiter ';'",
        )
    has_header = looks_like_header(cells) if request.header is None else request.header
    header = cells if has_header else []
    return _Layout(delimiter, header, len(cells), _label_index(request, header, len(cells)))


def _label_index(request: Request, header: list[str], columns: int) -> int:
    if header.count(request.label) > 1:
        raise SlipwayError(f"--label: found {request.label!r} as the name of several columns of {request.source}.")
    if request.label in header:
        return header.index(request.label)
    if len(request.label) < _DIGITS and request.label.isdecimal() and 1 <= int(request.label) <= columns:
        return int(request.label) - 1
    known, why = (f"{', '.join(header)}, or ", "") if header else ("", ", as the file has no header")
    raise SlipwayError(
        f"{request.source}: --label: found {request.label!r}; expected {known}a number from 1 to {columns}{why}."
    )


def _label_first(cells: list[str], label: int) -> list[str]:
    return [cells[label], *cells[:label], *cells[label + 1 :]] if cells else []


def _collect(
    request: Request, layout: _Layout, rows: IO[bytes], rejected: list[Problem], advance: Callable[[int], None]
) -> array[int]:
    """Write the good rows, label first; returns the offset of each, and the end."""
    offsets = array("Q", [0])
    position = 0
    for number, cells in _parsed(request.source, layout, advance):
        problem = _problem(cells, str(request.source), number, layout)
        if problem:
            rejected.append(problem)
            continue
        line = (",".join(_label_first(cells, layout.label)) + "\n").encode("ascii")
        rows.write(line)
        position += len(line)
        offsets.append(position)
    return offsets


def _parsed(source: Path, layout: _Layout, advance: Callable[[int], None]) -> Iterator[tuple[int, list[str]]]:
    with source.open(encoding="utf-8-sig", errors="replace", newline="") as file:

        def lines() -> Iterator[str]:
            for number in count(1):
                line = file.readline(LINE_LIMIT_BYTES + 1)
                if len(line) > LINE_LIMIT_BYTES:
                    raise SlipwayError(str(too_long(str(source), number)))
                if not line:
                    return
                advance(len(line))
                yield line.replace("\0", "�")  # csv refuses NUL bytes; the row is then rejected by its number

        reader = csv.reader(lines(), delimiter=layout.delimiter)
        try:
            if layout.header:
                next(reader)
            previous = reader.line_num
            for cells in reader:
                if cells:  # blank lines are no rows
                    yield previous + 1, [cell.strip() for cell in cells]
                previous = reader.line_num
        except csv.Error as error:
            raise SlipwayError(f"{source}: line {reader.line_num}: found text that is not CSV: {error}.") from None


def _problem(cells: list[str], file: str, number: int, layout: _Layout) -> Problem | None:
    if len(cells) != layout.columns:
        return Problem(file, number, 0, f"{len(cells)} columns", f"{layout.columns}, as in line 1")
    for column, cell in enumerate(cells, 1):
        if not is_number(cell):
            allowed = "a number with a decimal point" if "," in cell else "a number"
            return Problem(file, number, column, quoted(cell), allowed)
    return None


def _sizes(rows: int, request: Request) -> dict[str, int]:
    """Return the rows per channel; rounding leaves its remainder to train, so that no row is lost."""
    _, validation, test = request.split
    sizes = {"validation": rows * validation // 100, "test": rows * test // 100}
    sizes = {"train": rows - sum(sizes.values()), **sizes}
    empty = [channel for channel in CHANNELS if not sizes[channel]]
    if empty:
        raise SlipwayError(
            f"{request.source}: found {rows} good rows, which leaves none for {', '.join(empty)}; "
            f"expected at least one row each with --split {','.join(map(str, request.split))}."
        )
    return {channel: sizes[channel] for channel in CHANNELS}


def _write_channel(out: Path, channel: str, rows: IO[bytes], offsets: array[int], order: array[int]) -> None:
    path = out / channel / f"{channel}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for index in order:
            rows.seek(offsets[index])
            file.write(rows.read(offsets[index + 1] - offsets[index]))


def _write_rejected(out: Path, rejected: list[Problem]) -> None:
    path = out / REJECTED_FILE
    if rejected:
        path.write_text("".join(f"{problem}\n" for problem in rejected), encoding="utf-8", newline="\n")
    else:
        path.unlink(missing_ok=True)
