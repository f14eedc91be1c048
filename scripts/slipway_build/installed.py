"""Whether the Python that runs this holds what a lock asks for: no build then waits for pip to find out the same.

    python -m slipway_build.installed requirements/due.txt || pip install --require-hashes -r requirements/due.txt

Ends with 0 if every distribution of the lock is there in its version with all the files that it was installed with, so
that an install that broke in the middle counts for nothing; else with 1 and the reason. What this does not decide, pip
does: a line with an environment marker, an option, a distribution that no wheel installer has recorded. Where builds
begin with a fresh container this finds nothing, and pip installs. It imports the standard library only, as nothing
else is there yet.

https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)(?:\s+--hash=\S+)*")


def lacking(lock: str) -> str | None:
    """What pip has to look at, in a sentence; None if all that the text of a lock asks for is there."""
    lines = (line.strip() for line in lock.replace("\\\n", " ").splitlines())
    requirements = [line.partition(" #")[0].strip() for line in lines if line and not line.startswith("#")]
    if not requirements:
        return "The lock names nothing."
    return next((reason for line in requirements if (reason := _lacking_line(line))), None)


def _lacking_line(line: str) -> str | None:
    found = _PINNED.fullmatch(line)
    if found is None:
        return f"Left to pip: {' '.join(line.split())[:80]}"
    name, version = found.groups()
    try:
        there = distribution(name)
    except PackageNotFoundError:
        return f"{name} is not installed."
    if there.version != version:
        return f"{name} is {there.version}; the lock wants {version}."
    broken = _broken_file(there)
    return f"{name} {version} is not whole: {broken}" if broken else None


def _broken_file(there: Distribution) -> str | None:
    """The first recorded file that is missing or has another size: half an install, or half a removal."""
    record = there.read_text("RECORD")
    if not record:
        return "it has no RECORD."
    root = str(there.locate_file(""))
    for path, _, size in csv.reader(record.splitlines()):
        if size:  # byte code and the record itself have none
            try:
                found = os.stat(os.path.join(root, path)).st_size  # noqa: PTH116, PTH118 - thousands of files
            except OSError:
                return f"{path} is missing."
            if found != int(size):
                return f"{path} has {found} bytes, {size} were installed."
    return None


def main(arguments: Sequence[str]) -> int:
    """0 if nothing is to be installed, 1 if something is, 2 for a wrong call."""
    if len(arguments) != 1:
        sys.stderr.write("python -m slipway_build.installed: one argument is wanted, the path of a lock\n")
        return 2
    reason = lacking(Path(arguments[0]).read_text(encoding="utf-8"))
    if reason:
        sys.stdout.write(f"{reason}\n")
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
