"""How texts of CSV and JSON are shown, and what counts as an image or a report."""

from __future__ import annotations

import pytest
from slipway.console.buckets.contents import csv_table, indented
from slipway.console.buckets.kinds import image_type, is_report
from slipway.console.buckets.places import trail
from slipway.console.texts import decoded, lines_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a":1.50,"a":[ ]}', '{\n  "a": 1.50,\n  "a": []\n}'),
        ('[[1,2],{"x":"]\\"{"}]', '[\n  [\n    1,\n    2\n  ],\n  {\n    "x": "]\\"{"\n  }\n]'),
        ("1e999", "1e999"),
        ("[1,", None),
        ("[" * 100_000, None),
        ("", None),
    ],
)
def test_json_is_indented_as_it_is_written(text: str, shown: str | None) -> None:
    assert indented(text) == shown


def test_deep_json_does_not_grow_without_bound() -> None:
    text = "[" * 900 + ",".join("1" * 20_000) + "]" * 900
    assert len(indented(text) or "") < 2_000_000


@pytest.mark.parametrize(
    ("text", "cut", "headings", "last"),
    [
        ("a,b\n1,2\n", False, ["a", "b"], "2"),
        ("1,2\n3,4\n", False, ["Column 1", "Column 2"], "4"),
        ("a,b\n1,2\n3,", True, ["a", "b"], "2"),
        ("a\n1,2,3\n", False, ["a", "", ""], "3"),
    ],
)
def test_a_table_has_the_names_of_its_columns_if_it_names_them(
    text: str, cut: bool, headings: list[str], last: str
) -> None:
    shown = str(csv_table(text, cut=cut))
    for heading in headings:
        assert f">{heading}</th>" in shown
    assert shown.rpartition("</td>")[0].endswith(f">{last}")


def test_a_table_is_bounded_in_rows_columns_and_cells() -> None:
    wide = ",".join(map(str, range(500)))
    shown = str(csv_table(f"{wide}\n" * 300, cut=False))
    assert "The first 100 rows. The first 60 columns." in shown
    assert shown.count("<tr>") == 101
    assert len(str(csv_table(f"a,b\n{'x' * 10_000},1\n", cut=False))) < 2_000
    assert csv_table(f'"{"x" * 200_000}', cut=False) is None


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"<svg><script>", None),
        (b"", None),
    ],
)
def test_an_image_is_one_by_its_first_bytes(content: bytes, media_type: str | None) -> None:
    assert image_type(content) == media_type


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("releases/m/1/report.html", True),
        ("releases/m/1/draft-report.html", True),
        ("releases/m/1/page.html", False),
        ("report.html", False),
        ("x/releases/m/1/report.html", False),
    ],
)
def test_a_report_is_one_by_its_key(key: str, is_one: bool) -> None:
    assert is_report(key) is is_one


@pytest.mark.parametrize(
    ("key", "titles"),
    [
        ("k", []),
        ("a/b/c", ["a", "b"]),
        ("a/b/", ["a"]),
        ("a//b", ["a", "/"]),
        ("/b", ["/"]),
        ("../..", [".."]),
    ],
)
def test_the_folders_above_a_key(key: str, titles: list[str]) -> None:
    assert [title for title, _ in trail("bucket", key)][2:] == titles


def test_a_text_may_end_within_a_character_only_where_it_is_cut() -> None:
    assert decoded("\u00e9".encode()[:1], cut=True) == ""
    assert decoded("\u00e9".encode()[:1]) is None
    assert decoded("\ufeffa\r\nb".encode()) == "a\nb"
    assert lines_of("a\n\nb\n") == ["a", "", "b"]
    assert lines_of("a\x0cb\u2028c") == ["a\x0cb\u2028c"]
