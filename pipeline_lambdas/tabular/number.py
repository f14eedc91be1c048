"""Columns of numbers: what is no number is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lambdas.tabular.readable import Readings, is_gap
from pipeline_lambdas.tabular.specification import Column

_TOO_LARGE = 2.0**128 - 2.0**103
"""From here on a number rounds to infinity in the 32 bits that XGBoost has for it."""


def parse(cells: Sequence[str]) -> tuple[NDArray[np.float32], list[str]]:
    """Return the values, shape (cells,), NaN where there is none, and the cells that hold something else."""
    try:
        wide = np.fromiter(map(float, [cell or "nan" for cell in cells]), np.float64, len(cells))
    except ValueError:
        return _one_by_one(cells)
    # Python reads 1_000 as a number, and no table means it.
    if (np.abs(wide) >= _TOO_LARGE).any() or "_" in "".join(cells):
        return _one_by_one(cells)
    return wide.astype(np.float32), []


def _one_by_one(cells: Sequence[str]) -> tuple[NDArray[np.float32], list[str]]:
    values = np.full(len(cells), np.nan, np.float32)
    unreadable = []
    for index, cell in enumerate(cells):
        value = _value(cell)
        if value is not None:
            values[index] = value
        elif not is_gap(cell):
            unreadable.append(cell)
    return values, unreadable


def _value(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return None if "_" in cell or abs(value) >= _TOO_LARGE else value


class NumberFit:
    """Nothing is learned of a number but how many are missing."""

    def __init__(self, column: Column) -> None:
        self.readings = Readings(column.name, "number")

    def observe(self, cells: Sequence[str]) -> None:
        """Look at a block of the training rows."""
        values, unreadable = parse(cells)
        self.readings.add(len(cells), int(np.isnan(values).sum()), unreadable)

    def fitted(self) -> dict[str, Any]:
        """Return what travels in the model; TableError if the column holds no numbers."""
        return self.readings.document()

    def told(self) -> str | None:
        """Return a line for the log, or None."""
        return self.readings.told()


class NumberColumn:
    """Encodes numbers as they are."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.names, self.kinds = [str(entry["name"])], ["q"]

    def encode(self, cells: Sequence[str]) -> NDArray[np.float32]:
        """Return shape (cells, 1)."""
        return parse(cells)[0].reshape(-1, 1)
