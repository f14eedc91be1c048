"""What is noticed of a linked repository: no server, and a look where the thread would look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.codeconnections.links import Links, Push
from local_aws.codeconnections.watch import Watch
from local_aws.state.store import Store
from tests.local_aws.codeconnections.test_connections import change, git


class Case:
    """A repository behind a connection, with two files, and what a look at it reports."""

    def __init__(self, root: Path, store: Store) -> None:
        self.folder, self.pushes, links = root / "repository", list[Push](), Links(store)
        self.folder.mkdir()
        git(self.folder, "init", "--quiet", "--initial-branch", "main")
        change(self.folder, "a.txt", "b/c.txt")
        git(self.folder, "tag", "v0")
        store.execute("INSERT INTO connection VALUES ('arn:c', 'acme', 'GitHub', 'PENDING', '{}')")
        links.link("acme", "acme/model", self.folder)
        self.watch = Watch(links, root)

    def look(self) -> list[tuple[str, bool, tuple[str, ...] | None]]:
        """Name, whether it is a tag, and the files, of each push since the last look; all at the newest commit."""
        self.pushes.clear()
        self.watch.look(self.pushes.append)
        assert {push.commit_id for push in self.pushes} <= {git(self.folder, "rev-parse", "HEAD")}
        return [(push.name, push.is_tag, push.paths) for push in self.pushes]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    store = Store(tmp_path / "state.db")
    yield Case(tmp_path, store)
    store.close()


def test_earlier_commits_of_a_linked_repository_are_no_push(case: Case) -> None:
    assert case.look() == []


def test_a_push_changes_what_its_commits_leave_changed(case: Case) -> None:
    change(case.folder, "a.txt")
    change(case.folder, "d.txt")
    git(case.folder, "mv", "b/c.txt", "e.txt")
    git(case.folder, "commit", "--quiet", "--message", "Move")
    assert case.look() == [("main", False, ("a.txt", "b/c.txt", "d.txt", "e.txt"))]
    assert case.look() == []


def test_of_a_push_over_another_commit_the_difference_counts(case: Case) -> None:
    change(case.folder, "a.txt")
    case.look()
    git(case.folder, "reset", "--quiet", "--hard", "HEAD~1")
    change(case.folder, "d.txt")
    assert case.look() == [("main", False, ("a.txt", "d.txt"))]
    git(case.folder, "commit", "--quiet", "--amend", "--message", "The same files")
    assert case.look() == [("main", False, ())]


def test_everything_has_changed_if_the_commit_before_is_gone(case: Case) -> None:
    change(case.folder, "a.txt")
    case.look()
    git(case.folder, "reset", "--quiet", "--hard", "HEAD~1")
    change(case.folder, "d.txt")
    git(case.folder, "reflog", "expire", "--expire=now", "--all")
    git(case.folder, "gc", "--quiet", "--prune=now")
    assert case.look() == [("main", False, ("a.txt", "b/c.txt", "d.txt"))]


def test_the_files_of_a_new_branch_are_not_known(case: Case) -> None:
    git(case.folder, "branch", "feature/x")
    assert case.look() == [("feature/x", False, None)]
    git(case.folder, "branch", "--delete", "feature/x")
    assert case.look() == []
    git(case.folder, "branch", "feature/x")
    assert case.look() == [("feature/x", False, None)]


def test_a_tag_means_its_commit(case: Case) -> None:
    change(case.folder, "a.txt")
    case.look()
    git(case.folder, "tag", "--annotate", "--message", "one", "v1")
    assert case.look() == [("v1", True, None)]
    git(case.folder, "tag", "--force", "v0")
    assert case.look() == [("v0", True, None)]
