"""The fast parser against Python's `float`, field by field."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.sagemaker.containers.toolkit import csv_text, fields, libsvm_text
from local_aws.sagemaker.containers.toolkit.csv_text import RowError
from local_aws.sagemaker.containers.toolkit.fields import Text


def _float32(text: str) -> float:
    with np.errstate(over="ignore"):
        return float(np.float64(text).astype(np.float32))


def _bits(value: float) -> bytes:
    return struct.pack("<d", value)


DECIMALS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "-"]),
    st.integers(0, 10**20).map(str) | st.just(""),
    st.text("0123456789", min_size=1, max_size=20).map(".{}".format) | st.just("."),
).filter(lambda text: any(character.isdigit() for character in text))
NUMBERS = DECIMALS | st.floats(allow_nan=False).map(repr) | st.integers(-(10**25), 10**25).map(str)


@settings(database=None, deadline=None, max_examples=300)
@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_every_number_is_what_float_makes_of_it(rows: list[list[str]]) -> None:
    # Above the size that is parsed with float itself.
    filler = [["1", "2", "3"]] * 200
    content = "\n".join(",".join(row) for row in rows + filler).encode()
    parsed = csv_text.parse(Text.of(content), b",")
    expected = [[_float32(field) for field in row] for row in rows]
    assert [[_bits(v) for v in row] for row in parsed[: len(rows)].tolist()] == [
        [_bits(v) for v in row] for row in expected
    ]


@pytest.mark.parametrize("filler", [0, 400], ids=["small", "large"])
def test_csv_that_is_accepted(filler: int) -> None:
    content = b"1,,-3\r\n\n .5 ,5.,1e3\n+7,nan,-0.25" + b"\n1,2,3" * filler
    parsed = csv_text.parse(Text.of(content), b",")[:3].tolist()
    assert [parsed[0][0], parsed[0][2]] == [1.0, -3.0]
    assert math.isnan(parsed[0][1])
    assert parsed[1] == [0.5, 5.0, 1000.0]
    assert [parsed[2][0], parsed[2][2]] == [7.0, -0.25]
    assert math.isnan(parsed[2][1])


def test_rows_are_the_same_over_the_borders_of_blocks() -> None:
    line = ",".join(str(number / 8) for number in range(12)) + "\n"
    content = (line * (3 * fields._BLOCK // len(line))).encode()
    parsed = csv_text.parse(Text.of(content), b",")
    assert parsed.shape == (content.count(b"\n"), 12)
    assert (parsed == np.arange(12, dtype=np.float32) / 8).all()


@pytest.mark.parametrize("filler", [0, 50_000], ids=["small", "beyond a block"])
@pytest.mark.parametrize(
    ("bad", "column", "reason"),
    [
        (b"1,x,3", 2, "could not convert string to float: 'x'"),
        (b"1,2,1_000", 3, "could not convert string to float: '1_000'"),
        (b"1,2,3.4.5", 3, "could not convert string to float: '3.4.5'"),
        (b"1,2-,3", 2, "could not convert string to float: '2-'"),
        (b"-,2,3", 1, "could not convert string to float: '-'"),
        (b'"1",2,3', 1, "could not convert string to float: '\"1\"'"),
        (b"1,2", None, "found 2 columns, expected 3"),
        (b"1,2,3,x", None, "found 4 columns, expected 3"),
    ],
)
def test_the_first_bad_row_is_named(bad: bytes, column: int | None, reason: str, filler: int) -> None:
    content = b"1,2,3\n" * (filler + 2) + bad + b"\n1,2\n7,y,9\n"
    with pytest.raises(RowError) as caught:
        csv_text.parse(Text.of(content), b",")
    assert (caught.value.line, caught.value.column, caught.value.reason) == (filler + 3, column, reason)


def test_a_header_is_called_a_header() -> None:
    with pytest.raises(RowError, match=r"looks like a header \('quality' is not a number\): remove it"):
        csv_text.parse(Text.of(b"quality,acidity,2\n5,0.1,1\n"), b",")


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [(b"1,2", b","), (b"1, 2", b","), (b"1\t2 3", b"\t"), (b"1;2", b";"), (b"1 2", b" "), (b"7\n", None)],
)
def test_the_delimiter_is_found(line: bytes, delimiter: bytes | None) -> None:
    assert csv_text.delimiter_of(line) == delimiter


def test_libsvm_rows_with_and_without_labels() -> None:
    labelled = libsvm_text.parse(Text.of(b"1:0.5 0:1 3:2.5 \n\n0:2\n-1:1 2:-4\n"), labelled=True)
    assert labelled.labels.tolist() == [1, 0, -1]
    assert labelled.weights.tolist() == [0.5, 2, 1]
    assert labelled.indexes.tolist() == [0, 3, 2]
    assert labelled.values.tolist() == [1, 2.5, -4]
    assert labelled.pointers.tolist() == [0, 2, 2, 3]
    assert labelled.columns == 4
    free = libsvm_text.parse(Text.of(b"1 1:10 2:20\n1:30"), labelled=False)
    assert (free.indexes.tolist(), free.values.tolist()) == ([1, 2, 1], [10, 20, 30])
    assert free.pointers.tolist() == [0, 2, 3]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"1 0:x", "could not convert string to float: 'x'"),
        (b"1 0:1 5", "expected index:value, found '5'"),
        (b"1 0:1:2", "expected index:value, found '1'"),
        (b"1 0:", "a number is missing beside a colon"),
        (b"1 0.5:1", "the index '0.5' is not a whole number from 0"),
        (b"1 -1:1", "the index '-1' is not a whole number from 0"),
    ],
)
def test_a_bad_libsvm_row_is_named(row: bytes, reason: str) -> None:
    with pytest.raises(RowError) as caught:
        libsvm_text.parse(Text.of(b"1 0:1\n" + row + b"\n"), labelled=True)
    assert (caught.value.line, caught.value.reason) == (2, reason)
