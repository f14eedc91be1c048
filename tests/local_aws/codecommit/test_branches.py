from __future__ import annotations

from typing import Any

import pytest

from tests.local_aws.codecommit.bench import ALICE, Bench

NAMED = {"repositoryName": "config"}


@pytest.fixture
def first(bench: Bench) -> str:
    """The commit of a repository with one file on branch main."""
    bench.repository()
    return bench.put("a.txt", b"a")


def test_a_branch_is_created_read_listed_and_deleted(bench: Bench, first: str) -> None:
    bench.call("CreateBranch", **NAMED, branchName="feature/x", commitId=first)
    answer = bench.call("GetBranch", **NAMED, branchName="feature/x")
    assert answer == {"branch": {"branchName": "feature/x", "commitId": first}}
    assert bench.call("ListBranches", **NAMED)["branches"] == ["feature/x", "main"]
    deleted = bench.call("DeleteBranch", **NAMED, branchName="feature/x")
    assert deleted == {"deletedBranch": {"branchName": "feature/x", "commitId": first}}
    assert bench.call("ListBranches", **NAMED)["branches"] == ["main"]
    assert bench.call("DeleteBranch", **NAMED, branchName="feature/x") == {}


def test_the_default_branch_is_the_first_and_can_be_changed(bench: Bench, first: str) -> None:
    assert default_branch(bench) == "main"
    bench.call("CreateBranch", **NAMED, branchName="trunk", commitId=first)
    assert default_branch(bench) == "main"
    assert bench.refusal("DeleteBranch", **NAMED, branchName="main") == "DefaultBranchCannotBeDeletedException"
    for _ in range(2):
        bench.call("UpdateDefaultBranch", **NAMED, defaultBranchName="trunk")
    assert default_branch(bench) == "trunk"
    bench.call("DeleteBranch", **NAMED, branchName="main")
    assert bench.call("GetFile", **NAMED, filePath="a.txt")["commitId"] == first


def default_branch(bench: Bench) -> str:
    found: str = bench.call("GetRepository", **NAMED)["repositoryMetadata"]["defaultBranch"]
    return found


def test_every_write_of_the_api_is_announced(bench: Bench, first: str) -> None:
    bench.call("CreateBranch", **NAMED, branchName="x", commitId=first)
    second = bench.put("b.txt", b"b", first)
    bench.call("DeleteBranch", **NAMED, branchName="x")
    told = [(e.detail["event"], e.detail["referenceName"], e.detail.get("commitId")) for e in bench.events]
    assert told == [
        ("referenceCreated", "main", first),
        ("referenceCreated", "x", first),
        ("referenceUpdated", "main", second),
        ("referenceDeleted", "x", None),
    ]
    assert {event.detail["callerUserArn"] for event in bench.events} == {ALICE.arn}


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("CreateBranch", {"branchName": "main", "commitId": "a" * 40}, "BranchNameExistsException"),
        ("CreateBranch", {"branchName": "x", "commitId": "a" * 40}, "CommitDoesNotExistException"),
        ("CreateBranch", {"branchName": "x", "commitId": "abc"}, "InvalidCommitIdException"),
        ("CreateBranch", {"branchName": "x", "commitId": ""}, "CommitIdRequiredException"),
        ("CreateBranch", {"branchName": "x"}, "CommitIdRequiredException"),
        ("CreateBranch", {"branchName": "a..b", "commitId": "a" * 40}, "InvalidBranchNameException"),
        ("CreateBranch", {"branchName": "x" * 257, "commitId": "a" * 40}, "InvalidBranchNameException"),
        ("GetBranch", {"branchName": "none"}, "BranchDoesNotExistException"),
        ("GetBranch", {"branchName": "main~1"}, "InvalidBranchNameException"),
        ("GetBranch", {}, "BranchNameRequiredException"),
        ("GetBranch", {"repositoryName": "none", "branchName": "main"}, "RepositoryDoesNotExistException"),
        ("UpdateDefaultBranch", {"defaultBranchName": "none"}, "BranchDoesNotExistException"),
        ("ListBranches", {"nextToken": "?"}, "InvalidContinuationTokenException"),
    ],
)
@pytest.mark.usefixtures("first")
def test_what_is_refused(bench: Bench, operation: str, request_: dict[str, Any], code: str) -> None:
    assert bench.refusal(operation, **{**NAMED, **request_}) == code


def test_a_branch_cannot_lie_below_another(bench: Bench, first: str) -> None:
    request = {**NAMED, "branchName": "main/x", "commitId": first}
    assert bench.refusal("CreateBranch", **request) == "InvalidBranchNameException"
