"""Events of CodeCommit: the changes of a repository's references since the last event.

https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html. The references that were announced
are kept in the store, so that an event that a kill prevented is sent after the restart.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local_aws import base
from local_aws.codecommit.git import GitError, Reference, Repository
from local_aws.codecommit.names import HEADS, TAGS
from local_aws.codecommit.repositories import Repositories, RepositoryRow
from local_aws.state.store import Store

log = logging.getLogger(__name__)

DETAIL_TYPE = "CodeCommit Repository State Change"
_MAIN = "main"


@dataclass(frozen=True)
class Writing:
    """A repository whose lock is held; processes that `git` starts hold it too."""

    row: RepositoryRow
    git: Repository
    lock: int


class Announcer:
    """Gives a caller a repository to write to, and then sends one event per branch or tag that changed."""

    def __init__(self, store: Store, repositories: Repositories) -> None:
        """Keep the announced references in `codecommit_references`."""
        self._store, self._repositories = store, repositories

    @contextmanager
    def writing(self, name: str | None, caller_arn: str, pushed: Iterable[str] = ()) -> Iterator[Writing]:
        """Hold a repository's lock; when the block ends, the events of the changes are sent.

        `pushed` are the full names of the references in the order in which a client sent them. Raises the modelled
        errors of a wrong or unknown repository name.
        """
        found = self._repositories.require(name)
        with self._repositories.exclusive(found) as lock:
            row = self._repositories.require(name)
            self._repositories.set_writer(row, caller_arn)
            try:
                yield Writing(row, self._repositories.git(row, lock), lock)
            finally:
                self._announce(row, caller_arn, pushed)
                self._pack(row, lock)

    def catch_up(self, row: RepositoryRow, timeout_s: float) -> None:
        """Send the events that a kill prevented, once git processes from before the kill have ended.

        Raises LockTimeoutError.
        """
        with self._repositories.exclusive(row, timeout_s):
            current = self._repositories.find_by_id(row.repository_id)
            if current is not None:
                self._repositories.git(current).remove_leftovers()
                self._announce(current, current.writer_arn, ())

    def _pack(self, row: RepositoryRow, lock: int) -> None:
        try:
            self._repositories.git(row, lock).pack_if_needed()
        except GitError:
            log.exception("repository %s could not be packed; it stays unpacked", row.name)

    def _announce(self, row: RepositoryRow, caller_arn: str | None, pushed: Iterable[str]) -> None:
        """Send the events of all changes since the last call, and choose the default branch of a first push."""
        actual = self._repositories.git(row).references()
        announced = self._announced(row)
        changed = sorted(
            name
            for name in actual.keys() | announced.keys()
            if (name in actual) != (name in announced) or actual[name].object_id != announced[name].object_id
        )
        if changed:
            self._repositories.touch(row)
            self._choose_default_branch(row, actual, pushed)
        sent = [self._send(row, caller_arn, announced.get(name), actual.get(name)) for name in changed]
        if all(sent):
            self._repositories.set_writer(row, None)

    def _send(
        self, row: RepositoryRow, caller_arn: str | None, before: Reference | None, after: Reference | None
    ) -> bool:
        detail = _detail(row, caller_arn, before, after)
        name = detail["referenceFullName"]
        try:
            base.put_event("aws.codecommit", DETAIL_TYPE, detail, [self._repositories.arn(row.name)])
        except Exception:
            log.exception("the event of %s in repository %s was not sent; the next write sends it", name, row.name)
            return False
        self._keep(row, name, after)
        return True

    def _choose_default_branch(
        self, row: RepositoryRow, actual: Mapping[str, Reference], pushed: Iterable[str]
    ) -> None:
        branches = {name.removeprefix(HEADS) for name in actual if name.startswith(HEADS)}
        if row.default_branch is not None or not branches:
            return
        in_order = [name.removeprefix(HEADS) for name in pushed if name.startswith(HEADS)]
        candidates = [_MAIN, *in_order, *sorted(branches)]
        self._repositories.set_default_branch(row, next(name for name in candidates if name in branches))

    def _announced(self, row: RepositoryRow) -> dict[str, Reference]:
        rows = self._store.rows("SELECT * FROM codecommit_references WHERE repository_id = ?", row.repository_id)
        return {found["name"]: Reference(found["name"], found["object_id"], found["commit_id"]) for found in rows}

    def _keep(self, row: RepositoryRow, name: str, reference: Reference | None) -> None:
        if reference is None:
            self._store.execute(
                "DELETE FROM codecommit_references WHERE repository_id = ? AND name = ?", row.repository_id, name
            )
        else:
            self._store.execute(
                "INSERT OR REPLACE INTO codecommit_references VALUES (?, ?, ?, ?)",
                row.repository_id,
                name,
                reference.object_id,
                reference.commit_id,
            )


def _detail(
    row: RepositoryRow, caller_arn: str | None, before: Reference | None, after: Reference | None
) -> dict[str, Any]:
    full_name = (after or before or Reference("", "", "")).name
    is_tag = full_name.startswith(TAGS)
    event = "referenceDeleted" if after is None else "referenceUpdated" if before else "referenceCreated"
    detail: dict[str, Any] = {
        "event": event,
        "repositoryName": row.name,
        "repositoryId": row.repository_id,
        "referenceType": "tag" if is_tag else "branch",
        "referenceName": full_name.removeprefix(TAGS if is_tag else HEADS),
        "referenceFullName": full_name,
    }
    if after is not None:
        detail["commitId"] = after.commit_id
    if before is not None:
        detail["oldCommitId"] = before.commit_id
    if caller_arn:
        detail["callerUserArn"] = caller_arn
    return detail
