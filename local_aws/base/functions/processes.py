"""Lambda: the processes of Python functions, forked from one that has boto3 imported (`functions/warm.py`)."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from local_aws.base.tables import ministack
from local_aws.processes.forking import Forking, GoneError, Process, StartError
from local_aws.settings import NO_HOST_PREFIX

_PACKAGE = Path(__file__).resolve().parents[2]
_PROGRAMS = str(_PACKAGE / "functions" / "warm.py"), str(_PACKAGE / "processes" / "fork_server.py")
_ATTEMPTS = 3


class FunctionProcesses:
    """Starts the processes of Python functions in the place of the `subprocess` that MiniStack's workers use.

    On Linux only: elsewhere a fork of a process that has imported so much is fragile, so each is a process of its own.
    """

    def __init__(self, *, fork: bool = sys.platform == "linux") -> None:
        self._fork = fork
        self._forking: Forking | None = None
        self._lock = threading.Lock()
        self._stopped = False

    def install(self) -> None:
        """Let MiniStack's workers start their processes here."""
        ministack("core.lambda_runtime").subprocess = self

    def __getattr__(self, name: str) -> Any:
        """Return any other attribute of `subprocess`."""
        return getattr(subprocess, name)

    def Popen(self, command: list[str], **options: Any) -> Any:  # noqa: N802 - the name in `subprocess`
        """The process of a function."""
        if not self._fork or command[0] != sys.executable:
            return subprocess.Popen(command, **options)
        return self._start(command[1], options["cwd"], options["env"])

    def stop(self) -> None:
        """End all of them for good."""
        with self._lock:
            self._stopped = True
            forking, self._forking = self._forking, None
        if forking is not None:
            forking.close()

    def _start(self, program: str, folder: str, environment: Mapping[str, str]) -> FunctionProcess:
        order = json.dumps({"program": program, "folder": folder, "environment": {**environment, **NO_HOST_PREFIX}})
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(GoneError):
                return FunctionProcess(self._connect(), order)
        raise RuntimeError("the process that functions are forked from ends; its error is in the log of local AWS")

    def _connect(self) -> Forking:
        with self._lock:
            if self._stopped:
                raise RuntimeError("local AWS is stopping")
            if self._forking is None or self._forking.gone:
                self._forking = Forking(lambda end: [sys.executable, _PROGRAMS[0], str(end), _PROGRAMS[1]], os.environ)
            return self._forking


class FunctionProcess:
    """A function's process, with as much of `subprocess.Popen` as MiniStack and `invocation.py` use."""

    def __init__(self, forking: Forking, order: str) -> None:
        """Fork it and tell it what it is. Raises GoneError, OSError, and RuntimeError if that cannot be done."""
        reads, writes = zip(*(os.pipe() for _ in range(4)), strict=True)
        theirs, ours = [reads[0], writes[1], writes[2], reads[3]], [writes[0], reads[1], reads[2], writes[3]]
        try:
            self._process: Process = forking.start({}, theirs)
        except (GoneError, StartError):
            for descriptor in ours:
                os.close(descriptor)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self.pid = self._process.pid
        self.stdin: IO[str] = os.fdopen(ours[0], "w", buffering=1)
        self.stdout: IO[str] = os.fdopen(ours[1])
        self.stderr: IO[str] = os.fdopen(ours[2])
        with os.fdopen(ours[3], "w") as told:
            told.write(order)

    @property
    def returncode(self) -> int | None:
        return self._process.exit_code

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.exit_code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. Raises TimeoutExpired."""
        code = self._process.wait(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("function", timeout or 0.0)
        return code

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()
