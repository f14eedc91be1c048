"""`git http-backend`, started as a CGI program (https://git-scm.com/docs/git-http-backend)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from local_aws.codecommit import git

_CHUNK = 1 << 16
_HEAD_LIMIT = 1 << 16


class BackendError(Exception):
    """The program ended without a response."""


@dataclass(frozen=True)
class BackendRequest:
    """One HTTP request for http-backend; `path` is the part after the repository."""

    folder: Path
    home: Path
    path: str
    method: str
    query: str
    user: str
    headers: Mapping[str, str]
    """With lower-case names."""

    def environment(self) -> dict[str, str]:
        """The CGI variables, in addition to git's environment. No length is given: the body ends with its file."""
        variables = {
            "GIT_PROJECT_ROOT": str(self.folder.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{self.folder.name}/{self.path}",
            "REQUEST_METHOD": self.method,
            "QUERY_STRING": self.query,
            "REMOTE_USER": self.user,
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
        }
        return git.environment(self.home) | {name: value for name, value in variables.items() if value}


@dataclass(frozen=True)
class Head:
    """Status and headers of a response."""

    status: int
    headers: list[tuple[bytes, bytes]]


class Processes:
    """Runs http-backend, and ends its processes with the server."""

    def __init__(self) -> None:
        """Each process leads its own process group, which includes the git programs that it starts."""
        self._groups: set[int] = set()
        self._ended = threading.Condition()

    def run(self, request: BackendRequest, body: BinaryIO, lock: int) -> tuple[Head, bytes]:
        """Run a push; its processes keep the descriptor `lock` open. Raises BackendError."""
        with (
            subprocess.Popen(
                ["git", "http-backend"],
                stdin=body,
                stdout=subprocess.PIPE,
                env=request.environment(),
                pass_fds=(lock,),
                start_new_session=True,
            ) as process,
            self._tracked(process.pid),
        ):
            output, _ = process.communicate()
        raw_head, blank, answer = output.partition(b"\r\n\r\n")
        if not blank:
            raise BackendError(f"git http-backend ended with exit code {process.returncode} and no answer")
        return _head(raw_head), answer

    async def stream(self, request: BackendRequest, body: BinaryIO | None) -> AsyncGenerator[Head | bytes, None]:
        """Yield the head and then the body of a response as it is produced. Raises BackendError."""
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            stdin=body if body is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env=request.environment(),
            limit=_HEAD_LIMIT,
            start_new_session=True,
        )
        with self._tracked(process.pid):
            try:
                output = process.stdout
                if output is None:
                    raise BackendError("git http-backend has no standard output")
                try:
                    raw_head = await output.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError:
                    raise BackendError("git http-backend ended without an answer") from None
                yield _head(raw_head)
                while chunk := await output.read(_CHUNK):
                    yield chunk
            finally:
                if process.returncode is None:
                    _terminate(process.pid)
                await process.wait()

    def stop(self, timeout_s: float) -> None:
        """Wait for the processes to end, then terminate them; git removes its lock files on this signal."""
        with self._ended:
            if not self._ended.wait_for(lambda: not self._groups, timeout_s):
                for group in self._groups:
                    _terminate(group)

    @contextlib.contextmanager
    def _tracked(self, group: int) -> Iterator[None]:
        with self._ended:
            self._groups.add(group)
        try:
            yield
        finally:
            with self._ended:
                self._groups.discard(group)
                self._ended.notify_all()


def _terminate(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGTERM)


def _head(raw: bytes) -> Head:
    status, headers = 200, []
    for line in raw.strip().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"status":
            status = int(value.split()[0])
        else:
            headers.append((name.strip().lower(), value.strip()))
    return Head(status, headers)
