"""Start jobs from the main process: through the warm parent on Linux, as fresh processes elsewhere.

A fork of a process that has imported such libraries is fragile on macOS, so there every job is a process of its
own (`job.py`), which costs the import each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_aws.sagemaker.containers import registry
from local_aws.sagemaker.containers.contract import Door
from local_aws.sagemaker.containers.job import LIBRARY_SETTINGS, Job
from local_aws.sagemaker.containers.warm import PACKET_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ATTEMPTS = 3
_START_S = 120
_STOP_S = 10


class StartError(RuntimeError):
    """A job's process could not be started; the message says why."""


class Process:
    """A job's process. Its number leads a process group of its own."""

    def __init__(self, pid: int, send_signal: Callable[[int, int], None]) -> None:
        self.pid = pid
        self._send_signal = send_signal
        self._ended = threading.Event()
        self._exit_code: int | None = None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for the signal that ended the process; None while it runs."""
        return self._exit_code

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait for the end and return the exit code, None if it still runs after `timeout_s`."""
        self._ended.wait(timeout_s)
        return self._exit_code

    def terminate(self) -> None:
        """Send SIGTERM, as SageMaker does when a job is stopped; nothing happens if it has ended."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL; nothing happens if it has ended."""
        self._signal(signal.SIGKILL)

    def finish(self, code: int) -> None:
        """Record the end; the side that learns of it calls this."""
        self._exit_code = code
        self._ended.set()

    def _signal(self, number: int) -> None:
        if not self._ended.is_set():
            self._send_signal(self.pid, number)


class WarmParent:
    """Starts jobs; safe to use from several threads.

    The warm parent is started by the first job, ends by itself after `idle_exit_s` without one, and is started
    again by the next. If it dies, its jobs die with it and end with the exit code -9.
    """

    def __init__(self, *, idle_exit_s: float = 300, fork: bool = sys.platform != "darwin") -> None:
        self._idle_exit_s = idle_exit_s
        self._fork = fork
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._spawner: _Spawner | None = None
        self._stops = 0

    def prepare(self, image: str) -> None:
        """Begin to import an image's libraries and return at once, so that the first job need not wait."""
        registry.find(image)
        if self._fork:
            with contextlib.suppress(_GoneError):
                self._connect().send({"prepare": image}, [])

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
            with contextlib.suppress(_GoneError):
                return self._connect().start(job, descriptors)
            if self._stops != stops:
                raise StartError("The jobs were stopped while this one was about to start")
        raise StartError("The warm parent ends before it starts a job; its error is on standard error")

    def _connect(self) -> _Connection:
        with self._lock:
            if self._connection is None or self._connection.gone:
                self._connection = _Connection(self._idle_exit_s)
            return self._connection


class _GoneError(Exception):
    """The warm parent has ended."""


class _Reply:
    """What a thread waits for after a request."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.process: Process | None = None
        self.failure: str | None = None


class _Connection:
    """One warm parent and the thread that reads what it reports."""

    def __init__(self, idle_exit_s: float) -> None:
        self.gone = False
        self._lock = threading.Lock()
        self._replies: dict[int, _Reply] = {}
        self._processes: dict[int, Process] = {}
        self._number = 0
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._popen = subprocess.Popen(
                [*_python("warm"), str(theirs.fileno()), str(idle_exit_s)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=_environment(),
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, name="warm-parent", daemon=True)
        self._reader.start()

    def start(self, job: Job, descriptors: list[int]) -> Process:
        """Start a job. Raises _GoneError, or StartError with the reason."""
        reply = _Reply()
        with self._lock:
            if self.gone:
                raise _GoneError
            self._number += 1
            number = self._number
            self._replies[number] = reply
        self.send({"id": number, "job": job.as_dict()}, descriptors)
        if not reply.ready.wait(_START_S):
            raise StartError(f"The warm parent did not start the job within {_START_S} s")
        if reply.failure is not None:
            raise StartError(reply.failure)
        if reply.process is None:
            raise _GoneError
        return reply.process

    def send(self, message: dict[str, Any], descriptors: list[int]) -> None:
        packet = json.dumps(message).encode()
        if len(packet) > PACKET_BYTES // 2:
            raise StartError(f"The job's environment takes {len(packet)} bytes, allowed are {PACKET_BYTES // 2}")
        try:
            socket.send_fds(self._socket, [packet], descriptors)
        except OSError:
            raise _GoneError from None

    def close(self) -> None:
        """End the warm parent with all its jobs."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()

    def _signal(self, pid: int, number: int) -> None:
        with contextlib.suppress(_GoneError):
            self.send({"signal": number, "pid": pid}, [])

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while packet := self._socket.recv(PACKET_BYTES):
                self._handle(json.loads(packet))
        self._end()

    def _handle(self, message: dict[str, Any]) -> None:
        if "exited" in message:
            self._processes.pop(message["exited"]).finish(message["code"])
            return
        with self._lock:
            reply = self._replies.pop(message["id"])
        if "pid" in message:
            reply.process = Process(message["pid"], self._signal)
            self._processes[message["pid"]] = reply.process
        else:
            reply.failure = message["failed"]
        reply.ready.set()

    def _end(self) -> None:
        """The connection is closed: see the warm parent off and tell everybody who waits."""
        try:
            self._popen.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._socket.close()
        with self._lock:
            self.gone = True
            replies = list(self._replies.values())
        for process in self._processes.values():
            process.finish(-signal.SIGKILL)
        for reply in replies:
            reply.ready.set()


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
