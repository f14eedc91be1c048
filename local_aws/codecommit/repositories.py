"""The repositories of the account: their rows in the store, their folders and the lock of each.

A folder is named after the repository's id, so it stays the same when the repository is renamed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Row
from typing import Any

from local_aws import ids
from local_aws.codecommit import git, names
from local_aws.runtime import Runtime
from local_aws.settings import ACCOUNT, HOST
from local_aws.wire import AwsError

MAX_REPOSITORIES = 5000

_TABLES = """
CREATE TABLE IF NOT EXISTS codecommit_repositories (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT, default_branch TEXT,
    created_at REAL NOT NULL, modified_at REAL NOT NULL, kms_key_id TEXT, tags TEXT NOT NULL, writer_arn TEXT
);
CREATE TABLE IF NOT EXISTS codecommit_references (
    repository_id TEXT NOT NULL REFERENCES codecommit_repositories (id) ON DELETE CASCADE,
    name TEXT NOT NULL, object_id TEXT NOT NULL, commit_id TEXT NOT NULL, PRIMARY KEY (repository_id, name)
) WITHOUT ROWID;
"""
_LOCK_POLL_S = 0.02


class LockTimeoutError(Exception):
    """Another process still writes to the repository."""


@dataclass(frozen=True)
class RepositoryRow:
    """A repository as stored."""

    repository_id: str
    name: str
    description: str | None
    default_branch: str | None
    created_at: datetime
    modified_at: datetime
    kms_key_id: str | None
    tags: Mapping[str, str]
    writer_arn: str | None
    """The caller of the current write; after a kill, the caller in the events that are still to be sent."""


class Repositories:
    """Creates, finds, changes and deletes repositories."""

    def __init__(self, runtime: Runtime) -> None:
        """Create the tables."""
        self._runtime = runtime
        self._store = runtime.store
        self._root = runtime.settings.state / "git"
        self._store.define(_TABLES)

    @property
    def region(self) -> str:
        """The Region that the repositories are in."""
        return self._runtime.settings.region

    def arn(self, name: str) -> str:
        """The ARN of a repository of this account."""
        return names.arn(self.region, name)

    def find(self, name: str) -> RepositoryRow | None:
        """The repository of this name, if there is one."""
        row = self._store.row("SELECT * FROM codecommit_repositories WHERE name = ?", name)
        return _row(row) if row else None

    def find_by_id(self, repository_id: str) -> RepositoryRow | None:
        """The repository with this id, if there is one."""
        row = self._store.row("SELECT * FROM codecommit_repositories WHERE id = ?", repository_id)
        return _row(row) if row else None

    def require(self, name: str | None) -> RepositoryRow:
        """The repository of this name; raises the modelled errors of a missing, wrong or unknown name."""
        found = self.find(names.repository(name))
        if found is None:
            raise AwsError("RepositoryDoesNotExistException", f"{name} does not exist")
        return found

    def all(self) -> list[RepositoryRow]:
        """Every repository."""
        return [_row(row) for row in self._store.rows("SELECT * FROM codecommit_repositories ORDER BY name")]

    def create(
        self, name: str, description: str | None, tags: Mapping[str, str], kms_key_id: str | None
    ) -> RepositoryRow:
        """Make an empty repository; raises RepositoryNameExistsException or RepositoryLimitExceededException."""
        repository_id, now = ids.new_uuid(), self._runtime.clock.now().timestamp()
        with self._store.transaction() as connection:
            self._check_free(name)
            (count,) = connection.execute("SELECT count(*) FROM codecommit_repositories").fetchone()
            if count >= MAX_REPOSITORIES:
                raise AwsError(
                    "RepositoryLimitExceededException",
                    f"A repository resource limit was exceeded: the account has {count} repositories.",
                )
            git.create(self._root / f"{repository_id}.git", self._runtime.settings.state)
            connection.execute(
                "INSERT INTO codecommit_repositories (id, name, description, created_at, modified_at, kms_key_id, tags)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (repository_id, name, description, now, now, kms_key_id, json.dumps(dict(tags))),
            )
        return self.require(name)

    def rename(self, row: RepositoryRow, name: str) -> None:
        """Give a repository another name; raises RepositoryNameExistsException."""
        with self._store.transaction():
            self._check_free(name)
            self._set(row, name=name)

    def describe(self, row: RepositoryRow, description: str | None) -> None:
        """Change the description."""
        self._set(row, description=description)

    def set_default_branch(self, row: RepositoryRow, branch: str) -> None:
        """Make a branch the default, in the API and for clones."""
        self.git(row).set_head(branch)
        self._set(row, default_branch=branch)

    def set_tags(self, row: RepositoryRow, tags: Mapping[str, str]) -> None:
        """Replace all tags."""
        self._store.execute(
            "UPDATE codecommit_repositories SET tags = ? WHERE id = ?", json.dumps(dict(tags)), row.repository_id
        )

    def set_writer(self, row: RepositoryRow, caller_arn: str | None) -> None:
        """Store who is about to write, for events that a restart may have to send; None once they are sent."""
        self._store.execute(
            "UPDATE codecommit_repositories SET writer_arn = ? WHERE id = ?", caller_arn, row.repository_id
        )

    def unfinished(self) -> list[RepositoryRow]:
        """The repositories whose last write did not get to send its events."""
        rows = self._store.rows("SELECT * FROM codecommit_repositories WHERE writer_arn IS NOT NULL")
        return [_row(row) for row in rows]

    def touch(self, row: RepositoryRow) -> None:
        """Set the date of the last change to now."""
        self._set(row)

    def delete(self, row: RepositoryRow) -> None:
        """Delete a repository and all its content."""
        with self.exclusive(row):
            self._store.execute("DELETE FROM codecommit_repositories WHERE id = ?", row.repository_id)
            shutil.rmtree(self.folder(row), ignore_errors=True)
        self._lock_file(row.repository_id).unlink(missing_ok=True)

    def folder(self, row: RepositoryRow) -> Path:
        """The bare repository."""
        return self._root / f"{row.repository_id}.git"

    def git(self, row: RepositoryRow, lock: int | None = None) -> git.Repository:
        """Git access to a repository; writers pass the descriptor that `exclusive` yielded."""
        inherited = () if lock is None else (lock,)
        return git.Repository(self.folder(row), self._runtime.settings.state, inherited)

    @contextmanager
    def exclusive(self, row: RepositoryRow, timeout_s: float | None = None) -> Iterator[int]:
        """Hold the repository's lock, which every writer takes; yields the lock's descriptor.

        It is a lock on a file that git's processes inherit: if this process is killed, it is held until the last of
        them has ended, so that a restarted server sees what they did. Raises LockTimeoutError.
        """
        descriptor = os.open(self._lock_file(row.repository_id), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, timeout_s, row.name)
            yield descriptor
        finally:
            os.close(descriptor)

    def remove_leftovers(self) -> None:
        """Remove folders and locks of repositories that are not in the store, as their creation was interrupted."""
        known = {row.repository_id for row in self.all()}
        for entry in self._root.glob("*.git"):
            if entry.stem not in known:
                shutil.rmtree(entry, ignore_errors=True)
        for entry in self._root.glob("*.lock"):
            if entry.stem not in known:
                entry.unlink(missing_ok=True)

    def metadata(self, row: RepositoryRow) -> dict[str, Any]:
        """The repository as `RepositoryMetadata`.

        The SSH address has AWS's form with this machine's host; local AWS does not serve SSH.
        """
        return {
            "accountId": ACCOUNT,
            "repositoryId": row.repository_id,
            "repositoryName": row.name,
            "repositoryDescription": row.description,
            "defaultBranch": row.default_branch,
            "lastModifiedDate": row.modified_at,
            "creationDate": row.created_at,
            "cloneUrlHttp": f"{self._runtime.settings.url}/v1/repos/{row.name}",
            "cloneUrlSsh": f"ssh://{HOST}/v1/repos/{row.name}",
            "Arn": self.arn(row.name),
            "kmsKeyId": row.kms_key_id,
        }

    def _check_free(self, name: str) -> None:
        if self.find(name):
            raise AwsError("RepositoryNameExistsException", f"Repository named {name} already exists")

    def _set(self, row: RepositoryRow, **values: str | None) -> None:
        columns = "".join(f"{column} = ?, " for column in values)
        self._store.execute(
            f"UPDATE codecommit_repositories SET {columns}modified_at = ? WHERE id = ?",  # noqa: S608 - our columns
            *values.values(),
            self._runtime.clock.now().timestamp(),
            row.repository_id,
        )

    def _lock_file(self, repository_id: str) -> Path:
        return self._root / f"{repository_id}.lock"


def _lock(descriptor: int, timeout_s: float | None, name: str) -> None:
    if timeout_s is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockTimeoutError(f"repository {name} is still being written to") from None
            time.sleep(_LOCK_POLL_S)
        else:
            return


def _row(row: Row) -> RepositoryRow:
    return RepositoryRow(
        repository_id=row["id"],
        name=row["name"],
        description=row["description"],
        default_branch=row["default_branch"],
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
        modified_at=datetime.fromtimestamp(row["modified_at"], UTC),
        kms_key_id=row["kms_key_id"],
        tags=json.loads(row["tags"]),
        writer_arn=row["writer_arn"],
    )
