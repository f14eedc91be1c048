"""A process that has imported libraries and forks a child for every job. Linux only.

Its one connection is an end of a SOCK_SEQPACKET pair. Every packet is one JSON object; the file descriptors of a job
come with its packet.

to the server                                         from it
{"id": 1, "job": {...}} + descriptors                 {"id": 1, "pid": 123} or {"id": 1, "failed": "reason"}
{"prepare": {...}}
{"signal": 15, "pid": 123}                            {"exited": 123, "code": -15}

It has one thread. When the connection closes, it ends with its children; if it is killed, the kernel signals the
children (PR_SET_PDEATHSIG). It is also loaded by its path into processes without local AWS, so it imports the standard
library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

PACKET_BYTES = 1 << 18
_MAX_DESCRIPTORS = 4
_PR_SET_PDEATHSIG = 1
_FORK_FAILED = 126

Job = dict[str, Any]
Load = Callable[[Job], "str | None"]
"""Import what a job needs; returns the reason if that fails."""
Run = Callable[[Job, "list[int]"], int]
"""Run a job in the process that has been forked for it, with its file descriptors; returns the exit code."""


@dataclass
class ForkServer:
    """The loop of the server."""

    control: socket.socket
    load: Load
    run: Run
    idle_exit_s: float | None = None
    """The server ends after this time without jobs or requests."""
    last_signal: int = signal.SIGKILL
    """The signal that its children get when it ends."""
    children: set[int] = field(default_factory=set)
    _wakeup: tuple[int, int] = field(default_factory=os.pipe)
    _libc: ctypes.CDLL = field(default_factory=lambda: ctypes.CDLL(None, use_errno=True))

    def loop(self) -> None:
        """Serve until the connection closes or the idle time has passed."""
        woken, wake = self._wakeup
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        control = self.control.fileno()
        try:
            while True:
                timeout = None if self.children else self.idle_exit_s
                ready, _, _ = select.select([control, woken], [], [], timeout)
                if woken in ready:
                    os.read(woken, 4096)
                    self._reap()
                if control in ready and not self._receive():
                    return
                if not ready:
                    return
        finally:
            for pid in self.children:
                _signal_group(pid, self.last_signal)

    def _receive(self) -> bool:
        """Handle one packet; return False at the end of the connection."""
        packet, descriptors, _, _ = socket.recv_fds(self.control, PACKET_BYTES, _MAX_DESCRIPTORS)
        if not packet:
            return False
        message = json.loads(packet)
        if "job" in message:
            self._start(message["id"], message["job"], descriptors)
        elif "prepare" in message:
            self._loaded(message["prepare"])
        elif message["pid"] in self.children:
            # Only a child that has not been waited for: its process id cannot belong to another process.
            _signal_group(message["pid"], message["signal"])
        return True

    def _loaded(self, job: Job) -> str | None:
        before = len(sys.modules)
        failure = self.load(job)
        if len(sys.modules) > before:
            # The children's garbage collections skip objects that exist now, so their pages stay shared.
            gc.collect()
            gc.freeze()
        return failure

    def _start(self, number: int, job: Job, descriptors: list[int]) -> None:
        failure = self._loaded(job)
        if failure is None:
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                self._child(job, descriptors, parent)
            self.children.add(pid)
            self._send({"id": number, "pid": pid})
        else:
            self._send({"id": number, "failed": failure})
        for descriptor in descriptors:
            os.close(descriptor)

    def _child(self, job: Job, descriptors: list[int], parent: int) -> NoReturn:
        """Become the job's process. Nothing may return or raise into the server's loop."""
        code = _FORK_FAILED
        try:
            os.setsid()
            self._libc.prctl(_PR_SET_PDEATHSIG, self.last_signal, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(_FORK_FAILED)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            self.control.close()
            for descriptor in self._wakeup:
                os.close(descriptor)
            code = self.run(job, descriptors)
        finally:
            os._exit(code)

    def _reap(self) -> None:
        for pid in list(self.children):
            finished, status = os.waitpid(pid, os.WNOHANG)
            if finished:
                self.children.discard(pid)
                self._send({"exited": pid, "code": os.waitstatus_to_exitcode(status)})

    def _send(self, message: dict[str, Any]) -> None:
        # If the main process has ended, the next receive shows it.
        with contextlib.suppress(OSError):
            self.control.send(json.dumps(message).encode())


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        try:
            os.killpg(pid, number)
        except ProcessLookupError:  # the child does not lead its group yet, so it has no children either
            os.kill(pid, number)
