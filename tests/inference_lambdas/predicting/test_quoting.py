"""Rows of a table, against Python's own reader of CSV."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.predicting.cells import cells, written_cells
from inference_lambdas.predicting.quoting import values
from inference_lambdas.predicting.rows import Block, ParsedRows, RowError, RowFormat, parse_block

TABLE = RowFormat("text/csv", table=True)
CLASSES = RowFormat("text/csv", table=True, classes=("no", "yes, really"))
_TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8) | st.sampled_from(
    ["", '"', ",", '","', 'a "b", c', "5", "-1.5", "nan"]
)


def parse(content: bytes, form: RowFormat = TABLE, columns: int | None = None) -> ParsedRows:
    return parse_block(Block("s3://b/k", content, 1, len(content)), form, columns, None)


def written(rows: list[list[str]], quoting: int) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=quoting, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return buffer.getvalue().encode()


@given(
    st.lists(st.tuples(st.integers(-9, 9).map(str), _TEXTS, _TEXTS), min_size=1, max_size=20),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_cells_are_those_that_were_written(rows: list[tuple[str, str, str]], quoting: int) -> None:
    content = written([list(row) for row in rows], quoting)
    parsed = parse(content)
    assert parsed.labels == [float(row[0]) for row in rows]
    assert parsed.columns == 3
    sent = list(csv.reader(io.StringIO(parsed.body.decode(), newline=""), strict=True))
    # A row whose only text is empty is read as no row by csv, and never is one here.
    assert sent == [list(row[1:]) for row in rows]
    found = [[text.decode() for text in values(column)] for column in written_cells(parsed.rows, [1, 2])]
    assert found == [[row[place].strip() for row in rows] for place in (1, 2)]


def test_a_block_without_quotes_is_sent_as_it_is() -> None:
    parsed = parse(b"5,a b,,2020-01-01\r\n6,c,d,\n")
    assert parsed.body == b"a b,,2020-01-01\nc,d,"
    assert parsed.rows == [b"5,a b,,2020-01-01", b"6,c,d,"]


def test_numbers_may_be_in_quotes() -> None:
    parsed = parse(b'"5","1.5"\n6,x\n')
    assert parsed.labels == [5.0, 6.0]
    assert cells(parsed.rows, [1]) == [[1.5, None]]


def test_classes_have_their_numbers() -> None:
    parsed = parse(b'no,1\n"yes, really","a,b"\n no ,2\n', CLASSES)
    assert parsed.labels == [0.0, 1.0, 0.0]
    assert parsed.label_texts == [b"no", b'"yes, really"', b" no "]
    assert parsed.body == b'1\n"a,b"\n2'


@pytest.mark.parametrize(
    ("content", "form", "message"),
    [
        (b"churned,a\nno,1\n", CLASSES, "line 1: found the label 'churned'; expected no, yes, really, and no header"),
        (b"no,1\nmaybe,2\n", CLASSES, "line 2: found the label 'maybe'; expected no, yes, really"),
        (b"no,1\n,2\n", CLASSES, "line 2: found the label ''; expected no, yes, really"),
        (b'5,"a\n6,b"\n', TABLE, "line 1: found a quote that is not closed; expected cells in double quotes"),
        (b'5,"a,b"\n\n6,"a"",b\n', TABLE, "line 3: found a quote that is not closed"),
        (b'5,"a,b",1\n6,a,b,1\n', TABLE, "line 2: found 4 columns, so 3 features; expected 3 columns"),
        (b"5,a\n6,\xff\n", TABLE, "line 2: found the byte 0xFF, which is not UTF-8"),
        (b'5,a\n"x, y",b\n', TABLE, "line 2: found the label 'x, y'; expected a number"),
    ],
)
def test_bad_rows_are_named(content: bytes, form: RowFormat, message: str) -> None:
    with pytest.raises(RowError) as caught:
        parse(content, form)
    assert str(caught.value).startswith(f"s3://b/k: {message}")


def test_numbers_alone_have_no_quotes() -> None:
    with pytest.raises(RowError, match="found the label '\"5\"'"):
        parse(b'5,1\n"5",2\n', RowFormat("text/csv"))
