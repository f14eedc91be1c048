"""Start jobs from the main process: through the warm parent on Linux, as fresh processes elsewhere.

Forking a process that has imported such libraries is fragile on macOS, so there every job is its own process
(`job.py`) and imports them again.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws.processes.forking import Forking, GoneError, Process, StartError
from local_aws.sagemaker.containers import registry
from local_aws.sagemaker.containers.contract import Door
from local_aws.sagemaker.containers.job import Job
from local_aws.sagemaker.containers.spawner import Spawner, environment, python

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Process", "StartError", "WarmParent"]
_ATTEMPTS = 3


class WarmParent:
    """Starts jobs; safe to use from several threads.

    The warm parent starts with the first job, ends after `idle_exit_s` without one, and starts again with the next. If
    it dies, its jobs die with it, with exit code -9.
    """

    def __init__(self, *, idle_exit_s: float = 300, fork: bool = sys.platform != "darwin") -> None:
        self._idle_exit_s = idle_exit_s
        self._fork = fork
        self._lock = threading.Lock()
        self._connection: Forking | None = None
        self._spawner: Spawner | None = None
        self._stops = 0

    def prepare(self, image: str) -> None:
        """Begin to import an image's libraries and return at once, so that the first job does not wait."""
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
        """Run `serve` with `model_dir` as /opt/ml/model, on a socket that already listens.

        The process has a duplicate of the socket. The caller closes its own once this returns: otherwise it would
        accept connections that nobody answers after the process has ended. Raises UnknownImageError, or StartError if
        no process could be started.
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
                self._spawner = self._spawner or Spawner("job")
                return self._spawner.start(job.as_dict(), descriptors)
        stops = self._stops
        for _ in range(_ATTEMPTS):
            # The warm parent may end as idle while the request is on its way. It has then started
            # nothing, so the request can be repeated.
            with contextlib.suppress(GoneError):
                return self._connect().start(job.as_dict(), descriptors)
            if self._stops != stops:
                raise StartError("All jobs were stopped before this one started")
        raise StartError("The warm parent ended before it started the job; see its error on standard error")

    def _connect(self) -> Forking:
        with self._lock:
            if self._connection is None or self._connection.gone:
                self._connection = Forking(self._command, environment())
            return self._connection

    def _command(self, descriptor: int) -> list[str]:
        return [*python("warm"), str(descriptor), str(self._idle_exit_s)]
