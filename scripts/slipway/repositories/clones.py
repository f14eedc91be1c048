"""Decides which folder `check` checks by default: the clone that contains the current directory, else the checkout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from slipway_build.errors import BuildError
from slipway_build.packages import PACKAGES, build_one

_CODE = ("pipeline_lambdas", "inference_lambdas")


@dataclass(frozen=True)
class Clone:
    """A clone of one of the published repositories."""

    folder: Path
    holds: Literal["configs", "functions"]


def find_clone(current: Path) -> Clone | None:
    """Return the clone that contains a folder; None in a checkout of Slipway and anywhere else."""
    for folder in (current, *current.parents):
        code = any((folder / name).is_dir() for name in _CODE)
        if code and (folder / "training_config").is_dir():
            return None
        if (folder / ".git").exists():
            if code:
                return Clone(folder, "functions")
            return Clone(folder, "configs") if any(folder.glob("*.yml")) else None
    return None


def check_functions(root: Path) -> tuple[list[str], list[str]]:
    """Return the packages whose handlers are under `root`, and the problems of their sources; runs nothing."""
    found, problems = [], []
    for package, handler in PACKAGES.items():
        if not (root / handler.split(".")[0]).is_dir():
            continue
        found.append(package)
        try:
            build_one(root, package, handler)
        except BuildError as error:
            problems.append(error.message)
    return found, list(dict.fromkeys(problems))
