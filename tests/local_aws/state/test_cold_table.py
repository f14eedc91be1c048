"""A dictionary of which only the last used records are in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local_aws.state.cold_table import KEPT, ColdTable
from local_aws.state.store import Store

MANY = 5 * KEPT


@pytest.fixture
def table(tmp_path: Path) -> ColdTable:
    return ColdTable(Store(tmp_path / "records.db"), "kind")


def test_few_records_are_in_memory_and_all_are_there(table: ColdTable) -> None:
    for number in range(MANY):
        table[f"key-{number}"] = {"number": number}
        assert len(table._used) <= 2 * KEPT
    assert len(table) == MANY
    assert sorted(table) == sorted(f"key-{number}" for number in range(MANY))
    assert all(table[f"key-{number}"] == {"number": number} for number in range(MANY))
    assert "key-0" in table
    assert "another" not in table
    assert table.get("another") is None


def test_a_record_in_use_is_one_object_and_its_changes_are_kept(table: ColdTable) -> None:
    mine: dict[str, Any] = {"body": b"not yet on disk"}
    table["mine"] = mine
    assert table["mine"] is mine
    mine["body"] = None
    for number in range(MANY):
        table[f"key-{number}"] = {}
    assert table["mine"] == {"body": None}
    table["mine"]["changed"] = True
    for number in range(MANY):
        _ = table[f"key-{number}"]
    assert table["mine"] == {"body": None, "changed": True}


def test_what_cannot_be_written_stays(table: ColdTable) -> None:
    table["bytes"] = {"body": b"bytes"}
    for number in range(MANY):
        table[f"key-{number}"] = {}
    assert table["bytes"] == {"body": b"bytes"}
    assert len(table._used) <= 2 * KEPT


def test_records_are_replaced_and_removed_wherever_they_are(table: ColdTable) -> None:
    for number in range(MANY):
        table[f"key-{number}"] = {"number": number}
    table["key-0"] = {"number": "replaced"}
    assert table["key-0"] == {"number": "replaced"}
    assert len(table) == MANY
    del table["key-1"]
    assert table.pop(f"key-{MANY - 1}") == {"number": MANY - 1}
    assert table.pop("key-1", None) is None
    with pytest.raises(KeyError):
        del table["key-1"]
    assert len(table) == MANY - 2


def test_tables_of_one_file_are_apart_and_begin_empty(tmp_path: Path) -> None:
    store = Store(tmp_path / "records.db")
    one, two = ColdTable(store, "one"), ColdTable(store, "two")
    for number in range(MANY):
        one[str(number)] = 1
    assert not two
    two["0"] = 2
    assert one["0"] == 1
    assert len(ColdTable(store, "one")) == 0


def test_records_that_have_ended_are_forgotten_wherever_they_are(tmp_path: Path) -> None:
    table = ColdTable(Store(tmp_path / "records.db"), "kind", lambda record: record["ends"])
    for number in range(MANY):
        table[f"key-{number}"] = {"ends": float(number) if number % 2 else None}
    table.forget_ended(MANY - 4)
    assert sorted(table) == sorted(
        f"key-{number}" for number in range(MANY) if number % 2 == 0 or number in (MANY - 3, MANY - 1)
    )


def test_a_table_may_lie_in_a_file_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    table = ColdTable(Store(None), "kind")
    for number in range(MANY):
        table[f"key-{number}"] = "x" * 10_000
    assert [*tmp_path.iterdir()] == []
    assert all(table[f"key-{number}"] == "x" * 10_000 for number in range(MANY))


def test_what_a_full_disk_does_not_take_stays(table: ColdTable) -> None:
    table._store.execute("PRAGMA max_page_count = 20")  # of 4 KiB
    for number in range(MANY):
        table[f"key-{number}"] = {"body": "x" * 1000}
    assert len(table._used) > 2 * KEPT
    assert all(table[f"key-{number}"] == {"body": "x" * 1000} for number in range(MANY))


@pytest.mark.parametrize("prefix", ["a", "a/", "a/\ud7ff", "a/\U0010ffff", "\U0010ffff", "", "none"])
@pytest.mark.parametrize("after", ["", "a/", "a/b"])
def test_keys_are_found_by_how_they_begin(table: ColdTable, prefix: str, after: str) -> None:
    keys = ["a", "a/", "a/b", "a/b/c", "a0", "a/\ud7ff", "a/\ud7ffx", "a/\ue000", "a/\U0010ffff", "b", "\U0010ffffx"]
    for key in keys:
        table[key] = {}
    for number in range(2 * KEPT):
        table[f"later-{number}"] = {}
    table["a/b/used"] = {}
    expected = [key for key in [*keys, "a/b/used"] if key.startswith(prefix) and key > after]
    found = [key for key in table.starting_with(prefix, after) if not key.startswith("later-")]
    assert sorted(found) == sorted(expected)
