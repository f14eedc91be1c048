"""What is known of the cells of a column that has to be read: how many are missing, how many cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline_lambdas.tabular.errors import TableError, quoted

GAPS = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "nat", "null", "none", "nil", "-", "--", ".", "?", "missing", "unknown"}
)
"""What tables write where a number or a date is missing, in small letters."""
_EXAMPLES = 3


def is_gap(cell: str) -> bool:
    """Whether a cell says that its value is missing."""
    return cell.strip().lower() in GAPS


class Readings:
    """Counts the cells of one column; `expected` says what they should hold."""

    def __init__(self, column: str, expected: str) -> None:
        self._column, self._expected = column, expected
        self._rows = self._missing = self._unreadable = 0
        self._examples: list[str] = []

    def add(self, rows: int, missing: int, unreadable: Sequence[str]) -> None:
        """Count a block: its rows, how many of them have no value, and those cells of them that cannot be read."""
        self._rows += rows
        self._missing += missing - len(unreadable)
        self._unreadable += len(unreadable)
        for cell in unreadable:
            if len(self._examples) == _EXAMPLES:
                break
            if cell not in self._examples:
                self._examples.append(cell)

    def document(self) -> dict[str, Any]:
        """Return the counts; TableError if more of the cells that hold something cannot be read than can."""
        filled = self._rows - self._missing
        if self._unreadable * 2 > filled:
            raise TableError(
                f"column '{self._column}': found {self._unreadable:,} of {filled:,} cells that hold no "
                f"{self._expected}, such as {quoted(self._examples)}. Correct the cells, leave them empty, or give "
                "the column another type in `features`"
            )
        return {"missing": self._missing, "unreadable": self._unreadable}

    def told(self) -> str | None:
        """Return a line for the log about cells that count as missing because they cannot be read; None without."""
        if not self._unreadable:
            return None
        return (
            f"column '{self._column}': {self._unreadable:,} of {self._rows:,} cells hold no {self._expected}, such as "
            f"{quoted(self._examples)}; they count as missing"
        )
