"""What a kill interrupted."""

from __future__ import annotations

import fcntl
import os
import subprocess
from itertools import count, islice
from pathlib import Path

import pytest

from local_aws import base
from local_aws.codecommit.changes import blob_id
from local_aws.codecommit.git import ZERO_ID
from tests.local_aws.codecommit.bench import ALICE, Bench, clone, commit, git
from tests.local_server import wait_for


def restarted(bench: Bench) -> Bench:
    again = Bench(bench.state, bench.port, bench.events)
    again.service.resume()
    return again


def move_branch_unseen(bench: Bench) -> tuple[str, str]:
    """As a push does whose server is killed between git's end and the event."""
    first = bench.put("a", b"a")
    row = bench.service.repositories.require("config")
    bench.service.repositories.set_writer(row, ALICE.arn)
    bench.service.repositories.git(row).update_reference("refs/heads/late", first, ZERO_ID)
    return first, row.repository_id


def test_an_event_that_was_not_sent_is_sent_after_the_restart(bench: Bench) -> None:
    bench.repository()
    first, _ = move_branch_unseen(bench)
    again = restarted(bench)
    assert len(bench.events) == 2
    late = bench.events[1].detail
    assert (late["event"], late["referenceName"], late["commitId"]) == ("referenceCreated", "late", first)
    assert late["callerUserArn"] == ALICE.arn
    again.service.resume()
    assert len(bench.events) == 2
    again.close()


def test_an_event_that_failed_is_sent_with_the_next_write(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.repository()
    collect = base.put_event

    def fail(*_: object) -> None:
        raise OSError("bus is gone")

    monkeypatch.setattr(base, "put_event", fail)
    first = bench.put("a", b"a")
    assert bench.events == []
    monkeypatch.setattr(base, "put_event", collect)
    bench.call("CreateBranch", repositoryName="config", branchName="x", commitId=first)
    assert [event.detail["referenceName"] for event in bench.events] == ["main", "x"]


def test_locks_and_half_received_objects_of_killed_processes_are_removed(bench: Bench) -> None:
    bench.repository()
    first, repository_id = move_branch_unseen(bench)
    folder = bench.state / "git" / f"{repository_id}.git"
    for lock in ("refs/heads/main.lock", "HEAD.lock", "packed-refs.lock"):
        (folder / lock).touch()
    (folder / "objects" / "incoming-x").mkdir()
    again = restarted(bench)
    assert not (folder / "objects" / "incoming-x").exists()
    assert again.put("b", b"b", first) == again.tip()
    again.close()


def test_a_push_that_outlives_the_server_is_announced_when_it_ends(bench: Bench) -> None:
    bench.repository()
    _, repository_id = move_branch_unseen(bench)
    lock = os.open(bench.state / "git" / f"{repository_id}.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    again = restarted(bench)
    assert len(bench.events) == 1
    os.close(lock)
    wait_for(lambda: len(bench.events) == 2, "the event")
    again.close()


def test_a_server_stops_although_a_push_of_before_still_runs(bench: Bench) -> None:
    bench.repository()
    _, repository_id = move_branch_unseen(bench)
    lock = os.open(bench.state / "git" / f"{repository_id}.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    restarted(bench).close()
    os.close(lock)
    assert len(bench.events) == 1


def test_the_git_processes_of_a_push_hold_the_lock(bench: Bench) -> None:
    bench.repository()
    with bench.service.announcer.writing("config", ALICE.arn) as repository:
        child = subprocess.Popen(["sleep", "60"], pass_fds=(repository.lock,))
    again = restarted(bench)
    row = again.service.repositories.require("config")
    descriptor = os.open(bench.state / "git" / f"{row.repository_id}.lock", os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    child.kill()
    child.wait()
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.close(descriptor)
    again.close()


def test_folders_of_unfinished_creations_are_removed(bench: Bench) -> None:
    repository_id = bench.repository()
    orphan = bench.state / "git" / "11111111-2222-3333-4444-555555555555.git"
    orphan.mkdir()
    again = restarted(bench)
    assert [path.name for path in (bench.state / "git").glob("*.git")] == [f"{repository_id}.git"]
    again.close()


def test_a_repository_is_the_same_after_a_restart(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    bench.repository()
    work: Path = tmp_path_factory.mktemp("work")
    with bench.served() as url:
        folder = clone(work / "c", url)
        one = commit(folder, "a", "1")
        git(folder, "push", "origin", "main")
    again = restarted(bench)
    with again.served():
        two = commit(folder, "a", "2")
        git(folder, "push", "origin", "main")
    assert [event.detail["commitId"] for event in bench.events] == [one, two]
    again.close()


def test_many_loose_objects_are_packed(bench: Bench) -> None:
    repository_id = bench.repository()
    sampled = (str(number) for number in count() if blob_id(str(number).encode()).startswith("17"))
    files = [{"filePath": name, "fileContent": name.encode()} for name in islice(sampled, 30)]
    bench.call("CreateCommit", repositoryName="config", branchName="main", putFiles=files)
    folder = bench.state / "git" / f"{repository_id}.git" / "objects"
    assert list(folder.glob("pack/*.pack"))
    assert not list(folder.glob("17/*"))
    path = files[0]["filePath"]
    content = bench.call("GetFile", repositoryName="config", filePath=path)["fileContent"]
    assert content == files[0]["fileContent"]
