"""The repositories behind a connection: local git repositories under the names that they have at the provider.

On AWS, a new connection is PENDING until a person completes the handshake with the provider in the console
(https://docs.aws.amazon.com/dtconsole/latest/userguide/connections-create.html). Here linking a
local repository completes it: `python -m local_aws connect NAME OWNER/REPOSITORY=PATH`.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local_aws.codecommit import git
from local_aws.state.store import Store

PENDING, AVAILABLE = "PENDING", "AVAILABLE"
HEADS, TAGS = "refs/heads/", "refs/tags/"

_TABLES = """
CREATE TABLE IF NOT EXISTS connection (
    arn TEXT PRIMARY KEY, name TEXT UNIQUE, provider TEXT, status TEXT, tags TEXT
);
CREATE TABLE IF NOT EXISTS connection_repository (
    arn TEXT, full_name TEXT, folder TEXT, PRIMARY KEY (arn, full_name)
);
CREATE TABLE IF NOT EXISTS connection_tip (
    arn TEXT, full_name TEXT, branch TEXT, commit_id TEXT, PRIMARY KEY (arn, full_name, branch)
);
"""
_FULL_NAME = re.compile(r"[\w.-]+(/[\w.-]+)+")


class LinkError(Exception):
    """The repository cannot be linked; the message says why and what to do."""


@dataclass(frozen=True)
class Link:
    """A repository behind a connection; `folder` is its git directory."""

    arn: str
    full_name: str
    folder: Path

    def repository(self, home: Path) -> git.Repository:
        """The repository, read through git."""
        return git.Repository(self.folder, home)

    def tips(self, home: Path) -> dict[str, str]:
        """Branches, and tags as `refs/tags/NAME`, with the commits that they point at."""
        found = self.repository(home).references().items()
        return {name.removeprefix(HEADS): reference.commit_id for name, reference in found}

    def changed_paths(self, home: Path, before: str, after: str) -> tuple[str, ...]:
        """The files that differ between two commits; all files of the second if the first no longer exists."""
        repository = self.repository(home)
        if repository.objects([f"{before}^{{commit}}"]) == [None]:
            return tuple(entry.path for entry in repository.tree(after, recursive=True))
        return tuple(change.path for change in repository.differences(before, after))


@dataclass(frozen=True)
class Push:
    """A branch or tag that has moved or is new.

    `paths` are the files that the push changed; None for a tag and for a new branch, whose files are not known.
    """

    link: Link
    name: str
    commit_id: str
    is_tag: bool = False
    paths: tuple[str, ...] | None = None


class Links:
    """The repositories behind each connection."""

    def __init__(self, store: Store) -> None:
        """Make the tables."""
        self._store = store
        store.define(_TABLES)

    def link(self, connection: str, full_name: str, path: Path) -> None:
        """Complete the handshake of a connection, and add a repository to it. Raises LinkError."""
        row = self._store.row("SELECT arn FROM connection WHERE name = ? OR arn = ?", connection, connection)
        if row is None:
            known = ", ".join(r["name"] for r in self._store.rows("SELECT name FROM connection ORDER BY name"))
            raise LinkError(f"there is no connection {connection!r}; found: {known or 'none'}. Create it first.")
        if not _FULL_NAME.fullmatch(full_name):
            raise LinkError(f"{full_name!r} is not a full repository name; expected OWNER/REPOSITORY.")
        link = Link(row["arn"], full_name, _git_folder(path))
        for name, commit_id in link.tips(path).items():
            self.set_tip(link, name, commit_id)  # commits pushed earlier start nothing
        with self._store.transaction() as connection_:
            connection_.execute(
                "INSERT OR REPLACE INTO connection_repository VALUES (?, ?, ?)", (link.arn, full_name, str(link.folder))
            )
            connection_.execute("UPDATE connection SET status = ? WHERE arn = ?", (AVAILABLE, link.arn))

    def find(self, arn: str, full_name: str) -> Link | None:
        """The repository of that name behind a connection."""
        row = self._store.row(
            "SELECT folder FROM connection_repository WHERE arn = ? AND full_name = ?", arn, full_name
        )
        return Link(arn, full_name, Path(row["folder"])) if row else None

    def all(self) -> list[Link]:
        """Every linked repository."""
        rows = self._store.rows("SELECT arn, full_name, folder FROM connection_repository ORDER BY arn, full_name")
        return [Link(row["arn"], row["full_name"], Path(row["folder"])) for row in rows]

    def tips(self, link: Link) -> dict[str, str]:
        """Branches, and tags as `refs/tags/NAME`, with the commits last seen there."""
        rows = self._store.rows(
            "SELECT branch, commit_id FROM connection_tip WHERE arn = ? AND full_name = ?", link.arn, link.full_name
        )
        return {row["branch"]: row["commit_id"] for row in rows}

    def forget_tip(self, link: Link, branch: str) -> None:
        """Forget a deleted branch or tag; if it is created again, it is new."""
        self._store.execute(
            "DELETE FROM connection_tip WHERE arn = ? AND full_name = ? AND branch = ?",
            link.arn,
            link.full_name,
            branch,
        )

    def set_tip(self, link: Link, branch: str, commit_id: str) -> None:
        """Remember the commit that a branch or a tag points at."""
        self._store.execute(
            "INSERT OR REPLACE INTO connection_tip VALUES (?, ?, ?, ?)", link.arn, link.full_name, branch, commit_id
        )


def _git_folder(path: Path) -> Path:
    command = ["git", "-C", str(path), "rev-parse", "--absolute-git-dir"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise LinkError(f"{path} is not a git repository. Give the path of a clone, or run git init there.")
    return Path(found.stdout.strip())
