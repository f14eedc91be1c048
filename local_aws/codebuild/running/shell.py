"""One shell for all commands of a build, so that each command starts with the last one's directory and environment.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec-ref-versions
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from local_aws.processes import supervisor

_POLL_S = 0.1
_CHUNK_BYTES = 1 << 16
_END_S = 10.0

OnOutput = Callable[[bytes], None]
Interrupted = Callable[[], bool]


class InterruptedCommandError(Exception):
    """The command was killed because the build must end."""


class Shell:
    """A shell that runs commands one by one, under a supervisor that ends with the build or with this process.

    A command is sourced from a file. If it ends the shell (`exit`, a syntax error), the next command gets a new shell,
    with the directory and environment that the last complete command left.
    """

    def __init__(self, program: str, control: Path, directory: Path, environment: Mapping[str, str]) -> None:
        """`control` is a folder for the shell's own files, outside the build's sources."""
        self._program, self._control = program, control
        self._directory, self._environment = str(directory), dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._descriptors: list[int] = []
        self._output = self._status = -1

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment after the last command."""
        return self._environment

    def run(self, command: str, on_output: OnOutput, interrupted: Interrupted) -> int:
        """Run a command and return its exit status. Raises InterruptedCommandError; then no process is left."""
        process = self._process or self._open()
        script, state = self._control / "command.sh", self._control / "status"
        script.write_text(f"{command}\n", encoding="utf-8")
        state.unlink(missing_ok=True)
        assert process.stdin is not None  # noqa: S101 - Popen was given PIPE
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(f". {shlex.quote(str(script))} </dev/null\n{self._report()}\n".encode())
            process.stdin.flush()
        while True:
            ready = self._readable()
            chunk = os.read(self._output, _CHUNK_BYTES) if self._output in ready else b""
            on_output(chunk)
            if not chunk and (self._status in ready or process.poll() is not None):
                break
            if not chunk and self._output in ready:  # no writer is left: the shell is about to end
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL_S)
            if interrupted():
                self.close()
                raise InterruptedCommandError
        self._drain(on_output)
        return self._end_of_command(process, state)

    def _readable(self) -> set[int]:
        """The descriptors, output or status, that have data or have ended. Works with any descriptor number."""
        waiting = select.poll()
        for descriptor in (self._output, self._status):
            waiting.register(descriptor, select.POLLIN | select.POLLHUP)
        return {descriptor for descriptor, _ in waiting.poll(_POLL_S * 1000)}

    def close(self) -> None:
        """End the shell and all processes that its commands started, in any process group or session."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []

    def _open(self) -> subprocess.Popen[bytes]:
        self._output, output_write = os.pipe()
        self._status, status_write = os.pipe()
        life_read, life_write = os.pipe()
        self._descriptors = [self._output, self._status, life_write]
        self._report_to = status_write
        # Isolated and without site: a build's settings for Python are for its own programs.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", supervisor.__file__, str(life_read), self._program],
            stdin=subprocess.PIPE,
            stdout=output_write,
            stderr=output_write,
            env=self._environment,
            cwd=self._directory,
            start_new_session=True,
            pass_fds=(status_write, life_read),
        )
        for descriptor in (output_write, status_write, life_read):
            os.close(descriptor)
        return self._process

    def _report(self) -> str:
        """The line with which the shell reports how a command ended, its environment and its directory."""
        folder = shlex.quote(str(self._control))
        return (
            f'printf %s "$?" >{folder}/status; /usr/bin/env -0 >{folder}/environment; pwd >{folder}/directory; '
            f"printf . >/dev/fd/{self._report_to}"
        )

    def _end_of_command(self, process: subprocess.Popen[bytes], state: Path) -> int:
        # End of file means that the shell has ended, a moment before its process can be waited for.
        if process.poll() is None and os.read(self._status, 1):
            self._take_over()
            return int(state.read_text(encoding="ascii"))
        status = process.wait()
        self.close()
        return status if status >= 0 else 128 - status

    def _take_over(self) -> None:
        self._directory = (self._control / "directory").read_text(encoding="utf-8").rstrip("\n") or self._directory
        found = (self._control / "environment").read_bytes().decode("utf-8", "surrogateescape")
        pairs = (entry.partition("=") for entry in found.split("\0") if "=" in entry)
        self._environment = {name: value for name, _, value in pairs}

    def _drain(self, on_output: OnOutput) -> None:
        while select.select([self._output], [], [], 0)[0]:
            chunk = os.read(self._output, _CHUNK_BYTES)
            if not chunk:
                return
            on_output(chunk)
