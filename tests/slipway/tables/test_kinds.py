"""What a column is follows from what its cells hold."""

from __future__ import annotations

import pytest
from slipway.tables.findings import Column
from slipway.tables.kinds import column
from slipway.tables.profile import count_columns, duplicate_rows

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
