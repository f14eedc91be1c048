"""Start jobs from the main process: through the warm parent on Linux, as fresh processes elsewhere.

A fork of a process that has imported such libraries is fragile on macOS, so there every job is a process of its
own (`job.py`), which costs the import each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws.processes.forking import Forking, GoneError, Process, StartError
from local_aws.sagemaker.containers import registry
from local_aws.sagemaker.containers.contract import Door
from local_aws.sagemaker.containers.job import LIBRARY_SETTINGS, Job

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Process", "StartError", "WarmParent"]
_ATTEMPTS = 3


class WarmParent:
    """Starts jobs; safe to use from several threads.

    The warm parent is started by the first job, ends by itself after `idle_exit_s` without one, and is started
    again by the next. If it dies, its jobs die with it and end with the exit code -9.
    """

    def __init__(self, *, idle_exit_s: float = 300, fork: bool = sys.platform != "darwin") -> None:
        self._idle_exit_s = idle_exit_s
        self._fork = fork
        self._lock = threading.Lock()
        self._connection: Forking | None = None
        self._spawner: _Spawner | None = None
        self._stops = 0

    def prepare(self, image: str) -> None:
        """Begin to import an image's libraries and return at once, so that the first job need not wait."""
        registry.find(image)
        if self._fork:
            with contextlib.suppress(GoneError):
                self._connect().send({"prepare": {"image": image}}, [])

    def start_training(self, image: str, ml_root: Path, environment: Mapping[str, str], log_write_fd: int) -> Process:
        """Run `train` with `ml_root` as /opt/ml.

        Standard output and standard error go to a duplicate of `log_write_fd`; the caller closes its own.
        Raises UnknownImageError, or StartError if no process could be started.
        """
        registry.find(image)
        return self._start(Job("train", image, str(ml_root), dict(environment)), [log_write_fd])

    def start_serving(
        self,
        image: str,
        model_dir: Path,
        environment: Mapping[str, str],
        door: Door,
        log_write_fd: int | None = None,
    ) -> Process:
        """Run `serve` with `model_dir` as /opt/ml/model, answering at a door whose socket already listens.

        The process has a duplicate of the socket. The caller closes its own once this returns: a socket that
        stays open here takes connections that nobody answers when the process has ended. Raises
        UnknownImageError, or StartError if no process could be started.
        """
        registry.find(image)
        job = Job("serve", image, str(model_dir), dict(environment), door.secret)
        if log_write_fd is not None:
            return self._start(job, [log_write_fd, door.listener.fileno()])
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123  # a device, not a path of ours
            return self._start(job, [nothing.fileno(), door.listener.fileno()])

    def stop(self) -> None:
        """Kill all jobs, end the warm parent and wait until it is gone. A later job starts it again."""
        with self._lock:
            self._stops += 1
            connection, self._connection = self._connection, None
            spawner, self._spawner = self._spawner, None
        if connection is not None:
            connection.close()
        if spawner is not None:
            spawner.close()

    def _start(self, job: Job, descriptors: list[int]) -> Process:
        if not self._fork:
            with self._lock:
                self._spawner = self._spawner or _Spawner()
                return self._spawner.start(job, descriptors)
        stops = self._stops
        for _ in range(_ATTEMPTS):
            # The warm parent may end for idleness while the request is on its way. It has then started
            # nothing, so the request can be repeated.
            with contextlib.suppress(GoneError):
                return self._connect().start(job.as_dict(), descriptors)
            if self._stops != stops:
                raise StartError("The jobs were stopped while this one was about to start")
        raise StartError("The warm parent ends before it starts a job; its error is on standard error")

    def _connect(self) -> Forking:
        with self._lock:
            if self._connection is None or self._connection.gone:
                self._connection = Forking(self._command, _environment())
            return self._connection

    def _command(self, descriptor: int) -> list[str]:
        return [*_python("warm"), str(descriptor), str(self._idle_exit_s)]


class _Spawner:
    """Starts a fresh process per job. All of them end when the write end of one pipe is closed."""

    def __init__(self) -> None:
        self._lifeline, self._held = os.pipe()
        self._waiters: list[threading.Thread] = []

    def start(self, job: Job, descriptors: list[int]) -> Process:
        log, *rest = descriptors
        listener = rest[0] if rest else None
        popen = subprocess.Popen(
            _python("job"),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(self._lifeline, *rest),
            env=_environment(),
            start_new_session=True,
        )
        if popen.stdin is None:
            raise StartError("The job's process has no standard input")
        request = {"job": job.as_dict(), "lifeline": self._lifeline, "listener": listener}
        with popen.stdin as stdin:
            stdin.write(json.dumps(request).encode())
        process = Process(popen.pid, lambda _, number: popen.send_signal(number))
        waiter = threading.Thread(target=lambda: process.finish(popen.wait()), daemon=True)
        waiter.start()
        self._waiters = [thread for thread in self._waiters if thread.is_alive()] + [waiter]
        return process

    def close(self) -> None:
        os.close(self._held)
        for waiter in self._waiters:
            waiter.join()
        os.close(self._lifeline)


def _python(module: str) -> list[str]:
    return [sys.executable, "-P", "-m", f"{__package__}.{module}"]


def _environment() -> dict[str, str]:
    """Return this environment, less its credentials, with our import path and what the libraries read.

    One BLAS thread, so that the warm parent has one thread. OpenMP threads that wait sleep: if they spin, as is the
    default, training with two threads on a busy machine takes ten times as long.
    """
    path = [str(Path(__file__).parents[3]), *filter(None, sys.path)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(path), **LIBRARY_SETTINGS}
