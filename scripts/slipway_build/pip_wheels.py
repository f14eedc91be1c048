"""Asks pip for the wheels of a lock, for the Python and the platform of an image, and says what it lacks.

https://pip.pypa.io/en/stable/cli/pip_download/. pip runs nothing of what it fetches: only wheels are allowed, and they
are not installed. What a lock does not name is not fetched, as the image may have it.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slipway_build.errors import BuildError

if TYPE_CHECKING:
    from pipeline_lambdas.algorithms.algorithm import Platform
    from pipeline_lambdas.release.wheels import Lock

_OLDEST_GLIBC = 5
"""The minor version of manylinux_2_5, the first: https://peps.python.org/pep-0600/"""
_LEGACY = ("manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64", "linux_x86_64")
_PATIENCE = ("--retries", "2", "--timeout", "15")
_UNREACHABLE = re.compile(
    r"Failed to establish a new connection|Max retries|Connection(?:Error| refused| broken)|timed out"
)
_NO_PIP = "No module named pip"
"""An environment that uv makes has none."""
_NO_WHEEL = re.compile(r"No matching distribution found for (?P<what>[^\s(]+)")
_OTHER_HASH = "DO NOT MATCH THE HASHES"


class UnreachableError(BuildError):
    """The index of packages cannot be asked: it cannot be reached, or there is no pip."""


def target_options(platform: Platform) -> list[str]:
    """The options by which pip takes wheels for an image alone."""
    names = [
        f"manylinux_{platform.glibc[0]}_{minor}_x86_64" for minor in range(platform.glibc[1], _OLDEST_GLIBC - 1, -1)
    ]
    python = "".join(map(str, platform.python))
    tags = [word for name in (*names, *_LEGACY) for word in ("--platform", name)]
    return ["--only-binary", ":all:", "--no-deps", "--implementation", "cp", "--python-version", python, *tags]


def download(lock: Lock, platform: Platform, folder: Path, place: str) -> dict[str, str]:
    """Fetch the wheels of a lock into a folder; returns their SHA-256 by file name.

    Raises BuildError for a package without a wheel or with another hash, UnreachableError if there is no index. `place`
    names the lock in messages.
    """
    file = folder / "lock.txt"
    file.write_text(lock.text, encoding="utf-8")
    words = ["download", "--require-hashes", *target_options(platform), "--dest", str(folder), "-r", str(file)]
    run_pip(words, platform, place)
    file.unlink()
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def run_pip(words: Sequence[str], platform: Platform, place: str, longest_s: float | None = None) -> None:
    """Run pip; raises BuildError with what it lacks, UnreachableError also after `longest_s`."""
    command = [sys.executable, "-m", "pip", *words, *_PATIENCE, "--no-input", "--disable-pip-version-check", "--quiet"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=longest_s)
    except subprocess.TimeoutExpired:
        raise UnreachableError(f"{place}: pip found no end in {longest_s:.0f} s.", "Try again.") from None
    if done.returncode != 0:
        raise _reason(f"{done.stdout}\n{done.stderr}", platform, place)


def _of_other_hash(said: str) -> str | None:
    """Return the package that pip names in the line after it says that a hash is another; None if it does not."""
    _, told, after = said.partition(_OTHER_HASH)
    words = "".join(after.splitlines()[1:2]).split()
    return words[0].rstrip(":") if told and words else None


def _reason(said: str, platform: Platform, place: str) -> BuildError:
    if _NO_PIP in said:
        return UnreachableError(
            f"{place}: {sys.executable} has no pip, which looks for the packages.",
            "Add it: python -m ensurepip, or uv pip install pip.",
        )
    if _UNREACHABLE.search(said):
        return UnreachableError(
            f"{place}: the index of Python packages cannot be reached from here.",
            "Try again, or set PIP_INDEX_URL to one that can be.",
        )
    changed = _of_other_hash(said)
    if changed:
        return BuildError(
            f"{place}: found {changed} with a hash that the lock has not; expected one of its hashes.",
            "Make the lock again, and look at what has changed.",
        )
    found = _NO_WHEEL.search(said)
    if found:
        return BuildError(
            f"{place}: found no wheel of {found['what']} for {platform.title}, that of the image; expected one, as "
            "nothing is compiled.",
            "Take a version that has one, or an image with another Python.",
        )
    errors = [line for line in said.splitlines() if line.startswith("ERROR")] or said.split("\n")[-2:]
    return BuildError(f"{place}: pip cannot fetch the packages: {' '.join(errors).strip()}", "Mend the lock.")
