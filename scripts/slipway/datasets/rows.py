"""Reads rows to predict from CSV or JSON, checks them, and puts them into the column order of the training."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline_lambdas.tabular.reading import CELL_CHARACTERS
from slipway.datasets.csv_rules import is_number, looks_like_header, quoted
from slipway.errors import SlipwayError

Format = Literal["csv", "json"]
_DELIMITERS = ",;\t|"
Row = tuple[str, ...]
"""Features as text; empty is a missing value, as the container reads it."""


@dataclass(frozen=True)
class Columns:
    """The known columns of a dataset; without names, rows only need equal length.

    The cells of a table are texts as they stand, those of any other dataset numbers.
    """

    label: str = ""
    features: tuple[str, ...] = ()
    table: bool = False

    @property
    def known(self) -> bool:
        return bool(self.features)

    @property
    def listed(self) -> str:
        return ", ".join(self.features)


def parse_rows(text: str, columns: Columns, source: str, form: Format | None = None) -> list[Row]:
    """Return the rows of a text; SlipwayError names the source, the row, what was found and what is allowed."""
    if not text.strip():
        raise SlipwayError(f"{source}: found no rows; expected rows of features as CSV or JSON.")
    chosen = form or ("json" if text.lstrip()[0] in "[{" else "csv")
    rows = _from_json(text, columns, source) if chosen == "json" else _from_csv(text, columns, source)
    if not rows:
        raise SlipwayError(f"{source}: found no rows; expected at least one.")
    for number, row in enumerate(rows, 1):
        _check(row, columns, f"{source}: row {number}", len(rows[0]))
    return rows


def as_csv(rows: Sequence[Row]) -> bytes:
    """Return the body of a request: no header, no label; quotes where a text needs them.

    https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().removesuffix("\n").encode()


def _from_csv(text: str, columns: Columns, source: str) -> list[Row]:
    lines = text.lstrip("\N{BYTE ORDER MARK}").strip("\r\n")
    csv.field_size_limit(CELL_CHARACTERS)
    try:
        parsed = list(csv.reader(io.StringIO(lines), delimiter=_delimiter(lines, columns)))
    except csv.Error as error:
        raise SlipwayError(f"{source}: found text that is not CSV: {error}.") from None
    # A line break within a cell is a space, as in the rows of the training.
    cells = [[" ".join(cell.split()) if "\n" in cell else cell.strip() for cell in line] for line in parsed if line]
    if not cells or not _is_header(cells[0], columns):
        return [tuple(line) for line in cells]
    header, *lines_below = cells
    for number, line in enumerate(lines_below, 1):
        if len(line) != len(header):
            raise SlipwayError(
                f"{source}: row {number}: found {len(line)} values; expected {len(header)}, as in line 1."
            )
    if not columns.known:
        return [tuple(line) for line in lines_below]
    named = [dict(zip(header, line, strict=True)) for line in lines_below]
    return [_by_name(row, columns, f"{source}: row {number}") for number, row in enumerate(named, 1)]


def _delimiter(lines: str, columns: Columns) -> str:
    first = lines.splitlines()[0]
    if columns.table:  # whose texts may hold any of them
        wanted = {len(columns.features), len(columns.features) + 1}
        for delimiter in _DELIMITERS:
            if len(next(csv.reader([first], delimiter=delimiter), [])) in wanted:
                return delimiter
    return max(_DELIMITERS, key=first.count)


def _is_header(cells: list[str], columns: Columns) -> bool:
    if columns.table:
        return 2 * len({*cells} & {columns.label, *columns.features}) > len(cells)
    return looks_like_header(cells)


def _from_json(text: str, columns: Columns, source: str) -> list[Row]:
    try:
        document = json.loads(text)
    except ValueError as whole:
        try:  # a row in each line
            document = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise SlipwayError(f"{source}: found text that is not JSON: {whole}.") from None
    if isinstance(document, dict) or (isinstance(document, list) and document and not _is_row(document[0])):
        document = [document]
    if not isinstance(document, list):
        raise SlipwayError(f"{source}: found {_kind(document)}; expected a list of rows, or one row.")
    return [_json_row(row, columns, f"{source}: row {number}") for number, row in enumerate(document, 1)]


def _is_row(value: Any) -> bool:
    return isinstance(value, list | dict)


def _json_row(row: Any, columns: Columns, place: str) -> Row:
    if isinstance(row, list):
        return tuple(_cell(value, place, columns) for value in row)
    if not isinstance(row, dict):
        raise SlipwayError(f"{place}: found {_kind(row)}; expected a list of numbers, or an object by column names.")
    if not columns.known:
        raise SlipwayError(
            f"{place}: found column names, and the release's record names none.", "Give the numbers in their order."
        )
    return _by_name({name: _cell(value, place, columns) for name, value in row.items()}, columns, place)


def _by_name(row: Mapping[str, str], columns: Columns, place: str) -> Row:
    missing = [name for name in columns.features if name not in row]
    unknown = [name for name in row if name not in columns.features and name != columns.label]
    if missing or unknown:
        found = [f"no {', '.join(missing)}"] if missing else []
        found += [f"unknown {', '.join(map(quoted, unknown))}"] if unknown else []
        raise SlipwayError(f"{place}: found {'; '.join(found)}; expected the columns {columns.listed}.")
    return tuple(row[name] for name in columns.features)


def _cell(value: Any, place: str, columns: Columns) -> str:
    if value is None:
        return ""
    if columns.table and isinstance(value, bool | str):
        return " ".join(value.split()) if isinstance(value, str) else str(value).lower()
    if isinstance(value, bool) or not isinstance(value, int | float | str) or value in {math.inf, -math.inf}:
        raise SlipwayError(f"{place}: found {_kind(value)}; expected a number, or null for a missing value.")
    return "" if value != value else str(value).strip()  # noqa: PLR0124 - NaN alone differs from itself


def _check(row: Row, columns: Columns, place: str, first: int) -> None:
    wanted = len(columns.features) if columns.known else first
    if len(row) != wanted:
        names = f": {columns.listed}" if columns.known else ", as in row 1"
        label = columns.known and len(row) == wanted + 1
        hint = f"The label, {columns.label}, is what is predicted: leave it out." if label else ""
        raise SlipwayError(f"{place}: found {len(row)} values; expected {wanted}{names}.", hint)
    for number, cell in enumerate(() if columns.table else row, 1):
        if cell and not is_number(cell):
            name = f" ({columns.features[number - 1]})" if columns.known else ""
            raise SlipwayError(f"{place}, column {number}{name}: found {quoted(cell)}; expected a number.")


def _kind(value: Any) -> str:
    return {bool: "true or false", dict: "an object", list: "a list", str: "a text"}.get(type(value), str(value))
