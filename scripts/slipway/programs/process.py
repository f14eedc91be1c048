"""Runs a program of a data scientist's in a process of its own, which sees neither AWS nor this one's variables."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

LONGEST_S = 60
MISSING = re.compile(r"ModuleNotFoundError: No module named '(?P<name>[^']+)'")
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")


def run_python(
    words: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run this Python with `folder` as its own and as the place of its modules; TimeoutExpired after a minute."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder), **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=LONGEST_S,
        check=False,
    )


def missing_module(text: str, files: Mapping[str, bytes]) -> str | None:
    """Return the module that this Python lacks by an error's text; None if it is one of the program's own `files`."""
    found = MISSING.search(text)
    name = found["name"].split(".")[0] if found else ""
    return name if name and f"{name}.py" not in files else None
