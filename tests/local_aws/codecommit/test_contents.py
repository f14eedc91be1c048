from __future__ import annotations

from typing import Any

import pytest

from local_aws.codecommit.changes import blob_id
from tests.local_aws.codecommit.bench import Bench, clone, git

NAMED = {"repositoryName": "config"}


@pytest.fixture
def commits(bench: Bench) -> list[str]:
    """Four commits: a first file, a folder, a change and a deletion; one of each kind of entry at the end."""
    bench.repository()
    first = bench.put("README.md", b"read me", commitMessage="one\n", name="Maria", email="m@example.com")
    second = bench.put("src/run.sh", b"run", first, fileMode="EXECUTABLE")
    third = bench.put("README.md", b"read me again", second)
    link = bench.put("src/link", b"run.sh", third, fileMode="SYMLINK")
    return [first, second, third, link]


def test_a_file_is_read_at_every_kind_of_specifier(bench: Bench, commits: list[str]) -> None:
    bench.call("CreateBranch", **NAMED, branchName="old", commitId=commits[0])
    for specifier, content in {
        commits[0]: b"read me",
        "old": b"read me",
        "refs/heads/old": b"read me",
        "main": b"read me again",
        "HEAD": b"read me again",
        None: b"read me again",
    }.items():
        chosen = {"commitSpecifier": specifier} if specifier else {}
        answer = bench.call("GetFile", **NAMED, filePath="/README.md", **chosen)
        assert answer["fileContent"] == content
    assert answer == {
        "commitId": commits[3],
        "blobId": blob_id(b"read me again"),
        "filePath": "README.md",
        "fileMode": "NORMAL",
        "fileSize": 13,
        "fileContent": b"read me again",
    }


