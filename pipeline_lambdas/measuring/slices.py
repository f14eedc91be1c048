"""Which rows belong to which slice, as the settings describe a column's slices.

{"column": 3, "ranges": [10, 11.5]}, {"column": 3, "values": [1, 2]} or {"column": 3, "values": ["yes", "no"]}: the
slices in this order, then other values, then missing ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline_lambdas.measuring.tested import Array, numbers


def members(column: Mapping[str, Any], cells: Array) -> list[Array]:
    """Return the places of the rows of each slice; `cells` is the column, of numbers or of texts."""
    cuts, values = column.get("ranges", []), column.get("values", [])
    if values and isinstance(values[0], str):
        places = {text: place for place, text in enumerate(values)}
        found = [places.get(text, len(values) if text else len(values) + 1) for text in cells]
        return _split(np.array(found, dtype=int), len(values) + 2)
    found_numbers = cells if cells.dtype.kind == "f" else numbers(cells)
    missing = np.isnan(found_numbers)
    slices: Array = np.full(len(cells), len(values))
    count = len(values)
    if cuts:
        slices = np.searchsorted(np.array(cuts, dtype=float), found_numbers, side="right")
        count = len(cuts) + 1
    for place, value in enumerate(values):
        slices[found_numbers == value] = place
    slices = np.where(missing, count + 1, slices)
    return _split(slices, count + 2)


def _split(slices: Array, count: int) -> list[Array]:
    return [np.flatnonzero(slices == place) for place in range(count)]
