"""One server per state folder: the lock that it holds while it runs, and what it writes about itself into it.

The kernel keeps the lock (https://man7.org/linux/man-pages/man2/flock.2.html): it ends with the process, however that
ends, and programs that the process starts do not inherit it. So the file's content is current while the lock is held,
and outdated otherwise.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

_ATTEMPT_S = 0.3
"""Longer than checking the lock takes, which holds it briefly."""
_READ_S = 1.0
_PAUSE_S = 0.01


class LockError(Exception):
    """The lock is held by a process that does not identify itself."""


@dataclass(frozen=True)
class Holder:
    """The server that holds the lock."""

    pid: int
    port: int
    region: str
    ready: bool = False
    """It answers, and what ran when the last server ended continues."""
    notes: tuple[str, ...] = ()
    """Sentences about this start for the user."""


class StateLock:
    """The lock of one state folder; the folder must exist."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened before `acquire`."""
        self._path = path
        self._descriptor = -1

    def acquire(self) -> bool:
        """Take the lock; False if another process has it. Raises OSError if the file cannot be written."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _ATTEMPT_S
        while not _locked(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(descriptor)
                return False
            time.sleep(_PAUSE_S)
        self._descriptor = descriptor
        return True

    def announce(self, holder: Holder) -> None:
        """Write who holds the lock. Raises OSError."""
        text = json.dumps(asdict(holder)).encode()
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))


def find_holder(path: Path) -> Holder | None:
    """Return the holder of the lock, or None. Raises LockError, and OSError if the file cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        deadline = time.monotonic() + _READ_S
        while not _locked(descriptor, fcntl.LOCK_SH):
            holder = _read(descriptor)
            if holder and _alive(holder.pid):
                return holder
            if time.monotonic() > deadline:
                raise LockError(f"{path} is locked by a process that does not identify itself.")
            time.sleep(_PAUSE_S)
    finally:
        os.close(descriptor)
    return None


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> Holder | None:
    """Return the text of the holder; None before it writes."""
    with contextlib.suppress(ValueError, TypeError):
        found = json.loads(os.pread(descriptor, 1 << 16, 0))
        return Holder(**{**found, "notes": tuple(found["notes"])})
    return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's process
        return True
    return True
