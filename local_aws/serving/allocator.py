"""Returns free memory to the system: settings of the C allocator and of Python's garbage collector.

With many threads, glibc keeps much freed memory: it has eight arenas for each processor, a free block that is not at
the end of an arena stays with the process, and the size from which a block is mapped, and so returned at once, rises to
that of the largest one freed so far (https://man7.org/linux/man-pages/man3/mallopt.3.html). This is set by a call, as
an environment variable would also reach the functions and builds that this process starts. Other C libraries have no
such settings.
"""

from __future__ import annotations

import ctypes
import gc
import threading
import time

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_MAPPED_BYTES = 16 << 10
"""Blocks from this size on are mapped, each on pages of its own. Bodies of requests and responses, which come and go
between small blocks that stay, would otherwise leave pages that are hardly used: 0.4 MiB more with each release."""
_SETTINGS = {_M_ARENA_MAX: 2, _M_MMAP_THRESHOLD: _MAPPED_BYTES, _M_TRIM_THRESHOLD: 128 << 10}

_TRIM_S = 5.0
"""About a release: what is free at the end of one is not the next one's. A trim takes a millisecond."""


def release_memory() -> bool:
    """Set it for this process, before it starts threads; False if there is nothing to set."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(mallopt(setting, value) == 1 for setting, value in _SETTINGS.items())


def trim_periodically(period_s: float = _TRIM_S) -> None:
    """Return, from time to time, free pages that lie between used ones.

    https://man7.org/linux/man-pages/man3/malloc_trim.3.html; without this call nothing happens.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)

    def run() -> None:
        while trim is not None:
            time.sleep(period_s)
            trim(0)

    threading.Thread(target=run, name="trim", daemon=True).start()


def freeze_startup_objects() -> None:
    """Exclude all current objects from garbage collection, so that the rest is collected soon and quickly.

    Python collects old objects only once the new ones that have grown old are a quarter as many
    (https://docs.python.org/3/library/gc.html#gc.set_threshold). With a server's many modules that leaves much garbage,
    scattered among objects in use.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # no old objects remain, so the quarter is counted from zero
