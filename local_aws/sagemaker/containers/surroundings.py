"""What a container without a network sees of this machine: the Python that runs it, and a /tmp of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from local_aws.sagemaker.containers import capabilities
from local_aws.sagemaker.containers.private_root import Inside

_ROOT = Path(__file__).parents[3]


def visible(state: Path, more: Iterable[str] = ()) -> list[str]:
    """Return the folders of this Python and of what it imports, and `more`; none with a state of local AWS in it."""
    python = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    folders = map(Path, [*python, *filter(None, [*sys.path, *libraries]), *more])
    # An import path may be a checkout, which has a state of its own in it; an installed local AWS lies in no checkout.
    hidden = [state] if _ROOT.name.endswith("-packages") else [state, _ROOT]
    return [str(folder) for folder in folders if not any(each.is_relative_to(folder) for each in hidden)]


def scratch_of(ml: Path) -> str:
    """Return the folder that is the /tmp of the container whose /opt/ml is `ml`."""
    scratch = ml.with_name(f"{ml.name}.tmp")
    scratch.mkdir(parents=True, exist_ok=True)
    return str(scratch)


def seen_by_a_command(ml: Path, state: Path) -> Inside:
    """Return what a command of the job's own sees: Python without local AWS."""
    return Inside(scratch_of(ml), [*visible(state), str(Path(capabilities.__file__))])


def without_rights(command: list[str]) -> list[str]:
    """Return the command that runs without root's rights over the machine, by which it could undo what it lacks."""
    return [sys.executable, "-I", str(Path(capabilities.__file__)), *command]
