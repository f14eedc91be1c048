"""A container of a user's own program: `/opt/ml` is its job's folder, and nothing that it starts outlives it.

`python -m local_aws.sagemaker.containers.sandbox` reads `{"job": ..., "lifeline": fd, "listener": fd or null}` from
standard input; the listener is for the program. It keeps the container: it forks, the child becomes the program, and
when that ends or the other end of `lifeline` is closed, all processes that it left behind are killed. SIGTERM goes to
the program, as from `docker stop`; SIGUSR1 kills it. A program that is to see nothing but its job has two processes
between: one leaves the machine's processes, and the other is the first of the container's, with which they all end.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from local_aws.processes.supervisor import end_descendants
from local_aws.sagemaker.containers.no_network import leave_network
from local_aws.sagemaker.containers.private_mounts import IsolationError, give_opt_ml
from local_aws.sagemaker.containers.private_root import Inside, give_root, leave_processes

KILL = signal.SIGUSR1
NOT_ISOLATED, NOT_FOUND = 125, 127
"""The exit codes of `docker run` for a container that Docker cannot create, and for an unknown command."""
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


@dataclass(frozen=True)
class Program:
    """What to run: `ml` is the folder that the program sees as /opt/ml, `staging` an empty one beside it.

    A program that is not `private` sees no /opt/ml and works in `ml`; one that is `offline` has no network. With
    `inside` it sees nothing else of this machine but the system.
    """

    command: list[str]
    ml: str
    staging: str
    environment: dict[str, str]
    private: bool = True
    inside: Inside | None = None
    offline: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Program:
        inside = document.pop("inside")
        return cls(**document, inside=Inside(**inside) if inside else None)


def _become(program: Program, keeper: int) -> NoReturn:
    """Turn this process into the program."""
    try:
        # First: the user namespace of the processes has to be that of their file system.
        if program.offline:
            leave_network()
        if program.inside:
            leave_processes()
        elif program.private:
            give_opt_ml(Path(program.ml), Path(program.staging))
        # Set after the namespaces, which clear it.
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(NOT_ISOLATED)
        if program.inside:
            _parent_of(program, program.inside)
        _run(program)
    except (IsolationError, OSError) as error:
        sys.stderr.write(f"This machine cannot set this job apart, its /opt/ml and its network: {error}\n")
    sys.stderr.flush()
    os._exit(NOT_ISOLATED)


def _parent_of(program: Program, inside: Inside) -> NoReturn:
    """Fork the first process of the container, which makes its root and forks the program; end as it does."""
    first = os.fork()
    if first:
        _end_as(_wait_for(first))
    # Its parent is in no namespace that it sees, so it cannot ask whether that has ended already.
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        give_root(Path(program.ml), Path(program.staging), inside)
    except (IsolationError, OSError) as error:
        sys.stderr.write(f"A file system of its own cannot be given to this job: {error}\n")
        sys.stderr.flush()
        os._exit(NOT_ISOLATED)
    child = os.fork()
    if child == 0:
        _run(program)
    _end_as(_wait_for(child))


def _run(program: Program) -> NoReturn:
    try:
        os.chdir("/opt/ml" if program.private else program.ml)
        _let_through()
        os.execvpe(program.command[0], program.command, program.environment)  # noqa: S606 - what the job asks for
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{program.command[0]}: {error}\n")
    sys.stderr.flush()
    os._exit(NOT_FOUND)


def _wait_for(child: int) -> int:
    """Wait for a child, passing SIGTERM on and reaping all others; returns its exit code, negative for a signal."""
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    _let_through()
    while True:
        found, status = os.wait()
        if found == child:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            return os.waitstatus_to_exitcode(status)


def _let_through() -> None:
    """Take SIGTERM, held back until there is a handler: without one, the first process of a container ignores it."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])


def _end_as(code: int) -> NoReturn:
    os._exit(128 - code if code < 0 else code)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_with(lifeline: int) -> None:
    def watch() -> None:
        os.read(lifeline, 1)
        end_descendants()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _keep(child: int) -> int:
    """Wait for the program, passing signals on; returns its exit code, negative for the signal that ended it."""
    signal.signal(KILL, lambda *_: os.kill(child, signal.SIGKILL))
    code = _wait_for(child)
    signal.signal(KILL, signal.SIG_IGN)
    end_descendants()
    return code


def main() -> None:
    """Run the program on standard input."""
    request = json.load(sys.stdin)
    program, lifeline = Program.from_dict(request["job"]), request["lifeline"]
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    keeper, child = os.getpid(), os.fork()
    if child == 0:
        os.close(lifeline)
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, not a path of ours
            os.dup2(nothing.fileno(), 0)
        _become(program, keeper)
    if request["listener"] is not None:
        os.close(request["listener"])
    _end_with(lifeline)
    _end_as(_keep(child))


if __name__ == "__main__":
    main()
