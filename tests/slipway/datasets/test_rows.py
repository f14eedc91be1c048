from __future__ import annotations

import json

import pytest
from slipway.datasets.rows import Columns, as_csv, parse_rows
from slipway.errors import SlipwayError

WINE = Columns("quality", ("acidity", "sugar"))
UNKNOWN = Columns()


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("1,2\n3,4", WINE),
        ("1;2\r\n3;4\r\n", WINE),
        ("\N{BYTE ORDER MARK}sugar,acidity\n2,1\n4,3", WINE),
        ("quality,acidity,sugar\n7,1,2\n7,3,4", WINE),
        ("acidity,sugar\n1,2\n3,4", UNKNOWN),
        ("[[1, 2], [3, 4]]", WINE),
        ('[{"sugar": 2, "acidity": 1}, {"acidity": 3, "sugar": "4", "quality": 9}]', WINE),
        ('{"sugar": 2, "acidity": 1}\n{"sugar": 4, "acidity": 3}\n', WINE),
        ("[1, 2]\n[3, 4]\n", UNKNOWN),
    ],
)
def test_rows_come_in_the_order_of_training(text: str, columns: Columns) -> None:
    assert parse_rows(text, columns, "rows") == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize("text", ["[1, 2]", '{"sugar": 2, "acidity": 1}', "1,2"])
def test_one_row_needs_no_list(text: str) -> None:
    assert parse_rows(text, WINE, "rows") == [("1", "2")]


@pytest.mark.parametrize("text", ["1,\n", "[[1, null]]", '{"acidity": 1, "sugar": null}', "[[1, NaN]]"])
def test_a_missing_value_is_empty(text: str) -> None:
    rows = parse_rows(text, WINE, "rows")
    assert rows == [("1", "")]
    assert as_csv([*rows, ("2", "3")]) == b"1,\n2,3"


@pytest.mark.parametrize(
    ("text", "columns", "message", "hint"),
    [
        ("", WINE, "rows: found no rows; expected rows of features as CSV or JSON.", ""),
        ("[]", WINE, "rows: found no rows; expected at least one.", ""),
        (
            "1,2\n7,1,2",
            WINE,
            "rows: row 2: found 3 values; expected 2: acidity, sugar.",
            "The label, quality, is what is predicted: leave it out.",
        ),
        ("1", WINE, "rows: row 1: found 1 values; expected 2: acidity, sugar.", ""),
        ("1,2\n1", UNKNOWN, "rows: row 2: found 1 values; expected 2, as in row 1.", ""),
        ("1,x", WINE, "rows: row 1, column 2 (sugar): found 'x'; expected a number.", ""),
        (
            "acidity,pH\n1,2",
            WINE,
            "rows: row 1: found no sugar; unknown 'pH'; expected the columns acidity, sugar.",
            "",
        ),
        ("acidity,sugar\n1", WINE, "rows: row 1: found 1 values; expected 2, as in line 1.", ""),
        ("[1, true]", WINE, "rows: row 1: found true or false; expected a number, or null for a missing value.", ""),
        ("[[1, 2], 3]", WINE, "rows: row 2: found 3; expected a list of numbers, or an object by column names.", ""),
        (
            '[{"a": 1}]',
            UNKNOWN,
            "rows: row 1: found column names, and the release's record names none.",
            "Give the numbers in their order.",
        ),
    ],
)
def test_a_wrong_row_is_named(text: str, columns: Columns, message: str, hint: str) -> None:
    with pytest.raises(SlipwayError) as told:
        parse_rows(text, columns, "rows")
    assert (told.value.message, told.value.next_step) == (message, hint)


def test_text_that_is_no_json_says_where() -> None:
    with pytest.raises(SlipwayError, match=r"rows: found text that is not JSON: .* column 5"):
        parse_rows("[1, ", WINE, "rows", "json")
    assert json.loads(as_csv([("1",)])) == 1


TABLE = Columns("churned", ("tenure", "notes", "paperless"), table=True)


@pytest.mark.parametrize(
    "text",
    [
        '3,"never again; too dear, they say",true',
        'tenure,notes,paperless\n3,"never again; too dear, they say",true',
        'paperless,churned,notes,tenure\ntrue,,"never again; too dear, they say",3',
        '3;"never again; too dear, they say";true',
        '3,"never again;\ntoo dear, they say",true',
        '{"notes": "never again;\\ntoo dear, they say", "tenure": 3, "paperless": true}',
        '[[3, "never again; too dear, they say", true]]',
    ],
)
def test_the_cells_of_a_table_are_taken_as_they_stand(text: str) -> None:
    rows = parse_rows(text, TABLE, "rows")
    assert rows == [("3", "never again; too dear, they say", "true")]
    assert as_csv(rows) == b'3,"never again; too dear, they say",true'


def test_a_row_of_words_is_no_header() -> None:
    assert parse_rows("a,b,c", TABLE, "rows") == [("a", "b", "c")]
    assert as_csv([("", 'so "so"', "größer")]) == ',"so ""so""",größer'.encode()


def test_a_row_of_a_table_has_all_its_columns() -> None:
    with pytest.raises(SlipwayError, match="found 2 values; expected 3: tenure, notes, paperless"):
        parse_rows("3,short", TABLE, "rows")
