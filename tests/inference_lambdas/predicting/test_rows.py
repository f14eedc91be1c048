from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.predicting.cells import cells
from inference_lambdas.predicting.rows import Block, ParsedRows, RowError, RowFormat, parse_block

CSV = RowFormat("text/csv")
LIBSVM = RowFormat("text/libsvm")


def parse(
    content: bytes, form: RowFormat = CSV, columns: int | None = None, max_rows: int | None = None, line: int = 1
) -> ParsedRows:
    return parse_block(Block("s3://b/k", content, line, len(content)), form, columns, max_rows)


@pytest.mark.parametrize(
    ("content", "form", "labels", "body"),
    [
        (b"5,1,2\n6,3,4\n", CSV, [5.0, 6.0], b"1,2\n3,4"),
        (b"5,1,2\r\n6,3,4", CSV, [5.0, 6.0], b"1,2\n3,4"),
        (b"\n5,1,2\n\n\r\n6,3,4\n\n", CSV, [5.0, 6.0], b"1,2\n3,4"),
        (b"-1e-3,,2\n", CSV, [-0.001], b",2"),
        (b"5,0.5,1,2\n", RowFormat("text/csv", weights=True), [5.0], b"1,2"),
        (b"1 0:1.5 3:2\n0 1:1\n", LIBSVM, [1.0, 0.0], b"0:1.5 3:2\n1:1"),
        (b"1:0.5 0:1.5\n", LIBSVM, [1.0], b"0:1.5"),
        (b"\n\n", CSV, [], b""),
    ],
)
def test_rows(content: bytes, form: RowFormat, labels: list[float], body: bytes) -> None:
    parsed = parse(content, form)
    assert (parsed.labels, parsed.body) == (labels, body)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"quality,acid\n5,1\n", "line 1: found the label 'quality', so this looks like a header; expected rows"),
        (b"5,1\nseven,2\n", "line 2: found the label 'seven'; expected a number"),
        (b"5,1\n\n,2\n", "line 3: found the label ''; expected a number"),
        (b"5,1\nnan,2\n", "line 2: found the label 'nan'; expected a number"),
        (b"5,1\n1_0,2\n", "line 2: found the label '1_0'; expected a number"),
        (b"5,1\n\xff,2\n", "line 2: found the label '\ufffd'; expected a number"),
        (
            b"5,1,2\n5,1\n",
            "line 2: found 2 columns, so 1 features; expected 3 columns with 2 features, as in the manifest",
        ),
        (b"5,1,2\n5,1\n5,1,2,3\n", "line 2: found 2 columns"),
        (b"5\n6\n", "line 1: found 1 columns; expected a label and at least one feature"),
    ],
)
def test_bad_rows_are_named(content: bytes, message: str) -> None:
    with pytest.raises(RowError) as caught:
        parse(content)
    assert str(caught.value).startswith(f"s3://b/k: {message}")


def test_lines_count_from_the_files_start() -> None:
    with pytest.raises(RowError, match="line 101: found the label 'x'; expected a number"):
        parse(b"\n5,1\nx,2\n", line=99)


def test_columns_known_before() -> None:
    with pytest.raises(RowError, match="line 7: found 10 columns, so 9 features; expected 12 columns with 11 features"):
        parse(b"5" + b",1" * 9 + b"\n", columns=12, line=7)


def test_libsvm_needs_a_feature() -> None:
    with pytest.raises(RowError, match="line 2: found no feature"):
        parse(b"1 0:1\n1\n", LIBSVM)


def test_only_the_first_rows() -> None:
    parsed = parse(b"5,1\n6,2\nbad\n", max_rows=2)
    assert parsed.labels == [5.0, 6.0]


@given(
    st.lists(
        st.tuples(st.integers(-9, 9), st.lists(st.integers(0, 99), min_size=3, max_size=3)), min_size=1, max_size=20
    ),
    st.sampled_from([b"\n", b"\r\n", b"\n\n"]),
)
def test_labels_and_features_stay_together(rows: list[tuple[int, list[int]]], end: bytes) -> None:
    lines = [",".join(map(str, [label, *features])).encode() for label, features in rows]
    parsed = parse(end.join(lines))
    assert parsed.labels == [float(label) for label, _ in rows]
    assert parsed.body.decode().split("\n") == [",".join(map(str, features)) for _, features in rows]
    assert parsed.columns == 4


@given(st.data(), st.integers(2, 9), st.integers(1, 5))
def test_cells_are_those_of_a_plain_split(data: st.DataObject, width: int, rows: int) -> None:
    texts = st.sampled_from([b"", b"1", b"-2.5", b"nan", b"inf", b"x", b"1e300"])
    raw = [[data.draw(texts) for _ in range(width)] for _ in range(rows)]
    columns = data.draw(st.lists(st.integers(0, width - 1), min_size=1, max_size=width, unique=True))
    expected = [[{b"1": 1.0, b"-2.5": -2.5, b"1e300": 1e300}.get(row[column]) for row in raw] for column in columns]
    assert [list(found) for found in cells([b",".join(row) for row in raw], columns)] == expected
