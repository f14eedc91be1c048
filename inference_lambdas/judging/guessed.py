"""What the columns of a script's table hold: no config says so, and the script's own reading is not known here."""

from __future__ import annotations

from collections.abc import Sequence

from inference_lambdas.predicting.cells import numbers_of, written_cells
from inference_lambdas.predicting.quoting import values
from inference_lambdas.predicting.rows import split_rows, table_rows
from pipeline_lambdas.config.model import FeatureType

_FEW = 20
"""Up to so many different texts are categories, however few rows there are."""


def guessed_types(head: bytes, columns: int, places: Sequence[int]) -> dict[int, FeatureType]:
    """Return the type of the columns at some places, by the first bytes of the training rows.

    A column is of numbers if at least half of its filled cells are numbers, of categories if its texts come twice on
    average, else of text. Rows with another number of columns are left to whoever reads all of them.
    """
    try:
        rows = table_rows(split_rows(head[: head.rfind(b"\n") + 1] or head))
    except ValueError:
        rows = []
    rows = [row for row in rows if row.count(b",") + 1 == columns]
    return {place: _guessed(cells) for place, cells in zip(places, written_cells(rows, places), strict=True)}


def _guessed(cells: Sequence[bytes]) -> FeatureType:
    filled = list(filter(None, values(cells)))
    numbers = sum(value is not None for value in numbers_of(filled))
    if 2 * numbers >= len(filled):
        return "number"
    different = len(set(filled))
    return "category" if different <= _FEW or 2 * different <= len(filled) else "text"
