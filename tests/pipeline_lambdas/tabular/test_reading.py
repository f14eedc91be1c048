from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_lambdas.tabular import reading
from pipeline_lambdas.tabular.errors import TableError
from pipeline_lambdas.tabular.reading import Block, blocks

NAMES = ("label", "a", "b")


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    folder = tmp_path / "train"
    folder.mkdir()
    return folder


def rows_of(found: list[Block]) -> list[tuple[str, ...]]:
    return [row for block in found for row in zip(*block.columns, strict=True)]


def test_all_files_are_read_in_their_order(channel: Path) -> None:
    (channel / "b.csv").write_bytes(b'1,"x, ""y""",\r\n2,,"z"\r\n\r\n\n')
    (channel / "a.csv").write_bytes("\ufeff0,ä,1".encode())
    (channel / "deeper").mkdir()
    (channel / "deeper" / "c.csv").write_bytes(b'3,"two\nlines",5\n')
    (channel / ".hidden").write_bytes(b"no row")
    found = list(blocks(channel, NAMES))
    assert rows_of(found) == [("0", "ä", "1"), ("1", 'x, "y"', ""), ("2", "", "z"), ("3", "two\nlines", "5")]
    assert [block.place(0) for block in found] == [
        "train/a.csv: row 1",
        "train/b.csv: row 1",
        "train/deeper/c.csv: row 1",
    ]


def test_rows_come_in_blocks(channel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BLOCK_ROWS", 2)
    (channel / "a.csv").write_text("".join(f"{number},1,2\n" for number in range(5)), encoding="utf-8")
    found = list(blocks(channel, NAMES))
    assert [len(block) for block in found] == [2, 2, 1]
    assert found[2].place(0) == "train/a.csv: row 5"
    assert [row[0] for row in rows_of(found)] == list("01234")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1,2,3\n1,2\n", r"^train/a\.csv: row 2: found 2 cells; expected 3: 'label', 'a', 'b'$"),
        (b"1,2,3\n\n1,2,3\n", r"^train/a\.csv: row 2: found 0 cells"),
        (b'1,"2"x,3\n', r"^train/a\.csv: row 1: .* expected CSV as in RFC 4180$"),
        (b'1,2,3\n1,"2,3\n', r"^train/a\.csv: row 2: .* expected CSV as in RFC 4180$"),
        (b"1,\xff,3\n", r"^train/a\.csv: after row 0: 'utf-8' codec .* expected UTF-8$"),
        (b"", r"train: found no row; expected CSV files$"),
    ],
)
def test_what_is_wrong_with_a_file(channel: Path, content: bytes, message: str) -> None:
    (channel / "a.csv").write_bytes(content)
    with pytest.raises(TableError, match=message):
        list(blocks(channel, NAMES))


def test_a_quote_that_is_never_closed_ends_the_reading(channel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CELL_CHARACTERS", 100)
    (channel / "a.csv").write_text('1,"2,3\n' + "4,5,6\n" * 100, encoding="utf-8")
    with pytest.raises(TableError, match=r"row 1: field larger than field limit \(100\)"):
        list(blocks(channel, NAMES))
