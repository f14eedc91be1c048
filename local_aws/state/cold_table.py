"""A dictionary that keeps what was used last in memory and the rest in SQLite.

For records that are changed in place: what is handed out stays the one object of its key while it is among the last
used ones, and is written down when it ceases to be.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from local_aws.state.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS cold_records (
    kind TEXT NOT NULL, key TEXT NOT NULL, record TEXT NOT NULL, ends REAL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cold_records_ends ON cold_records (kind, ends) WHERE ends IS NOT NULL;
"""
KEPT = 16
"""Records in memory at least; twice as many at most."""
_LAST = "\U0010ffff"
_SURROGATES, _BEHIND_SURROGATES = 0xD800, 0xE000
"""Numbers that stand for no letter."""

Ends = Callable[[Any], float | None]
"""The Unix time at which a record ends, None if it does not."""


def _never(_record: object) -> None:
    return None


class ColdTable(MutableMapping[str, Any]):
    """Records of one kind, as JSON; one that is no JSON, or for which the disk has no space, stays in memory."""

    def __init__(self, store: Store, kind: str, ends: Ends = _never) -> None:
        """Forget what was kept of this kind. A record must not change when it ends."""
        self._store, self._kind, self._ends = store, kind, ends
        self._used: dict[str, Any] = {}
        self._lock = threading.RLock()
        store.define(TABLES)
        store.execute("DELETE FROM cold_records WHERE kind = ?", kind)

    def __getitem__(self, key: str) -> Any:
        """The record, from now on among the last used ones."""
        with self._lock:
            record = self._used.pop(key) if key in self._used else self._read(key)
            self._keep(key, record)
            return record

    def __setitem__(self, key: str, record: Any) -> None:
        """Keep a record in the place of the one of that key."""
        with self._lock:
            self._used.pop(key, None)
            self._keep(key, record)

    def __delitem__(self, key: str) -> None:
        """Forget a record."""
        with self._lock:
            if key not in self:
                raise KeyError(key)
            self._used.pop(key, None)
            self._store.execute("DELETE FROM cold_records WHERE kind = ? AND key = ?", self._kind, key)

    def __contains__(self, key: object) -> bool:
        """Whether there is a record, without reading it."""
        return key in self._used or self._row("1", str(key)) is not None

    def __iter__(self) -> Iterator[str]:
        """All keys at this moment, in no order."""
        with self._lock:
            rows = self._store.rows("SELECT key FROM cold_records WHERE kind = ?", self._kind)
            return iter({row["key"]: None for row in rows} | dict.fromkeys(self._used))

    def __len__(self) -> int:
        """The number of records."""
        return sum(1 for _ in self)

    def starting_with(self, prefix: str, after: str = "") -> list[str]:
        """The keys at this moment that begin so and stand behind another one, in no order; no other key is read."""
        sql, values = "SELECT key FROM cold_records WHERE kind = ? AND key >= ? AND key > ?", [prefix, after]
        end = _end_of(prefix)
        if end:
            sql, values = f"{sql} AND key < ?", [*values, end]
        with self._lock:
            rows = self._store.rows(sql, self._kind, *values)
            used = [key for key in self._used if key.startswith(prefix) and key > after]
            return [*({row["key"]: None for row in rows} | dict.fromkeys(used))]

    def forget_ended(self, now: float) -> None:
        """Remove the records that have ended by a Unix time."""
        with self._lock:
            for key in [key for key, record in self._used.items() if _is_over(self._ends(record), now)]:
                del self._used[key]
            self._store.execute("DELETE FROM cold_records WHERE kind = ? AND ends <= ?", self._kind, now)

    def _keep(self, key: str, record: Any) -> None:
        self._used[key] = record
        if len(self._used) > 2 * KEPT:
            self._write([*self._used][:KEPT])

    def _write(self, keys: Iterable[str]) -> None:
        written = []
        for key in keys:
            try:
                written.append((self._kind, key, json.dumps(self._used[key]), self._ends(self._used[key])))
            except TypeError:
                continue
        try:
            with self._store.transaction() as connection:
                connection.executemany("INSERT OR REPLACE INTO cold_records VALUES (?, ?, ?, ?)", written)
        except sqlite3.OperationalError:
            return
        for _, key, _, _ in written:
            del self._used[key]

    def _read(self, key: str) -> Any:
        row = self._row("record", key)
        if row is None:
            raise KeyError(key)
        return json.loads(row["record"])

    def _row(self, column: str, key: str) -> Any:
        sql = f"SELECT {column} FROM cold_records WHERE kind = ? AND key = ?"  # noqa: S608 - a column of ours
        return self._store.row(sql, self._kind, key)


def _end_of(prefix: str) -> str:
    """What follows all texts that begin with a prefix; empty if nothing does. SQLite compares as Python does."""
    kept = prefix.rstrip(_LAST)
    if not kept:
        return ""
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_BEHIND_SURROGATES if following == _SURROGATES else following)


def _is_over(end: float | None, now: float) -> bool:
    return end is not None and end <= now
