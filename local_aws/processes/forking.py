"""The client of a fork server (`fork_server.py`): starts it, requests processes and ends them."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.processes.fork_server import PACKET_BYTES

_START_S = 120
_STOP_S = 10


class StartError(RuntimeError):
    """A job's process could not be started; the message says why."""


class GoneError(Exception):
    """The fork server has ended."""


class Process:
    """A job's process, which leads its own process group."""

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
        """Record the end; called by the thread that receives it."""
        self._exit_code = code
        self._ended.set()

    def _signal(self, number: int) -> None:
        if not self._ended.is_set():
            self._send_signal(self.pid, number)


class _Reply:
    """The reply that a thread waits for after a request."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.process: Process | None = None
        self.failure: str | None = None


class Forking:
    """One fork server, and the thread that reads its reports."""

    def __init__(self, command: Callable[[int], list[str]], environment: Mapping[str, str]) -> None:
        """Start the program; `command` gets the file descriptor of its end of the connection."""
        self.gone = False
        self._lock = threading.Lock()
        self._replies: dict[int, _Reply] = {}
        self._processes: dict[int, Process] = {}
        self._number = 0
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._popen = subprocess.Popen(
                command(theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=environment,
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, name="fork-server", daemon=True)
        self._reader.start()

    def start(self, job: dict[str, Any], descriptors: list[int]) -> Process:
        """Start a job. Raises GoneError, or StartError with the reason."""
        reply = _Reply()
        with self._lock:
            if self.gone:
                raise GoneError
            self._number += 1
            number = self._number
            self._replies[number] = reply
        self.send({"id": number, "job": job}, descriptors)
        if not reply.ready.wait(_START_S):
            raise StartError(f"The warm parent did not start the job within {_START_S} s")
        if reply.failure is not None:
            raise StartError(reply.failure)
        if reply.process is None:
            raise GoneError
        return reply.process

    def send(self, message: dict[str, Any], descriptors: list[int]) -> None:
        """Send one packet. Raises GoneError, or StartError if it is too large."""
        packet = json.dumps(message).encode()
        if len(packet) > PACKET_BYTES // 2:
            raise StartError(f"The job's environment takes {len(packet)} bytes, expected {PACKET_BYTES // 2}")
        try:
            socket.send_fds(self._socket, [packet], descriptors)
        except OSError:
            raise GoneError from None

    def close(self) -> None:
        """End the server and all its jobs."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()

    def _signal(self, pid: int, number: int) -> None:
        with contextlib.suppress(GoneError):
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
        """After the connection has closed: wait for the server's end and release all waiting threads."""
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