def test_a_file_is_read_at_a_tag(bench: Bench, commits: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    with bench.served() as url:
        folder = clone(tmp_path_factory.mktemp("clone") / "c", url)
        git(folder, "tag", "-a", "v1", "-m", "release", commits[0])
        git(folder, "push", "-q", "origin", "v1")
    assert bench.call("GetFile", **NAMED, filePath="README.md", commitSpecifier="v1")["commitId"] == commits[0]
    assert bench.events[-1].detail["referenceType"] == "tag"
    assert bench.events[-1].detail["commitId"] == commits[0]


def test_a_folder_is_listed_one_level_deep(bench: Bench, commits: list[str]) -> None:
    root = bench.call("GetFolder", **NAMED, folderPath="/")
    assert root == bench.call("GetFolder", **NAMED, folderPath="")
    assert [file["absolutePath"] for file in root["files"]] == ["README.md"]
    (source,) = root["subFolders"]
    assert (source["absolutePath"], source["relativePath"]) == ("src", "src")
    folder = bench.call("GetFolder", **NAMED, folderPath="/src/", commitSpecifier="main")
    assert (folder["commitId"], folder["folderPath"]) == (commits[3], "src")
    assert folder["treeId"] == source["treeId"]
    assert folder["files"] == [
        {
            "absolutePath": "src/run.sh",
            "relativePath": "run.sh",
            "blobId": blob_id(b"run"),
            "fileMode": "EXECUTABLE",
        }
    ]
    assert [link["fileMode"] for link in folder["symbolicLinks"]] == ["SYMLINK"]
    assert (folder["subFolders"], folder["subModules"]) == ([], [])


def test_a_blob_is_read_by_its_id(bench: Bench, commits: list[str]) -> None:
    assert len(commits) == 4
    assert bench.call("GetBlob", **NAMED, blobId=blob_id(b"read me")) == {"content": b"read me"}


def test_a_commit_is_described_as_git_stores_it(bench: Bench, commits: list[str]) -> None:
    first = bench.call("GetCommit", **NAMED, commitId=commits[0])["commit"]
    date = first["author"].pop("date")
    assert first["author"] == {"name": "Maria", "email": "m@example.com"}
    assert date.endswith(" +0000")
    assert (first["parents"], first["message"], first["additionalData"]) == ([], "one\n", "")
    second = bench.call("GetCommit", **NAMED, commitId=commits[1])["commit"]
    assert second["parents"] == [commits[0]]
    assert second["author"]["name"] == "arn:aws:iam::111122223333:user/alice"
    assert second["message"] == "Added src/run.sh"


def test_commits_are_read_in_a_batch(bench: Bench, commits: list[str]) -> None:
    answer = bench.call("BatchGetCommits", **NAMED, commitIds=[commits[1], "b" * 40, commits[0][:8], commits[0]])
    assert [found["commitId"] for found in answer["commits"]] == [commits[1], commits[0]]
    assert [(error["commitId"], error["errorCode"]) for error in answer["errors"]] == [
        ("b" * 40, "CommitIdDoesNotExistException"),
        (commits[0][:8], "InvalidCommitIdException"),
    ]


def test_differences_between_two_commits(bench: Bench, commits: list[str]) -> None:
    answer = bench.call(
        "GetDifferences", **NAMED, beforeCommitSpecifier=commits[0], afterCommitSpecifier="refs/heads/main"
    )
    assert answer["differences"] == [
        {
            "changeType": "M",
            "beforeBlob": {"blobId": blob_id(b"read me"), "path": "README.md", "mode": "100644"},
            "afterBlob": {"blobId": blob_id(b"read me again"), "path": "README.md", "mode": "100644"},
        },
        {
            "changeType": "A",
            "afterBlob": {"blobId": blob_id(b"run.sh"), "path": "src/link", "mode": "120000"},
        },
        {
            "changeType": "A",
            "afterBlob": {"blobId": blob_id(b"run"), "path": "src/run.sh", "mode": "100755"},
        },
    ]


def test_differences_without_a_before_are_all_files_in_pages(bench: Bench, commits: list[str]) -> None:
    request = {**NAMED, "afterCommitSpecifier": commits[3], "MaxResults": 2}
    first = bench.call("GetDifferences", **request)
    second = bench.call("GetDifferences", **request, NextToken=first["NextToken"])
    found = [*first["differences"], *second["differences"]]
    assert [(change["changeType"], change["afterBlob"]["path"]) for change in found] == [
        ("A", "README.md"),
        ("A", "src/link"),
        ("A", "src/run.sh"),
    ]
    assert second["NextToken"] is None


@pytest.mark.parametrize(
    ("paths", "changes"),
    [
        ({"afterPath": "src"}, [("A", None, "src/link"), ("A", None, "src/run.sh")]),
        ({"beforePath": "README.md"}, [("M", "README.md", "README.md")]),
        ({"beforePath": "README.md", "afterPath": "src/run.sh"}, [("M", "README.md", "src/run.sh")]),
        (
            {"beforePath": "/", "afterPath": "src"},
            [("D", "README.md", None), ("A", None, "src/link"), ("A", None, "src/run.sh")],
        ),
    ],
)
def test_differences_below_a_path(
    bench: Bench, commits: list[str], paths: dict[str, str], changes: list[tuple[str, str | None, str | None]]
) -> None:
    answer = bench.call(
        "GetDifferences", **NAMED, beforeCommitSpecifier=commits[0], afterCommitSpecifier=commits[3], **paths
    )
    assert [
        (change["changeType"], change.get("beforeBlob", {}).get("path"), change.get("afterBlob", {}).get("path"))
        for change in answer["differences"]
    ] == changes


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("GetFile", {"filePath": "none"}, "FileDoesNotExistException"),
        ("GetFile", {"filePath": "src"}, "FileDoesNotExistException"),
        ("GetFile", {"filePath": "*"}, "FileDoesNotExistException"),
        ("GetFile", {"filePath": "../x"}, "InvalidPathException"),
        ("GetFile", {}, "PathRequiredException"),
        ("GetFile", {"filePath": "README.md", "commitSpecifier": "none"}, "CommitDoesNotExistException"),
        ("GetFile", {"filePath": "README.md", "commitSpecifier": "a" * 40}, "CommitDoesNotExistException"),
        ("GetFile", {"filePath": "README.md", "commitSpecifier": "main~1"}, "InvalidCommitException"),
        ("GetFile", {"filePath": "README.md", "commitSpecifier": "-x\n"}, "InvalidCommitException"),
        ("GetFolder", {"folderPath": "none"}, "FolderDoesNotExistException"),
        ("GetFolder", {"folderPath": "README.md"}, "FolderDoesNotExistException"),
        ("GetFolder", {}, "PathRequiredException"),
        ("GetBlob", {"blobId": "a" * 40}, "BlobIdDoesNotExistException"),
        ("GetBlob", {"blobId": "HEAD"}, "InvalidBlobIdException"),
        ("GetBlob", {"blobId": ""}, "BlobIdRequiredException"),
        ("GetCommit", {"commitId": "a" * 40}, "CommitIdDoesNotExistException"),
        ("GetCommit", {"commitId": "main"}, "InvalidCommitIdException"),
        ("GetCommit", {"commitId": ""}, "CommitIdRequiredException"),
        ("BatchGetCommits", {"commitIds": []}, "CommitIdsListRequiredException"),
        ("BatchGetCommits", {"commitIds": [str(n) for n in range(101)]}, "CommitIdsLimitExceededException"),
        ("GetDifferences", {"afterCommitSpecifier": "none"}, "CommitDoesNotExistException"),
        ("GetDifferences", {"afterCommitSpecifier": ""}, "CommitRequiredException"),
        ("GetDifferences", {}, "CommitRequiredException"),
        ("GetDifferences", {"afterCommitSpecifier": "main", "afterPath": "none"}, "PathDoesNotExistException"),
        ("GetDifferences", {"afterCommitSpecifier": "main", "MaxResults": 0}, "InvalidMaxResultsException"),
        ("GetDifferences", {"afterCommitSpecifier": "main", "NextToken": "!"}, "InvalidContinuationTokenException"),
    ],
)
@pytest.mark.usefixtures("commits")
def test_what_is_refused(bench: Bench, operation: str, request_: dict[str, Any], code: str) -> None:
    assert bench.refusal(operation, **NAMED, **request_) == code


def test_an_empty_repository_has_no_commit_to_read(bench: Bench) -> None:
    bench.repository()
    assert bench.refusal("GetFile", **NAMED, filePath="a") == "CommitDoesNotExistException"
    assert bench.refusal("GetFolder", **NAMED, folderPath="/") == "CommitDoesNotExistException"


def test_a_file_that_is_too_large_for_the_api_is_refused(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bench.repository()
    with bench.served() as url:
        folder = clone(tmp_path_factory.mktemp("clone") / "c", url)
        (folder / "big").write_bytes(b"x" * (6 * 2**20 + 1))
        git(folder, "checkout", "-q", "-B", "main")
        git(folder, "add", "big")
        git(folder, "commit", "-q", "-m", "big")
        git(folder, "push", "-q", "origin", "main")
    assert bench.refusal("GetFile", **NAMED, filePath="big") == "FileTooLargeException"
    blob = git(folder, "rev-parse", "HEAD:big").strip()
    assert bench.refusal("GetBlob", **NAMED, blobId=blob) == "FileTooLargeException"
