"""A dictionary that keeps what was used last in memory and the rest in SQLite.

For records that are changed in place: what is handed out stays the one object of its key while it is among the last
used ones, and is written down when it ceases to be.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any

from local_aws.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS cold_records (
    kind TEXT NOT NULL, key TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
"""
KEPT = 64
"""Records in memory at least; twice as many at most."""


class ColdTable(MutableMapping[str, Any]):
    """Records of one kind, as JSON; one that is no JSON stays in memory."""

    def __init__(self, store: Store, kind: str) -> None:
        """Forget what was kept of this kind."""
        self._store, self._kind = store, kind
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

    def _keep(self, key: str, record: Any) -> None:
        self._used[key] = record
        if len(self._used) > 2 * KEPT:
            self._write([*self._used][:KEPT])

    def _write(self, keys: Iterable[str]) -> None:
        with self._store.transaction() as connection:
            for key in keys:
                try:
                    text = json.dumps(self._used[key])
                except TypeError:
                    continue
                connection.execute("INSERT OR REPLACE INTO cold_records VALUES (?, ?, ?)", (self._kind, key, text))
                del self._used[key]

    def _read(self, key: str) -> Any:
        row = self._row("record", key)
        if row is None:
            raise KeyError(key)
        return json.loads(row["record"])

    def _row(self, column: str, key: str) -> Any:
        sql = f"SELECT {column} FROM cold_records WHERE kind = ? AND key = ?"  # noqa: S608 - a column of ours
        return self._store.row(sql, self._kind, key)
