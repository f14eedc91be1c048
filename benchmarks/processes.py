"""Memory and processor time of running processes, from /proc; these figures need Linux."""

from __future__ import annotations

import os
from pathlib import Path

_WARM = "local_aws.sagemaker.containers.warm"
_TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    parents = {int(p.name): _parent(p) for p in Path("/proc").iterdir() if p.name.isdecimal()}
    found = [pid]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent and child not in found]
    return found


def memory_mib(pids: list[int]) -> float:
    """Proportional set size of processes together, in MiB: shared pages count once."""
    total = 0
    for pid in pids:
        for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def own_mib(pid: int) -> float:
    """What one process has written and shares with no other, in MiB.

    Pages of libraries do not count: they are its own only until another process has the same library open, so that a
    server seems to shrink by 7 MiB as soon as a second one runs.
    """
    lines = _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty:")) / 1024


def serving_processes(server: int) -> list[int]:
    """The processes that serve the endpoints of a local AWS: what its warm parent has forked and not ended."""
    found = tree(server)
    warm = {pid for pid in found if _WARM in _read(Path(f"/proc/{pid}/cmdline"))}
    return [pid for pid in warm if _parent(Path(f"/proc/{pid}")) in warm]


def function_processes(server: int) -> list[int]:
    """The processes of functions, without their supervisors, which run nothing."""
    found = [pid for pid in tree(server) if "/ministack-lambda-" in _folder(Path(f"/proc/{pid}"))]
    return [pid for pid in found if _parent(Path(f"/proc/{pid}")) in found]


def cpu_s(pids: list[int]) -> float:
    """Processor seconds that processes have used."""
    fields = [_read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split() for pid in pids]
    return sum(int(f[11]) + int(f[12]) for f in fields if len(f) > 12) / _TICKS


def workers(function: str) -> list[int]:
    """The processes of one Lambda function, with their supervisors."""
    processes = (process for process in Path("/proc").iterdir() if process.name.isdecimal())
    return [int(process.name) for process in processes if f"ministack-lambda-{function}-" in _folder(process)]


def peak_mib(function: str) -> float:
    """The most memory that a worker of a Lambda function has had resident, in MiB."""
    peaks = [
        int(line.split()[1]) / 1024
        for pid in workers(function)
        for line in _read(Path(f"/proc/{pid}/status")).splitlines()
        if line.startswith("VmHWM:")
    ]
    if not peaks:
        raise SystemExit(f"no worker of {function} is running")
    return max(peaks)


def _folder(process: Path) -> str:
    try:
        return str((process / "cwd").readlink())
    except OSError:
        return ""


def _parent(process: Path) -> int:
    fields = _read(process / "stat").rpartition(")")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
