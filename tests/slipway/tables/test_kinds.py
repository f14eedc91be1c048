"""What a column is follows from what its cells hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slipway.tables.findings import Column, Counts
from slipway.tables.kinds import MARKERS, column
from slipway.tables.profile import count_columns, duplicate_rows

from pipeline_lambdas.tabular import specification
from pipeline_lambdas.tabular.date import DateFit
from pipeline_lambdas.tabular.number import NumberFit
from pipeline_lambdas.tabular.treatment import Fit
from tests.slipway.tables.conftest import Open

ROWS = 60


def columns_of(open_table: Open, **cells: list[str]) -> dict[str, Column]:
    lines = [",".join([*cells, "y"])]
    lines += [",".join([*(f'"{values[row]}"' for values in cells.values()), str(row % 2)]) for row in range(ROWS)]
    table = open_table("\n".join(lines) + "\n")
    return {counts.name: column(counts) for counts in count_columns(table)}


def each(*values: str) -> list[str]:
    """Return the values again and again, one per row."""
    return [values[row % len(values)] for row in range(ROWS)]


def own(pattern: str) -> list[str]:
    """Return a value of its own for each row."""
    return [pattern.format(row, row % 28 + 1) for row in range(ROWS)]


@pytest.mark.parametrize(
    ("cells", "kind", "feature"),
    [
        (own("{0}.25"), "number", "number"),
        (each("1", "-2.5e3", "+.5", ""), "number", "number"),
        ([*own("{0}.25")[1:], "n/a"], "number", "number"),
        (each("0", "1"), "boolean", "number"),
        (each("yes", "no", ""), "boolean", "category"),
        (each("red", "green", "blue"), "category", "category"),
        (each("red", ""), "category", "category"),
        (each("01234", "00501", "90210"), "category", "category"),
        (each("1,5", "2,25", "3"), "category", "category"),
        ([*own("{0}.25")[:20], *["missing"] * 40], "number", "number"),
        ([*each("2026-01-31", "2024-02-29")[:40], *["NA"] * 20], "date", "date"),
        ([*each("31.12.2026", "30.11.2026")[:40], *["NA"] * 20], "date", "ignore"),
        (each("2026-01-31", "2024-02-29", ""), "date", "date"),
        (each("2026-01-31T10:30:00Z", "2026-01-31 10:30", "2026-01-31T10:30:00.5+02:00"), "date", "date"),
        (each("2026-02-30", "2026-02-31"), "boolean", "category"),
        (each("31.12.2026", "30.11.2026", "29.10.2026"), "date", "ignore"),
        (own("the {0} words of row {0}"), "text", "text"),
        (own("C-{0}"), "id", "ignore"),
        (own("{0}"), "id", "ignore"),
        (each("same"), "constant", "ignore"),
        (each(""), "empty", "ignore"),
    ],
)
def test_the_kind_of_a_column(open_table: Open, cells: list[str], kind: str, feature: str) -> None:
    found = columns_of(open_table, x=cells)["x"]
    assert (found.kind, found.feature) == (kind, feature), found


def test_whole_numbers_of_their_own_are_an_id_by_their_name(open_table: Open) -> None:
    cells = [str(7 * row * row) for row in range(ROWS)]
    found = columns_of(open_table, area=cells, customerId=cells, order_no=cells)
    assert {name: one.kind for name, one in found.items()} == {"area": "number", "customerId": "id", "order_no": "id"}


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        (own("{0},{1:03}"), "numbers with commas: with a decimal point, and no separator of thousands, they would be"),
        (own("1,{0:03},000.50"), "numbers with commas: "),
        (each("1.234,5", "2,25", "3"), "numbers with commas: "),
        (each("Lyon, 3", "Paris, 4", "3"), ""),
        ([*own("{0}.25")[:50], *["NA"] * 10], "10 cells are no number and count as missing, NA for example"),
        ([*each("2026-01-31")[:50], *["NA"] * 10], "10 cells are no date and count as missing, NA for example"),
    ],
)
def test_what_is_said_of_a_column(open_table: Open, cells: list[str], note: str) -> None:
    found = columns_of(open_table, x=cells)["x"].note
    assert found.startswith(note)
    assert bool(found) == bool(note)


@given(st.lists(st.sampled_from(["7", "2026-01-31", "", " ", *MARKERS]), min_size=1, max_size=40))
def test_what_training_refuses_is_guessed_by_nobody(cells: list[str]) -> None:
    """A job fails on a column most of whose filled cells are not of its type."""
    cells = [cell.strip() for cell in cells]
    filled = [cell for cell in cells if cell]
    gaps = sum(cell in MARKERS for cell in filled)
    counts = Counts(
        "x",
        len(cells),
        len(cells) - len(filled),
        len(set(filled)),
        numbers=filled.count("7"),
        whole=filled.count("7"),
        dates=filled.count("2026-01-31"),
        markers=gaps,
        low=7.0,
        high=7.0,
    )
    fits: dict[str, Callable[[specification.Column], Fit]] = {"number": NumberFit, "date": DateFit}
    fit = fits.get(column(counts).feature)
    if fit:
        one = fit(specification.Column("x", column(counts).feature))
        one.observe(cells)
        assert one.fitted()["missing"] == gaps + len(cells) - len(filled)


def test_what_is_counted(open_table: Open) -> None:
    table = open_table("x,word,y\n1,a,0\n2.5,,1\nNA,b b b,0\n1,a,0\n 1 ,a,0\n")
    number, word = count_columns(table)
    assert (number.rows, number.gaps, number.values, number.numbers, number.markers) == (5, 0, 3, 4, 1)
    assert (number.low, number.high) == (1, 2.5)
    assert number.common == (("1", 3), ("2.5", 1), ("NA", 1))
    assert (word.gaps, word.values, word.mean_words) == (1, 2, 6 / 4)
    assert duplicate_rows(table) == 2


def test_a_gap_is_no_empty_text_of_another_column(open_table: Open) -> None:
    assert duplicate_rows(open_table("a,b,y\nx,,1\n,x,1\nx,,1\n")) == 1
