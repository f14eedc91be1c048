"""Files of every form are read as they stand, and a broken one says what is wrong with it."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest
from slipway.errors import SlipwayError
from slipway.tables.reading import Layout, Table, opened

from tests.slipway.tables.conftest import Open


def rows(table: Table) -> list[tuple[str | None, ...]]:
    cells = ", ".join(["label", *table.cells])
    return sorted(table.connection.execute(f"FROM raw SELECT {cells}").fetchall(), key=str)


EXPECTED = [("no", "2", "b"), ("yes", "1", "a, b")]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('x,word,y\n1,"a, b",yes\n2,b,no\n', "a.csv"),
        ("x;word;y\n1;a, b;yes\n2;b;no\n", "a.csv"),
        ("x\tword\ty\n1\ta, b\tyes\n2\tb\tno\n", "a.tsv"),
        ('x,word,y\n\u00a01\u2003,"a, b",yes\u00a0\n2,\x1fb\u3000,no\n', "a.csv"),
        ('x,word,y\n1,"a,\0b",yes\n2,b,no\n', "a.csv"),
        ('x,word,y\r1,"a, b",yes\r2,b,no\r', "a.csv"),
        ("x,word,y\r\n" + '1,"a, b",yes\n' + "2,b,no\r\n", "a.csv"),
        (gzip.compress(b'x,word,y\r1,"a, b",yes\r2,b,no'), "a.csv.gz"),
        ("x|word|y\n1|a, b|yes\n2|b|no\n", "a.txt"),
        ('\ufeffx,word,y\r\n1,"a, b",yes\r\n2,b,no\r\n', "a.csv"),
        ('x,word,y\n 1 ,"a,\nb",yes \n2,b,no\n', "it's a [table]*.csv"),
        (gzip.compress(b'x,word,y\n1,"a, b",yes\n2,b,no\n'), "a.csv.gz"),
        (gzip.compress(b'x,word,y\n1,"a, b",yes\n2,b,no\n'), "no-ending"),
        ('x,word,y\n1,"a, b",yes\n2,b,no\n'.encode("utf-16"), "a.csv"),
    ],
)
def test_every_form_gives_the_same_rows(open_table: Open, content: str | bytes, name: str) -> None:
    table = open_table(content, name=name)
    assert table.features == ("x", "word")
    assert rows(table) == EXPECTED


def test_parquet_keeps_its_values_and_leaves_nested_ones_out(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 1.5 AS x, DATE '2026-01-31' AS day, [1, 2] AS several, NULL::VARCHAR AS gap, true AS y "
            f"UNION ALL SELECT 2, NULL, [], 'z', false) TO '{path}'"
        )
    with opened(path, Layout("y")) as table:
        assert table.features == ("x", "day", "gap")
        assert table.unused == ("several",)
        assert rows(table) == [("false", "2.0", None, "z"), ("true", "1.5", "2026-01-31", None)]


def test_an_encoding_can_be_named(open_table: Open) -> None:
    table = open_table("größe,y\nüber,a\nunter,b\n".encode("cp1252"), encoding="cp1252")
    assert table.features == ("größe",)
    assert rows(table) == [("a", "über"), ("b", "unter")]


def test_an_index_without_a_name_is_called_by_its_place(open_table: Open) -> None:
    assert open_table(",x,y\n0,1,a\n1,2,b\n").features == ("column 1", "x")


def test_bad_rows_can_be_left_out(open_table: Open) -> None:
    table = open_table("x,z,y\n1,1,a\n2,b\n3,3,c,4\n5,5,d\n", skip_bad_rows=True)
    assert rows(table) == [("a", "1", "1"), ("d", "5", "5")]
    assert table.rejected == 2


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        ("", {}, "found an empty file"),
        ("\n1,2\n", {}, "line 1: found an empty line"),
        ("x,y\n", {}, "found a header and no row"),
        (f"{'x' * 201},y\n1,2\n", {}, "line 1: found a name of 201 characters"),
        ("x,x,y\n1,2,3\n", {}, "line 1: found the name 'x' at columns 1, 2; expected each name once"),
        ("y\n1\n", {}, "line 1: found one column, 'y'; expected a label and at least one feature"),
        ("1.5,2.5,yes\n2,3,no\n", {"label": "yes"}, "line 1: found a row ('1.5,2.5,yes')"),
        (
            "tenure,churned\n1,a\n",
            {"label": "churn"},
            "found 'churn'; expected a column: tenure, churned; did you mean",
        ),
        ("x,z,y\n1,2,3\n4,5\n", {}, "line 3: found too few columns ('4,5'); expected 3 columns, as in the header"),
        ("x,z,y\n1,2,3,4\n4,5,6\n", {}, "line 2: found too many columns ('1,2,3,4')"),
        (b"x,z,y\n1,2,3\n1,\xff\xe4,3\n", {}, "bytes that are not UTF-8"),
        (b"x,\xe4,y\n1,2,3\n", {}, "line 1, offset 2: found bytes that are not UTF-8"),
        ("x,y\n1,2\n", {"encoding": "utf-99"}, "--encoding: found 'utf-99'"),
        (b"\x81\x8d,y\n1,2\n", {"encoding": "cp1252"}, "found bytes that are not cp1252"),
        (b"PK\x03\x04 more", {}, "found a zip file, as Excel writes; expected CSV, TSV or Parquet"),
        (b"PAR1 and no more", {}, "found a Parquet file that cannot be read"),
        (gzip.compress(b"x,y\n1,2\n" * 9)[:-20], {}, "found a gzip file that is damaged or ends early"),
        (gzip.compress(b"PAR1 and more"), {}, "found a Parquet file within gzip"),
    ],
)
def test_a_broken_file_says_what_is_wrong(
    open_table: Open, content: str | bytes, options: dict[str, str], told: str
) -> None:
    with pytest.raises(SlipwayError) as error:
        open_table(content, **options)
    assert told in error.value.message
    assert "table.csv" in error.value.message or "--encoding" in error.value.message


def test_no_file_and_a_folder_are_told(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "none.csv", "found no such file"), (tmp_path, "found a folder")):
        with pytest.raises(SlipwayError, match=told), opened(path, Layout("y")):
            pass
