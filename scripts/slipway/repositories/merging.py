"""A folder of a checkout and its repository, both of which people change: what is new on which side.

Entries are what a tree of git holds: a name in the repository, and the mode and blob of its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.repositories.git import GitFolder

Entries = Mapping[str, str]


@dataclass(frozen=True)
class Sides:
    """The names whose files differ, by who has changed them since the state that both began with."""

    here: frozenset[str]
    """Changed in the folder, and not to what the repository holds."""
    there: frozenset[str]
    """Changed in the repository, and not to what the folder holds."""

    @property
    def both(self) -> frozenset[str]:
        return self.here & self.there


def compare(base: Entries, folder: Entries, repository: Entries) -> Sides:
    """What has changed on each side since `base`; what is the same on both is a change on none."""
    differing = {name for name in folder.keys() | repository.keys() if folder.get(name) != repository.get(name)}
    return Sides(
        frozenset(name for name in differing if folder.get(name) != base.get(name)),
        frozenset(name for name in differing if repository.get(name) != base.get(name)),
    )


def take(git: GitFolder, commit: str, names: frozenset[str], repository: Entries, place: Path) -> None:
    """Give the files of these names under `place` the content that they have in a commit; one that it lacks goes."""
    git.check_out(commit, sorted(name for name in names if name in repository), place)
    for name in names - repository.keys():
        (place / name).unlink(missing_ok=True)
