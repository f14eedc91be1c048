"""Which process serves a state folder: the one that holds the lock of its file, which ends with the process."""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_FILE = "server.lock"
_ATTEMPTS, _PAUSE_S = 20, 0.01


class HeldError(Exception):
    """Another process serves the folder."""


@dataclass(frozen=True)
class Running:
    """A process that serves a state folder, and its port."""

    pid: int
    port: int


def hold(state: Path, port: int) -> IO[str]:
    """Take a state folder for this process, as long as the file that is returned stays open. Raises HeldError."""
    file = (state / _FILE).open("a+", encoding="utf-8")
    for attempt in range(_ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            # Who asks whether the folder is served holds the lock for a moment.
            if attempt == _ATTEMPTS - 1:
                file.close()
                raise HeldError(f"{state} is served by another process already") from None
            time.sleep(_PAUSE_S)
    file.truncate(0)
    file.write(f"{os.getpid()} {port}\n")
    file.flush()
    return file


def running(state: Path) -> Running | None:
    """The process that serves a state folder, if one does."""
    try:
        with (state / _FILE).open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                pid, _, port = file.read().partition(" ")
                return Running(int(pid), int(port))
    except (FileNotFoundError, ValueError):
        return None
    return None
