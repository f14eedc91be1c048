"""Memory that is free given back: by the C allocator, and by Python's search for garbage.

glibc keeps more of what many threads have freed than it lends: it has eight arenas for each processor, a free block
that is not at the end of one stays with the process, and the size from which a block is mapped, and so given back at
once, rises to that of the largest one freed so far (https://man7.org/linux/man-pages/man3/mallopt.3.html). It is set by
a call, as a variable of the environment would reach the functions and builds that this process starts. Other C
libraries have no such settings.
"""

from __future__ import annotations

import ctypes
import gc
import threading
import time

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_SETTINGS = {_M_ARENA_MAX: 2, _M_MMAP_THRESHOLD: 128 << 10, _M_TRIM_THRESHOLD: 128 << 10}

_TRIM_S = 30.0


def release_memory() -> bool:
    """Set it for this process, before it starts threads; False where there is nothing to set."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(mallopt(setting, value) == 1 for setting, value in _SETTINGS.items())


def trim_periodically(period_s: float = _TRIM_S) -> None:
    """Give back, from time to time, the pages that are free in the midst of used ones.

    https://man7.org/linux/man-pages/man3/malloc_trim.3.html; nothing happens where there is no such call.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)

    def run() -> None:
        while trim is not None:
            time.sleep(period_s)
            trim(0)

    threading.Thread(target=run, name="trim", daemon=True).start()


def freeze_startup_objects() -> None:
    """Leave what is there now out of the search for garbage, so that the rest is searched soon and quickly.

    Python looks through all old objects only once a quarter as many new ones have grown old
    (https://docs.python.org/3/library/gc.html#gc.set_threshold). Of the modules of a server that is much garbage, in
    pieces between what is in use.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # nothing is left to look through, which is what the quarter is counted from
