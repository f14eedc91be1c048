"""The program puts a row into the slice that the evaluation puts it into."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lambdas.measuring.slices import members
from pipeline_lambdas.measuring.tested import numbers

CELLS = ["", "1", "2", "10", "1e1", " 2", "-0.5", "nan", "inf", "x", "yes", "no", "two words"]


def by_slice(column: dict[str, Any], cells: list[str]) -> list[list[int]]:
    found = np.empty(len(cells), dtype=object)
    found[:] = [cell.strip() for cell in cells]
    return [list(rows) for rows in members(column, found)]


@given(
    st.lists(st.sampled_from(CELLS), min_size=1, max_size=30),
    st.sampled_from(
        [{"ranges": (1.0, 5.0)}, {"values": (1.0, 10.0)}, {"values": ("yes", "no")}, {"values": ("1", "two words")}]
    ),
)
def test_rows_are_where_the_evaluation_has_them(cells: list[str], cut: dict[str, Any]) -> None:
    slices = pytest.importorskip("inference_lambdas.judging.slices")
    model = pytest.importorskip("pipeline_lambdas.config.model")

    class Counted:
        def __init__(self) -> None:
            self.rows: list[float] = []

        def add(self, labels: list[float], _: list[float]) -> None:
            self.rows += labels

        def values(self) -> dict[str, Any]:
            return {"rows": self.rows}

    column = model.SliceColumn("column 2", **cut)
    expected = slices.Slices([column], [1], Counted)
    places = list(map(float, range(len(cells))))
    expected.add([f"0,{cell}".encode() for cell in cells], places, places)
    known = {one.label: one.metrics.values()["rows"] for one in expected.results()}
    found = dict(zip(slices.labels_of_slices(column), by_slice(cut, cells), strict=True))
    assert {label: rows for label, rows in found.items() if rows or label in known} == known


def test_a_column_of_numbers_is_taken_as_it_is() -> None:
    column = numbers(["1", "", "7"])
    assert [list(rows) for rows in members({"ranges": [5]}, column)] == [[0], [2], [], [1]]
    assert [list(rows) for rows in members({"values": [7, 1]}, column)] == [[2], [0], [], [1]]
