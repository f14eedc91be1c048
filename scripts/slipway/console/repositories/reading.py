"""Reads commits from CodeCommit; a commit's id is the hash of its content, so what was read once stays true.

https://docs.aws.amazon.com/codecommit/latest/APIReference/API_Commit.html
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from slipway.console.kept import Kept
from slipway.session import Session

_MOST_COMMITS_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Person:
    """Author or committer of a commit; the time is None where the commit has none that a clock can show."""

    name: str
    email: str
    time: datetime | None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, with the ids of its parents."""

    id: str
    parents: tuple[str, ...]
    message: str
    author: Person
    committer: Person

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.strip().partition("\n")[0]


_COMMITS = Kept[Commit](_MOST_COMMITS_KEPT)


def read_commit(session: Session, repository: str, commit_id: str) -> Commit:
    """Return a commit as CodeCommit has it now; raises its error if the repository or the commit does not exist."""
    found = session.client("codecommit").get_commit(repositoryName=repository, commitId=commit_id)["commit"]
    return Commit(
        id=found["commitId"],
        parents=tuple(found.get("parents", ())),
        message=found.get("message", ""),
        author=_person(found.get("author", {})),
        committer=_person(found.get("committer", {})),
    )


def known_commit(session: Session, repository: str, commit_id: str) -> Commit:
    """Return a commit, from memory if it was read before."""
    key = (*place_of(session, repository), commit_id)
    return _COMMITS.get(key, lambda: read_commit(session, repository, commit_id))


def place_of(session: Session, repository: str) -> tuple[str | None, ...]:
    """Return what tells a repository from all others."""
    target = session.target
    return target.endpoint_url, target.profile, target.region, repository


def walk(session: Session, repository: str, start: Sequence[str], most: int) -> tuple[list[Commit], list[str]]:
    """Return the newest commits that lead to those of `start`, and where a walk for older ones goes on.

    CodeCommit has no list of commits: each names its parents, and a commit of several parents opens as many ways.
    """
    order, seen = count(), set(start)
    open_ways: list[tuple[float, int, Commit]] = []

    def enter(commit_id: str) -> None:
        one = known_commit(session, repository, commit_id)
        made = one.committer.time
        heapq.heappush(open_ways, (-made.timestamp() if made else 0.0, next(order), one))

    for commit_id in start:
        enter(commit_id)
    found: list[Commit] = []
    while open_ways and len(found) < most:
        _, _, newest = heapq.heappop(open_ways)
        found.append(newest)
        for parent in newest.parents:
            if parent not in seen:
                seen.add(parent)
                enter(parent)
    return found, [one.id for _, _, one in sorted(open_ways)]


def _person(found: Mapping[str, Any]) -> Person:
    return Person(found.get("name", ""), found.get("email", ""), _time(found.get("date", "")))


def _time(written: str) -> datetime | None:
    """Return a time of git, as in `1484167798 -0800`: seconds since 1970, and the zone of whoever wrote it."""
    try:
        return datetime.fromtimestamp(int(written.partition(" ")[0]), UTC)
    except (ValueError, OverflowError, OSError):
        return None
