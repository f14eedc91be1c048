"""Columns of categories: a number per value, which XGBoost splits as sets of values.

https://xgboost.readthedocs.io/en/stable/tutorials/categorical.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lambdas.tabular.counting import Counts
from pipeline_lambdas.tabular.specification import Column


class CategoryFit:
    """Learns the values that occur most often in training, `max_categories` at most."""

    def __init__(self, column: Column) -> None:
        self._most = column.most
        self._counts = Counts()
        self._rows = self._missing = 0

    def observe(self, cells: Sequence[str]) -> None:
        """Look at a block of the training rows."""
        values = [value for cell in cells if (value := cell.strip())]
        self._counts.add(values)
        self._rows += len(cells)
        self._missing += len(cells) - len(values)

    def fitted(self) -> dict[str, Any]:
        """Return the values, the most frequent first, and how many rows have another one or none."""
        kept = self._counts.top(self._most)
        other = self._rows - self._missing - sum(kept.values())
        return {"values": list(kept), "missing": self._missing, "other": other}

    def told(self) -> str | None:
        """Return a line for the log, or None."""
        return None


class CategoryColumn:
    """Encodes a value as its place among those that were learned; the next number is that of all others."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.names, self.kinds = [str(entry["name"])], ["c"]
        values = entry["values"]
        self._other = float(len(values))
        self._codes = {"": float("nan"), **{value: float(code) for code, value in enumerate(values)}}

    def encode(self, cells: Sequence[str]) -> NDArray[np.float32]:
        """Return shape (cells, 1): the codes, NaN for an empty cell."""
        codes, other = self._codes, self._other
        return np.array([codes.get(cell.strip(), other) for cell in cells], np.float32).reshape(-1, 1)
