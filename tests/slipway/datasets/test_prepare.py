from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from slipway.cli import run
from slipway.datasets.csv_rules import check_csv
from slipway.datasets.prepare import Prepared, Request, prepare
from slipway.errors import SlipwayError

WINE = Path(__file__).resolve().parents[4] / "shared" / "data" / "winequality" / "winequality-white.csv"
CHANNELS = ("train", "validation", "test")


def prepared(source: Path, out: Path, label: str = "y", **more: Any) -> Prepared:
    return prepare(Request(source, out, label, **more), lambda _more: None)


def written(out: Path) -> dict[str, list[str]]:
    return {channel: (out / channel / f"{channel}.csv").read_text().splitlines() for channel in CHANNELS}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "any.csv"
    path.write_text("a;b;y\n" + "".join(f"{number};{number}.5;{number % 7}\n" for number in range(100)))
    return path


def test_every_row_is_in_one_channel_label_first(source: Path, tmp_path: Path) -> None:
    result = prepared(source, tmp_path / "out")
    assert result.rows == {"train": 70, "validation": 15, "test": 15}
    assert result.columns == ["y", "a", "b"] == json.loads((tmp_path / "out" / "columns.json").read_text())
    lines = [line for channel in written(tmp_path / "out").values() for line in channel]
    assert sorted(lines) == sorted(f"{number % 7},{number},{number}.5" for number in range(100))
    assert lines != [f"{number % 7},{number},{number}.5" for number in range(100)]


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(source: Path, tmp_path: Path) -> None:
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        prepared(source, tmp_path / name, seed=seed)
    first, again, other = (written(tmp_path / name) for name in ("first", "again", "other"))
    assert first == again
    assert first != other


def test_rounding_loses_no_row(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("".join(f"{number},1\n" for number in range(7)))
    result = prepared(path, tmp_path / "out", label="1", split=(60, 20, 20))
    assert result.rows == {"train": 5, "validation": 1, "test": 1}
    assert not result.columns
    assert not (tmp_path / "out" / "columns.json").exists()


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        ("", "1", "line 1: missing; expected a CSV file with rows"),
        ("a,b\n1,2\n", "c", "--label: found 'c'; expected a, b, or a number from 1 to 2"),
        ("1,2\n", "a", "--label: found 'a'; expected a number from 1 to 2, as the file has no header"),
        ("1,2\n", "3", "--label: found '3'; .* a number from 1 to 2"),
        ("a,a\n1,2\n", "a", "--label: found 'a' as the name of several columns"),
        ("1\n2\n", "1", "line 1: found one column"),
        ("1,2\n3,4\n", "1", "found 2 good rows, which leaves none for validation, test"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(text: str, label: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text(text)
    with pytest.raises(SlipwayError, match=message):
        prepared(path, tmp_path / "out", label)


def test_bad_rows_are_all_listed_and_nothing_is_written(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with source.open("a") as file:
        file.write("".join(f"{number};red;1\n" for number in range(29)) + "1;2\n\n7;8;9,5\n")
    out = tmp_path / "out"
    assert run(["data", "prepare", str(source), "--label", "y", "--out", str(out)]) == 1
    said = capsys.readouterr().out
    assert f"{source}: line 102, column 2: found 'red'; expected a number\n" in said
    assert "31 rows rejected; all of them are listed in" in said
    assert said.count("found 'red'") == 20
    listed = (out / "rejected.txt").read_text().splitlines()
    assert len(listed) == 31
    assert listed[-2:] == [
        f"{source}: line 131: found 2 columns; expected 3, as in line 1",
        f"{source}: line 133, column 3: found '9,5'; expected a number with a decimal point",
    ]
    assert not (out / "train").exists()

    assert run(["data", "prepare", str(source), "--label", "y", "--out", str(out), "--skip-bad-rows"]) == 0
    assert sum(map(len, written(out).values())) == 100


def test_quoted_fields_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    rows = "".join(f'"{number}","1.5"\r\n' for number in range(20))
    path.write_bytes(b'\xef\xbb\xbf"fixed, acidity","quality"\r\n' + rows.encode())
    assert prepared(path, tmp_path / "out", "quality").columns == ["quality", "fixed, acidity"]
    assert written(tmp_path / "out")["train"][0].startswith("1.5,")


@pytest.mark.parametrize("option", [["--split", "50,50"], ["--split", "0,50,50"], ["--delimiter", "x"]])
def test_options_are_checked(option: list[str], source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "prepare", str(source), "--label", "y", *option]) == 1
    assert f"error: {option[0]}: found {option[1]!r}; expected" in capsys.readouterr().err


@pytest.mark.skipif(not WINE.is_file(), reason="the UCI data is not in this repository")
def test_uci_wine_quality(tmp_path: Path) -> None:
    result = prepared(WINE, tmp_path, "quality")
    assert result.rows == {"train": 3_430, "validation": 734, "test": 734}
    assert (result.columns[0], result.columns[-1], result.rejected) == ("quality", "alcohol", [])
    for channel in CHANNELS:
        with (tmp_path / channel / f"{channel}.csv").open("rb") as lines:
            assert not check_csv(lines, channel).problem_count
    with WINE.open() as file:
        rows = Counter(",".join([row[-1], *row[:-1]]) for row in list(csv.reader(file))[1:])
    assert Counter(line for channel in written(tmp_path).values() for line in channel) == rows
