from __future__ import annotations

import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from local_aws.clock import SystemClock
from local_aws.state.store import Store
from tests.local_aws.manual_clock import ManualClock


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "state.db")
    store.define("CREATE TABLE IF NOT EXISTS item (name TEXT PRIMARY KEY, number INTEGER)")
    return store


def names(store: Store) -> list[str]:
    return [row["name"] for row in store.rows("SELECT name FROM item ORDER BY name")]


def test_a_transaction_is_kept_whole_or_not_at_all(store: Store) -> None:
    def insert_twice() -> None:
        with store.transaction() as connection:
            connection.execute("INSERT INTO item VALUES ('a', 1)")
            connection.execute("INSERT INTO item VALUES ('a', 2)")

    with pytest.raises(sqlite3.IntegrityError):
        insert_twice()
    assert names(store) == []


def test_nested_transactions_commit_with_the_outermost(store: Store) -> None:
    def insert_and_fail() -> None:
        with store.transaction():
            store.execute("INSERT INTO item VALUES ('a', 1)")
            raise RuntimeError("outer")

    with pytest.raises(RuntimeError, match="outer"):
        insert_and_fail()
    assert names(store) == []


def test_what_was_committed_is_there_for_another_process(store: Store, tmp_path: Path) -> None:
    store.execute("INSERT INTO item VALUES ('a', 1)")
    assert names(Store(tmp_path / "state.db")) == ["a"]


def test_threads_wait_for_each_other(store: Store) -> None:
    store.execute("INSERT INTO item VALUES ('counter', 0)")

    def count() -> None:
        for _ in range(200):
            with store.transaction() as connection:
                number = connection.execute("SELECT number FROM item").fetchone()[0]
                connection.execute("UPDATE item SET number = ?", (number + 1,))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = store.row("SELECT number FROM item")
    assert row is not None
    assert row["number"] == 800


def test_a_manual_clock_lets_a_day_pass() -> None:
    clock = ManualClock()
    start, event, woken = clock.now(), threading.Event(), threading.Event()

    def wait() -> None:
        clock.wait(event, 86_400)
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not woken.wait(0.05)
    clock.advance(86_400)
    thread.join(timeout=5)
    assert woken.is_set()
    assert clock.now() - start == timedelta(days=1)


def test_the_system_clock_wakes_at_the_event() -> None:
    event = threading.Event()
    event.set()
    assert SystemClock().wait(event, 60)


def test_few_pages_of_each_file_stay_in_memory(tmp_path: Path) -> None:
    """There are four files, and what fills up over the first releases looks like growth."""
    for path in (tmp_path / "state.db", None):
        row = Store(path).row("PRAGMA cache_size")
        assert row is not None
        assert -128 <= row[0] < 0  # in KiB: https://www.sqlite.org/pragma.html#pragma_cache_size
