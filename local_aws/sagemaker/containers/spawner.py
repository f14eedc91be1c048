"""Starts containers as fresh processes, which all end with this one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from local_aws.processes.forking import Process, StartError
from local_aws.sagemaker.containers.job import LIBRARY_SETTINGS


class Spawner:
    """Starts a fresh process per job. All of them end when the write end of one pipe is closed."""

    def __init__(self, module: str, kill_signal: int = signal.SIGKILL) -> None:
        """`module` of this package is the program; `kill_signal` is what it gets in place of SIGKILL."""
        self._module, self._kill_signal = module, kill_signal
        self._lifeline, self._held = os.pipe()
        self._waiters: list[threading.Thread] = []

    def start(self, job: dict[str, Any], descriptors: list[int]) -> Process:
        """Run a job; the descriptors are its log, and the socket on which it listens if it does."""
        log, *rest = descriptors
        listener = rest[0] if rest else None
        popen = subprocess.Popen(
            python(self._module),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(self._lifeline, *rest),
            env=environment(),
            start_new_session=True,
        )
        if popen.stdin is None:
            raise StartError("The job's process has no standard input")
        request = {"job": job, "lifeline": self._lifeline, "listener": listener}
        with popen.stdin as stdin:
            stdin.write(json.dumps(request).encode())

        def send(_: int, number: int) -> None:
            popen.send_signal(self._kill_signal if number == signal.SIGKILL else number)

        process = Process(popen.pid, send)
        waiter = threading.Thread(target=lambda: process.finish(popen.wait()), daemon=True)
        waiter.start()
        self._waiters = [thread for thread in self._waiters if thread.is_alive()] + [waiter]
        return process

    def close(self) -> None:
        """End every process that was started."""
        os.close(self._held)
        for waiter in self._waiters:
            waiter.join()
        os.close(self._lifeline)


def python(module: str) -> list[str]:
    """The command that runs a module of this package."""
    return [sys.executable, "-P", "-m", f"{__package__}.{module}"]


def environment() -> dict[str, str]:
    """Return this environment without credentials, with our import path and settings of the libraries.

    One BLAS thread, so that the warm parent has one thread. Waiting OpenMP threads sleep: if they spin, which is the
    default, training with two threads on a busy machine takes ten times as long.
    """
    path = [str(Path(__file__).parents[3]), *filter(None, sys.path)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(path), **LIBRARY_SETTINGS}
