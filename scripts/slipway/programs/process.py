"""Runs a program of a data scientist's in processes of their own, which see neither AWS nor this one's variables."""

from __future__ import annotations

import os
import re
import signal
import site
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LONGEST_S = 60
_MISSING = re.compile(r"ModuleNotFoundError: No module named '(?P<name>[^']+)'")
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
_LAST_BYTES = 1 << 16
"""Of what a program says on standard error, where its last line is looked for."""


@dataclass(frozen=True)
class Ended:
    """How a program ended; `said` is the last line of its standard error."""

    code: int
    said: str

    @property
    def reason(self) -> str:
        return self.said or f"ended with exit code {self.code} and said nothing"


def run_python(
    words: Sequence[str], folder: Path, home: Path, longest_s: float, variables: Mapping[str, str] | None = None
) -> Ended:
    """Run this Python with `folder` as its own and as the place of its modules.

    Nothing that it has started runs on after it. Raises TimeoutExpired after `longest_s` seconds.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # A home of its own hides the keys in ~/.aws; packages of this user's Python are found as before.
    own = {"HOME": str(home), "PYTHONUSERBASE": site.getuserbase(), "AWS_EC2_METADATA_DISABLED": "true"}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env={**kept, **own, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder), **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        try:
            code = process.wait(longest_s)
        finally:
            _end(process)
        return Ended(code, _last_line(errors))


def missing_module(text: str, files: Mapping[str, bytes]) -> str | None:
    """Return the module that this Python lacks by an error's text; None if it is one of the program's own `files`."""
    found = _MISSING.search(text)
    name = found["name"].split(".")[0] if found else ""
    return name if name and f"{name}.py" not in files else None


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - _LAST_BYTES))
    said = [line for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
    return said[-1] if said else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and what it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
