"""Compares a folder of a checkout with its repository: people change both.

Entries are those of a git tree: a name in the repository, and the mode and blob of its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.repositories.git import GitFolder

Entries = Mapping[str, str]


@dataclass(frozen=True)
class Sides:
    """The names of changed files, by the side that has changed them since the common state."""

    here: frozenset[str]
    """Changed in the folder, and not to what the repository holds."""
    there: frozenset[str]
    """Changed in the repository, and not to what the folder holds."""

    @property
    def both(self) -> frozenset[str]:
        return self.here & self.there


def compare(base: Entries, folder: Entries, repository: Entries) -> Sides:
    """Return the changes of each side since `base`; a change that both sides made alike counts for neither."""
    differing = {name for name in folder.keys() | repository.keys() if folder.get(name) != repository.get(name)}
    return Sides(
        frozenset(name for name in differing if folder.get(name) != base.get(name)),
        frozenset(name for name in differing if repository.get(name) != base.get(name)),
    )


def take(git: GitFolder, commit: str, names: frozenset[str], repository: Entries, place: Path) -> None:
    """Overwrite the files of these names under `place` with those of a commit; delete a file that the commit lacks."""
    git.check_out(commit, sorted(name for name in names if name in repository), place)
    for name in names - repository.keys():
        (place / name).unlink(missing_ok=True)
