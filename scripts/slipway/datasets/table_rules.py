"""Checks the CSV of a table: label first, no header, any text in the cells, rows of equal length.

A cell may be in quotes, as in https://www.rfc-editor.org/rfc/rfc4180, but no cell has a line break.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline_lambdas.tabular.reading import parsed
from slipway.datasets.csv_rules import LINE_LIMIT_BYTES, FileCheck, Problem, quoted, too_long

_SHOWN = 5


@dataclass(frozen=True)
class TableRule:
    """The columns of a table, the label first, and the classes that it may be; without classes it is a number.

    Without names of columns, `count` is how many there are; 0 if the first row tells.
    """

    columns: Sequence[str]
    classes: Sequence[str]
    count: int = 0

    def allows(self, label: str) -> bool:
        return label.strip() in self.classes if self.classes else _is_finite(label)

    @property
    def expected(self) -> int:
        return len(self.columns) or self.count

    @property
    def told_by(self) -> str:
        """What the number of columns is that of."""
        names = ", ".join([*self.columns[:_SHOWN], *(["..."] if len(self.columns) > _SHOWN else [])])
        return f"the config: {names}" if names else "the first row"

    @property
    def allowed(self) -> str:
        return ", ".join(self.classes) if self.classes else "a number"


def check_table(lines: Iterable[bytes], file: str, rule: TableRule) -> FileCheck:
    """Check a file line by line."""
    result = FileCheck(file, columns=rule.expected)
    empty = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            empty = empty or number
            continue
        if empty:
            result.add(Problem(file, empty, 0, "an empty line", "none before the end of the file"))
            empty = 0
        if not rule.expected:
            rule = replace(rule, count=_count(line))
            result.columns = rule.expected
        problem = _row_problem(line, file, number, rule)
        if problem is None:
            result.rows += 1
        else:
            result.add(problem)
    if not (result.rows or result.problem_count):
        result.add(Problem(file, 1, 0, "an empty file", "at least one row"))
    return result


def _count(line: bytes) -> int:
    """Return the number of cells of a line, at least 1; lines that cannot be read are told of later."""
    try:
        return len(next(csv.reader([line.decode(errors="replace").rstrip("\r\n")]), [])) or 1
    except csv.Error:
        return 1


def _row_problem(line: bytes, file: str, number: int, rule: TableRule) -> Problem | None:
    if len(line) > LINE_LIMIT_BYTES:
        return too_long(file, number)
    try:
        cells = next(parsed([line.decode().rstrip("\r\n")]), [])
    except UnicodeDecodeError:
        return Problem(file, number, 0, "bytes that are not UTF-8", "text in UTF-8")
    except csv.Error as error:
        allowed = "cells in double quotes, a quote within them doubled, and no line break in a cell"
        found = "a quote that is not closed" if "unexpected end" in str(error) else f"text that is not CSV: {error}"
        return Problem(file, number, 0, found, allowed)
    if number == 1 and rule.columns and list(cells) == list(rule.columns):
        return Problem(file, 1, 0, "a header", "rows only; columns.json names the columns")
    if len(cells) != rule.expected:
        return Problem(file, number, 0, f"{len(cells)} columns", f"{rule.expected}, as in {rule.told_by}")
    return None if rule.allows(cells[0]) else Problem(file, number, 1, quoted(cells[0]), rule.allowed)


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False
