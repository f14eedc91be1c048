"""A row becomes the same numbers when it is trained on and when it is asked about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lambdas.tabular.errors import TableError
from pipeline_lambdas.tabular.specification import Specification
from pipeline_lambdas.tabular.treatment import Treatment, fit
from tests.pipeline_lambdas.tabular.tables import CHURN, churn_rows, specification

_CELL = {
    "number": st.one_of(st.floats(allow_nan=False, width=32).map(repr), st.sampled_from(["", "NA", "1_0", "9e99"])),
    "category": st.one_of(st.sampled_from(["", "a", "b", " a", "ä"]), st.text(max_size=3)),
    "text": st.lists(st.sampled_from(["good", "Bad", "day,", '"so"', "5"])).map(" ".join),
    "date": st.one_of(st.dates().map(str), st.datetimes().map(str), st.sampled_from(["", "1709209815"])),
    "ignore": st.text(max_size=3),
}
KINDS = st.lists(st.sampled_from(sorted(_CELL)), min_size=1, max_size=5).filter(lambda kinds: set(kinds) - {"ignore"})


@st.composite
def tables(draw: st.DrawFn) -> tuple[Specification, list[list[str]]]:
    kinds = draw(KINDS)
    rows = draw(st.lists(st.tuples(*(_CELL[kind] for kind in kinds)).map(list), min_size=1, max_size=12))
    table = specification({f"column {place}": kind for place, kind in enumerate(kinds)})
    return table, rows


def turned(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return list(zip(*rows, strict=True))


def learned(table: Specification, *blocks: Sequence[Sequence[str]]) -> dict[str, Any]:
    return fit(table, (turned(block) for block in blocks), lambda _line: None)


def outcome(table: Specification, *blocks: Sequence[Sequence[str]]) -> dict[str, Any] | str:
    """What is learned, or why nothing is."""
    try:
        return learned(table, *blocks)
    except TableError as error:
        return str(error)


def plain(matrix: Any) -> Any:
    """The matrix without its form: what is not in CSR is missing, as NaN is."""
    if isinstance(matrix, np.ndarray):
        return matrix
    full = np.full(matrix.shape, np.nan, np.float32)
    for row in range(matrix.shape[0]):
        inside = slice(matrix.indptr[row], matrix.indptr[row + 1])
        full[row, matrix.indices[inside]] = matrix.data[inside]
    return full


@given(tables())
def test_a_row_is_encoded_in_serving_as_in_training(given_table: tuple[Specification, list[list[str]]]) -> None:
    table, rows = given_table
    try:
        document = learned(table, rows)
        treatment = Treatment(document, "f")
    except TableError:
        return  # cells that are no numbers, words that are too rare
    served = Treatment(json.loads(json.dumps(document)), "f")
    together = plain(treatment.encode(turned(rows)))
    assert together.shape == (len(rows), len(treatment.names))
    assert len(set(treatment.names)) == len(treatment.kinds) == together.shape[1]
    for row, encoded in zip(rows, together, strict=True):
        np.testing.assert_array_equal(plain(served.encode(turned([row])))[0], encoded)


@given(tables(), st.integers(0, 12))
def test_blocks_are_learned_from_as_a_whole_is(given_table: tuple[Specification, list[list[str]]], cut: int) -> None:
    table, rows = given_table
    blocks = [block for block in (rows[:cut], rows[cut:]) if block]
    assert outcome(table, *blocks) == outcome(table, rows)


def test_a_document_says_what_was_learned() -> None:
    rows = [[str(cell) for cell in row[1:]] for row in churn_rows(100, 1)]
    document = learned(specification(CHURN), rows)
    assert {name: document[name] for name in ("schema", "problem", "label", "classes", "rows")} == {
        "schema": "slipway-treatment/1",
        "problem": "binary",
        "label": "churned",
        "classes": ["no", "yes"],
        "rows": 100,
    }
    tenure, contract, signup, notes, customer = document["columns"]
    assert tenure == {"name": "tenure", "type": "number", "missing": sum(not row[0] for row in rows), "unreadable": 0}
    assert contract["values"][0] == "monthly"
    assert len(contract["values"]) == contract["max_categories"] == 3
    assert contract["missing"] == sum(not row[1] for row in rows)
    assert contract["other"] == sum(row[1] not in {"", *contract["values"]} for row in rows)
    assert signup == {"name": "signup", "type": "date", "hour": False, "missing": 0, "unreadable": 0}
    assert len(notes["terms"]) == 5
    assert customer == {"name": "customer", "type": "ignore"}


def test_features_are_named_after_their_columns() -> None:
    table = specification({"a [<b>]": "number", "a ((b>)": "number", "day": "date", "x": "text", "x: hi": "number"})
    treatment = Treatment(learned(table, [["1", "2", "2024-01-31T12:00", "hi", "3"]] * 2), "f")
    assert treatment.names == [
        "a ((b>)",
        "a ((b>)'",
        "day: days since 1970",
        "day: month",
        "day: weekday",
        "day: hour",
        "x: hi",
        "x: hi'",
    ]


def test_a_table_without_any_feature_is_refused() -> None:
    document = learned(specification({"x": "text"}), [["one"], ["two"]])
    with pytest.raises(TableError, match=r"^f: no column gives a feature"):
        Treatment(document, "f")


def test_unreadable_cells_are_told() -> None:
    told: list[str] = []
    fit(specification({"age": "number", "day": "date"}), [[("1", "2", "old"), ("", "", "")]], told.append)
    assert told == ["column 'age': 1 of 3 cells hold no number, such as 'old'; they count as missing"]


def test_zeros_are_values_where_the_table_has_a_text() -> None:
    table = specification({"n": "number", "c": "category", "x": "text"})
    treatment = Treatment(learned(table, [["0", "a", "hi"], ["", "b", "hi hi"]]), "f")
    found = treatment.encode([("0", ""), ("a", ""), ("hi", "no")])
    np.testing.assert_array_equal(plain(found), [[0, 0, 1], [np.nan, np.nan, np.nan]])
