"""Whoever waits for a change hears of it, from any thread, and of none that it has seen."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from local_aws.state.changes import Changes
from local_aws.state.store import Store


def test_a_change_of_another_thread_ends_the_wait() -> None:
    async def waits() -> int:
        changes = Changes()
        seen = changes.number
        threading.Timer(0.05, changes.tell).start()
        await asyncio.wait_for(changes.wait(seen), 10)
        return changes.number - seen

    assert asyncio.run(waits()) == 1


def test_a_change_before_the_wait_is_not_missed() -> None:
    async def waits() -> None:
        changes = Changes()
        seen = changes.number
        changes.tell()
        await asyncio.wait_for(changes.wait(seen), 10)

    asyncio.run(waits())


def test_without_a_change_the_wait_goes_on_and_leaves_nothing() -> None:
    async def waits() -> Changes:
        changes = Changes()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(changes.wait(changes.number), 0.05)
        return changes

    changes = asyncio.run(waits())
    changes.tell()  # nobody waits any more: the loop is closed, and would raise
    assert changes.number == 1


def test_a_store_tells_of_what_changed_a_row_and_of_nothing_else(tmp_path: Path) -> None:
    changes = Changes()
    store = Store(tmp_path / "a.db", changes.tell)
    store.define("CREATE TABLE IF NOT EXISTS t (n INTEGER NOT NULL)")
    before = changes.number
    store.rows("SELECT * FROM t")
    store.execute("UPDATE t SET n = 1")
    with pytest.raises(sqlite3.IntegrityError):
        store.execute("INSERT INTO t VALUES (1), (NULL)")
    assert changes.number == before
    store.execute("INSERT INTO t VALUES (1)")
    assert changes.number == before + 1
    store.close()
