"""Takes root's rights over the machine from a process and all that it starts (capabilities(7)).

What is left are the rights over its own files and processes that root has in a Docker container, less those over
devices and raw sockets: https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities. As a
program, `python capabilities.py COMMAND ARGUMENT...`, it gives them up and runs the command; it imports the standard
library only, as it runs without local AWS.
"""

from __future__ import annotations

import ctypes
import os
import sys

_KEPT = (0, 1, 3, 4, 5, 6, 7, 10, 31)
"""CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, NET_BIND_SERVICE, SETFCAP."""
_PR_CAPBSET_READ, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 23, 24, 38
_VERSION_3 = 0x20080522


def give_up() -> None:
    """Give them up for good; the process must have one thread. Raises OSError."""
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None, use_errno=True)
    number = 0
    while library.prctl(_PR_CAPBSET_READ, number, 0, 0, 0) >= 0:
        if number not in _KEPT:
            library.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)  # refused to whoever has no rights to lose
        number += 1
    library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    kept = sum(1 << bit for bit in _KEPT) if os.geteuid() == 0 else 0
    held = _held()
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    low, high = kept & held & 0xFFFFFFFF, (kept & held) >> 32
    data = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    if library.capset(ctypes.byref(header), ctypes.byref(data)) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"capset: {os.strerror(error)}")


def _held() -> int:
    """The permitted capabilities of this process."""
    with open("/proc/self/status", encoding="utf-8") as status:  # noqa: PTH123 - no import but what is needed
        found = next(line for line in status if line.startswith("CapPrm:"))
    return int(found.split()[1], 16)


def main() -> None:
    """Run a command without them."""
    command = sys.argv[1:]
    give_up()
    try:
        os.execvp(command[0], command)  # noqa: S606 - a program by its name, as asked
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main()
