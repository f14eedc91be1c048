"""The Python of a project's builds: a virtual environment that is kept between builds.

CodeBuild's images include Python, and a project's local cache is available in its next build
(https://docs.aws.amazon.com/codebuild/latest/userguide/caching-local.html). Here both are this virtual environment,
made of the Python that runs local AWS, so that nothing is installed outside the state folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from local_aws.codebuild.faults import PhaseFailedError

_VENV_TIMEOUT_S = 120


def python_environment(folder: Path) -> Path:
    """The virtual environment of a project, created for its first build. Raises PhaseFailedError."""
    place = folder / f"python-{sys.implementation.cache_tag}"
    complete = place / "complete"
    if not complete.is_file() or not (place / "bin" / "python").exists():
        shutil.rmtree(place, ignore_errors=True)
        command = [sys.executable, "-m", "venv", str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_VENV_TIMEOUT_S)
        if done.returncode:
            reason = " ".join((done.stderr or done.stdout).split())
            raise PhaseFailedError("CLIENT_ERROR", f"the project's virtual environment could not be created: {reason}")
        complete.write_text("", encoding="ascii")
    return place


def search_path(virtual_environment: Path) -> str:
    """PATH of a build: the project's Python before the machine's tools."""
    return f"{virtual_environment / 'bin'}:{os.environ.get('PATH', os.defpath)}"
