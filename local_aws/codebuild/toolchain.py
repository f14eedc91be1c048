"""The Python of a project's builds: a virtual environment that is kept from build to build.

CodeBuild's images bring their own Python; what a project caches locally is there again in the next build
(https://docs.aws.amazon.com/codebuild/latest/userguide/caching-local.html). Here both are this virtual environment,
made of the Python that runs local AWS, so that nothing is installed outside the state folder.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from local_aws.codebuild.faults import PhaseFailedError

_PIP_SETTINGS = (
    "cert",
    "default-timeout",
    "extra-index-url",
    "find-links",
    "index-url",
    "no-index",
    "timeout",
    "trusted-host",
)
_PIP_FILES = ((".pip", "pip.conf"), (".config", "pip", "pip.conf"))
_VENV_TIMEOUT_S = 120


def python_environment(folder: Path) -> Path:
    """The virtual environment of a project, made at its first build. Raises PhaseFailedError."""
    place = folder / f"python-{sys.implementation.cache_tag}"
    complete = place / "complete"
    if not complete.is_file() or not (place / "bin" / "python").exists():
        shutil.rmtree(place, ignore_errors=True)
        command = [sys.executable, "-m", "venv", str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_VENV_TIMEOUT_S)
        if done.returncode:
            reason = " ".join((done.stderr or done.stdout).split())
            raise PhaseFailedError("CLIENT_ERROR", f"no virtual environment could be made for the project: {reason}")
        complete.write_text("", encoding="ascii")
    return place


def pip_settings(home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Where pip finds packages on this machine, as environment variables, without anything that holds a password.

    A machine may know its packages by a mirror only; builds have a HOME of their own, so they do not read its files.
    """
    found: dict[str, list[str]] = {}
    for parts in _PIP_FILES:
        parser = configparser.RawConfigParser()
        parser.read(home.joinpath(*parts), encoding="utf-8")
        for section in ("global", "install"):
            for name, value in parser.items(section) if parser.has_section(section) else ():
                found[name] = value.split()
    for name in _PIP_SETTINGS:
        given = environment.get(f"PIP_{name.upper().replace('-', '_')}")
        if given:
            found[name] = given.split()
    return {
        f"PIP_{name.upper().replace('-', '_')}": " ".join(kept)
        for name in _PIP_SETTINGS
        if (kept := list(_without_passwords(found.get(name, ()))))
    }


def _without_passwords(values: Iterable[str]) -> Iterable[str]:
    return (value for value in values if "@" not in value)


def search_path(virtual_environment: Path) -> str:
    """PATH of a build: the project's Python before the machine's tools."""
    return f"{virtual_environment / 'bin'}:{os.environ.get('PATH', os.defpath)}"
