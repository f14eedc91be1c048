"""A parent for one process that runs a user's code: when that process ends, it ends too, and kills all descendants.

It is loaded by its path into processes without local AWS, so it imports the standard library only.

On Linux the supervisor is the subreaper of what it started: a descendant that has left its session and lost its
parent becomes the supervisor's own child (`PR_SET_CHILD_SUBREAPER`, prctl(2)), and so is found. Elsewhere it is found
as long as the chain of its parents exists.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from types import FrameType

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LINUX = sys.platform == "linux"


def supervise(lifeline: int | None = None) -> None:
    """Fork. The function returns in the child, never in the parent.

    The parent ends all processes when the child ends, when it gets SIGTERM, SIGINT or SIGHUP itself, and when the other
    end of `lifeline`, a file descriptor of a pipe, is closed. It then ends as the child did: with the same exit status,
    or by the same signal. The child ends with the parent.
    """
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    parent, child = os.getpid(), os.fork()
    if child == 0:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        return
    _watch(child, lifeline)


def _prctl(option: int, value: int) -> None:
    if _LINUX:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _watch(child: int, lifeline: int | None) -> None:
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    asked = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    poll = select.poll()
    poll.register(woken, select.POLLIN)
    if lifeline is not None:
        poll.register(lifeline, 0)
    status = None
    while status is None:
        status = _status_of(child)
        if status is not None or asked:
            break
        ready = {descriptor for descriptor, _ in poll.poll(1000)}
        if lifeline in ready:
            break
        if woken in ready:
            os.read(woken, 512)
    end_descendants()
    _end_as(status)


def _status_of(child: int) -> int | None:
    """The wait status of the child once it has ended; other ended processes are reaped too."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0
        if pid == child:
            return status
        if pid == 0:
            return None


def _end_as(status: int | None) -> None:
    if status is None:
        os._exit(1)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def end_descendants() -> None:
    """Kill all descendants of this process, including those that lose their parents meanwhile."""
    while True:
        found = _descendants(os.getpid())
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        if not _reap() or not (found or _LINUX):
            return


def _reap() -> bool:
    """Wait briefly for one child; returns whether there is any."""
    try:
        if os.waitpid(-1, os.WNOHANG)[0] == 0:
            select.select([], [], [], 0.01)
    except ChildProcessError:
        return False
    return True


def _descendants(root: int) -> list[int]:
    children = defaultdict(list)
    for pid, parent in _processes():
        children[parent].append(pid)
    found, rest = [], [root]
    while rest:
        below = children[rest.pop()]
        found += below
        rest += below
    return found


def _processes() -> list[tuple[int, int]]:
    """Each process and its parent."""
    if not _LINUX:
        listed = subprocess.run(["/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=False)
        own = [line.split() for line in listed.stdout.splitlines()]
        return [(int(pid), int(parent)) for pid, parent in own]
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                stat = (place / "stat").read_text(encoding="utf-8", errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            # The name of the program, in brackets, may contain any character.
            found.append((int(place.name), int(stat.rpartition(")")[2].split()[1])))
    return found


def main() -> None:
    """`supervisor.py LIFELINE PROGRAM ARGUMENT...`: run a program and everything it starts under a supervisor."""
    lifeline, command = int(sys.argv[1]), sys.argv[2:]
    supervise(lifeline)
    os.close(lifeline)
    # A command that kills its process group must not kill its supervisor.
    os.setpgid(0, 0)
    try:
        os.execvp(command[0], command)  # noqa: S606 - a program by its name, as asked
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main()
