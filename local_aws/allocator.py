"""The C allocator told to give memory back: glibc keeps more of what many threads have freed than it lends.

It has eight arenas for each processor, and a free block that is not at the end of one stays with the process; and it
raises the size from which a block is mapped, and so given back at once, with the largest one freed so far
(https://man7.org/linux/man-pages/man3/mallopt.3.html). It is set by a call, as a variable of the environment would
reach the functions and builds that this process starts. Other C libraries have no such settings.
"""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_SETTINGS = {_M_ARENA_MAX: 2, _M_MMAP_THRESHOLD: 128 << 10, _M_TRIM_THRESHOLD: 128 << 10}


def give_memory_back() -> bool:
    """Set it for this process, before it starts threads; False where there is nothing to set."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(mallopt(setting, value) == 1 for setting, value in _SETTINGS.items())
