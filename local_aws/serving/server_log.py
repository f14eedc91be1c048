"""The server's log: bounded in size, and a flood of one message becomes one line a minute."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import threading
import time
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

MAX_BYTES = 8 << 20
KEPT_SUFFIX = ".1"
_LOOK_S = 1.0
_REPEAT_S = 60.0
_NO_HANDLE_LEFT = "socket.accept() out of system resource"
_STDERR = 2


class LogBound:
    """Keeps the file behind standard error below a size; if standard error is not a file, nothing happens.

    The file is copied and emptied, not renamed, as processes started by this one write to it too.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        """Nothing runs before `start`."""
        self._path, self._max_bytes = path, max_bytes
        self._stopped = threading.Event()

    def start(self) -> None:
        """Check the size once a second from now on."""
        if self._is_standard_error():
            threading.Thread(target=self._run, name="log-bound", daemon=True).start()

    def stop(self) -> None:
        """Stop checking."""
        self._stopped.set()

    def bound(self) -> None:
        """If the file is too large, move its last `max_bytes` to `server.log.1` and empty it."""
        with self._path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            if size <= self._max_bytes:
                return
            file.seek(size - self._max_bytes)
            file.readline()
            kept = file.read()
            with contextlib.suppress(OSError):  # a full disk must not keep the log from being emptied
                self._path.with_name(self._path.name + KEPT_SUFFIX).write_bytes(kept)
            file.truncate(0)

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_S):
            with contextlib.suppress(OSError):
                self.bound()

    def _is_standard_error(self) -> bool:
        try:
            return os.path.samestat(os.fstat(_STDERR), self._path.stat())
        except OSError:
            return False


class LoopErrors:
    """Logs asyncio's errors, with one line a minute for connections that cannot be accepted for lack of handles.

    asyncio retries such a connection a hundred times a second, and would log each attempt with its trace.
    """

    def __init__(self) -> None:
        self._said_at = -_REPEAT_S

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report one error; asyncio's exception handler."""
        if context.get("message") != _NO_HANDLE_LEFT:
            loop.default_exception_handler(context)
            return
        now = time.monotonic()
        if now - self._said_at >= _REPEAT_S:
            self._said_at = now
            limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            log.error(
                "all %d handles that the system allows this process are in use, so new connections wait. "
                "Allow more before `up`: ulimit -Hn 4096",
                limit,
            )
