"""State of the services of local AWS in one SQLite file.

Every change is committed before it is announced, so what a caller was told survives `kill -9`: in WAL mode with
`synchronous=NORMAL` a commit is in the operating system's hands (https://www.sqlite.org/pragma.html#pragma_synchronous);
only a power cut may lose the last ones.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_CACHE_KIB = 128
"""Of pages that SQLite keeps of a file; what it reads again comes from the operating system's memory."""


class Store:
    """One connection behind a lock: local AWS has few writers and short statements."""

    def __init__(self, path: Path | None, committed: Callable[[], None] = lambda: None) -> None:
        """Open or create the file; its folder must exist. `committed` is called after what changed a row.

        Without a path it is a file that has no name, which nobody else can open and which is gone with this process,
        whatever ends it: https://www.sqlite.org/inmemorydb.html#temp_db.
        """
        self._lock, self._committed = threading.RLock(), committed
        self._connection = sqlite3.connect(path or "", check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"cache_size=-{_CACHE_KIB}"):
            self._connection.execute(f"PRAGMA {pragma}")

    def define(self, ddl: str) -> None:
        """Create a service's tables; the statements say `IF NOT EXISTS`."""
        with self._lock:
            self._connection.executescript(ddl)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All statements inside are committed together, or none if an exception leaves the block.

        Blocks may nest in one thread; the outermost commits.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            before = self._connection.total_changes
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            if self._connection.total_changes != before:
                self._committed()

    def execute(self, sql: str, *parameters: Any) -> int:
        """Run one statement in a transaction of its own; returns the number of rows it changed."""
        with self.transaction() as connection:
            return connection.execute(sql, parameters).rowcount

    def rows(self, sql: str, *parameters: Any) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, *parameters: Any) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
            return found

    def close(self) -> None:
        """Close the file; further calls raise."""
        with self._lock:
            self._connection.close()
