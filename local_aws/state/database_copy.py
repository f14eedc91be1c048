"""The SQLite file checked at a start, and its last good copy.

The copy is made at the start, after the check, at the end and every ten minutes in between if something has changed.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from local_aws.state import state_files

PERIOD_S = 600.0
_LARGE_BYTES = 32 << 20


def repair(path: Path) -> list[str]:
    """Check the file, put its last good copy in its place if it is damaged, and copy it; returns what to say.

    Raises StateDamagedError if there is no good copy, and OSError.
    """
    copy = _copy_of(path)
    damage = _damage(path) if path.exists() or copy.exists() else ""
    if not damage:
        keep(path)
        return []
    if not copy.exists():
        if path.stat().st_size == 0 and not any((path.parent / "ministack").glob("*.json")):
            return []  # a first start that was killed
        raise state_files.damaged(path, damage)
    if _damage(copy):
        raise state_files.damaged(path, damage)
    if path.exists():
        path.replace(path.with_name(path.name + state_files.DAMAGED))
    for suffix in ("-wal", "-shm"):  # of the damaged file
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    _copy(copy, path)
    return [state_files.taken(path, damage, copy)]


def keep(path: Path) -> None:
    """Copy the file beside itself, by SQLite, which also sees what is in the write-ahead log."""
    if path.exists():
        with contextlib.suppress(sqlite3.Error, OSError):  # the copy before stays
            _copy(path, _copy_of(path))


def set_aside(path: Path) -> list[str]:
    """Put a damaged file that has no copy aside, so that it starts empty; returns a message. Raises OSError.

    Of a large file only the beginning is looked at, as a start must not wait for it.
    """
    if not path.exists() or not _damage(path, whole=path.stat().st_size < _LARGE_BYTES):
        return []
    aside = path.with_name(path.name + state_files.DAMAGED)
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return [f"warning: {path} was damaged and is now {aside}; the log events and metrics until now are lost"]


class Keeper:
    """Copies the file while it is in use."""

    def __init__(self, path: Path) -> None:
        """Nothing runs before `start`."""
        self._path = path
        self._stopped = threading.Event()

    def start(self) -> None:
        """Copy every ten minutes from now on, if something has changed."""
        threading.Thread(target=self._run, name="database-copy", daemon=True).start()

    def stop(self) -> None:
        """Copy no more."""
        self._stopped.set()

    def _run(self) -> None:
        seen = self._state()
        while not self._stopped.wait(PERIOD_S):
            if (now := self._state()) != seen:
                keep(self._path)
                seen = now

    def _state(self) -> tuple[int, ...]:
        files = (self._path, self._path.with_name(self._path.name + "-wal"))
        return tuple(file.stat().st_mtime_ns for file in files if file.exists())


def _copy_of(path: Path) -> Path:
    return path.with_name(path.name + state_files.LAST_GOOD)


def _copy(source: Path, target: Path) -> None:
    new = target.with_name(target.name + ".tmp")
    new.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(new)) as written:
            written.execute("PRAGMA journal_mode=DELETE")
            read.backup(written)
        new.replace(target)
    except (sqlite3.Error, OSError):
        new.unlink(missing_ok=True)
        raise


def _damage(path: Path, *, whole: bool = True) -> str:
    """What is wrong with the file, empty if nothing; of its schema alone if it is not to be read as a whole.

    `quick_check` reads each page once: https://www.sqlite.org/pragma.html#pragma_quick_check
    """
    if not path.exists():
        return "it is missing"
    if path.stat().st_size == 0:
        return "it is empty"
    try:
        with closing(sqlite3.connect(path)) as connection:
            check = "PRAGMA quick_check(1)" if whole else "SELECT 'ok' FROM sqlite_master LIMIT 1"
            [found] = connection.execute(check).fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else f"SQLite says: {found}"
