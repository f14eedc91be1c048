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
import sysconfig
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from local_aws.codebuild.faults import PhaseFailedError

_VENV_TIMEOUT_S = 120
_INSTALLERS = ("pip", "setuptools") if sys.version_info < (3, 12) else ("pip",)
"""What `venv` installs: https://docs.python.org/3/library/venv.html."""
_PIP = """#!/bin/sh
exec "$(dirname "$0")/python" -m pip "$@"
"""


def python_environment(folder: Path) -> Path:
    """The virtual environment of a project, created for its first build. Raises PhaseFailedError."""
    place = folder / f"python-{sys.implementation.cache_tag}"
    complete = place / "complete"
    if not complete.is_file() or not (place / "bin" / "python").exists():
        shutil.rmtree(place, ignore_errors=True)
        installers = _own_installers()
        command = [sys.executable, "-m", "venv", *(["--without-pip"] if installers else []), str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_VENV_TIMEOUT_S)
        if done.returncode:
            reason = " ".join((done.stderr or done.stdout).split())
            raise PhaseFailedError("CLIENT_ERROR", f"the project's virtual environment could not be created: {reason}")
        _add(installers, place)
        complete.write_text("", encoding="ascii")
    return place


def _own_installers() -> list[Distribution]:
    """What `venv` would install, as it is in the virtual environment that runs local AWS; empty if that lacks any.

    To copy it takes a tenth of the time in which `venv` unpacks and compiles it.
    """
    if sys.prefix == sys.base_prefix:
        return []  # a system's own may be changed to work there alone
    try:
        return [distribution(name) for name in _INSTALLERS]
    except PackageNotFoundError:
        return []


def _add(installers: list[Distribution], place: Path) -> None:
    """Copy libraries into a virtual environment, and write its program `pip`."""
    libraries = Path(sysconfig.get_path("purelib", vars={"base": str(place)}))
    for installer in installers:
        for file in installer.files or ():
            source = Path(str(installer.locate_file(file)))
            if ".." not in file.parts and source.is_file():
                target = libraries / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
    for name in ("pip", "pip3") if installers else ():
        program = place / "bin" / name
        program.write_text(_PIP, encoding="ascii")
        program.chmod(0o755)


def search_path(virtual_environment: Path) -> str:
    """PATH of a build: the project's Python before the machine's tools."""
    return f"{virtual_environment / 'bin'}:{os.environ.get('PATH', os.defpath)}"
