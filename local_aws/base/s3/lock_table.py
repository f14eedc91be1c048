"""The locks of S3's object versions in the state's file; MiniStack keeps them in memory alone."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

from local_aws.state.store import Store

_TABLE = """
CREATE TABLE IF NOT EXISTS object_locks (
    kind TEXT NOT NULL, account TEXT NOT NULL, bucket TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL,
    mode TEXT NOT NULL, until TEXT NOT NULL, PRIMARY KEY (kind, account, bucket, key, version)) WITHOUT ROWID;
"""
_Version = tuple[str, tuple[str, str, str | None]]
_Lock = dict[str, str] | str


class LockTable(MutableMapping[_Version, _Lock]):
    """MiniStack's locks of one kind, by account, bucket, key and version: retention, or ON and OFF of a hold."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store, self._kind = store, kind
        store.define(_TABLE)

    def _where(self, key: _Version) -> tuple[str, ...]:
        account, (bucket, name, version) = key
        return self._kind, account, bucket, name, version or ""

    def __getitem__(self, key: _Version) -> _Lock:
        sql = "SELECT mode, until FROM object_locks WHERE (kind, account, bucket, key, version) = (?, ?, ?, ?, ?)"
        row = self._store.row(sql, *self._where(key))
        if row is None:
            raise KeyError(key)
        return {"Mode": row["mode"], "RetainUntilDate": row["until"]} if row["until"] else str(row["mode"])

    def __setitem__(self, key: _Version, lock: _Lock) -> None:
        mode, until = (lock, "") if isinstance(lock, str) else (lock["Mode"], lock["RetainUntilDate"])
        sql = "INSERT OR REPLACE INTO object_locks VALUES (?, ?, ?, ?, ?, ?, ?)"
        self._store.execute(sql, *self._where(key), mode, until)

    def __delitem__(self, key: _Version) -> None:
        sql = "DELETE FROM object_locks WHERE (kind, account, bucket, key, version) = (?, ?, ?, ?, ?)"
        if not self._store.execute(sql, *self._where(key)):
            raise KeyError(key)

    def __iter__(self) -> Iterator[_Version]:
        rows = self._store.rows("SELECT * FROM object_locks WHERE kind = ?", self._kind)
        return iter([(row["account"], (row["bucket"], row["key"], row["version"] or None)) for row in rows])

    def __len__(self) -> int:
        return sum(1 for _ in self)
