from __future__ import annotations

from typing import Any

import pytest

from local_aws.codecommit.changes import blob_id
from tests.local_aws.codecommit.bench import Bench

NAMED = {"repositoryName": "config", "branchName": "main"}
READ = {"repositoryName": "config"}


@pytest.fixture
def first(bench: Bench) -> str:
    bench.repository()
    return bench.put("dir/a.txt", b"a")


def paths(bench: Bench) -> list[str]:
    answer = bench.call("GetDifferences", **READ, afterCommitSpecifier="main")
    return [change["afterBlob"]["path"] for change in answer["differences"]]


def test_put_file_answers_git_ids(bench: Bench, first: str) -> None:
    answer = bench.call("PutFile", **NAMED, filePath="/b.txt", fileContent=b"b", parentCommitId=first)
    commit = bench.call("GetCommit", **READ, commitId=answer["commitId"])["commit"]
    assert answer == {"commitId": bench.tip(), "blobId": blob_id(b"b"), "treeId": commit["treeId"]}
    assert commit["parents"] == [first]
    assert paths(bench) == ["b.txt", "dir/a.txt"]


def test_a_path_is_taken_as_it_is(bench: Bench, first: str) -> None:
    for name in ('with "quotes"', "back\\slash", "ünï cödé", ":(top)x", "-rf", "star*"):
        first = bench.put(name, name.encode(), first)
        assert bench.call("GetFile", **READ, filePath=name)["fileContent"] == name.encode()


def test_content_of_any_bytes_is_kept(bench: Bench, first: str) -> None:
    content = bytes(range(256)) + b"\ndone\nM 100644 inline x\n"
    bench.put("binary", content, first, commitMessage="a\n\nfrom nobody\nM 100644 x")
    assert bench.call("GetFile", **READ, filePath="binary")["fileContent"] == content


def test_delete_file_says_what_it_deleted(bench: Bench, first: str) -> None:
    second = bench.put("b.txt", b"b", first)
    answer = bench.call("DeleteFile", **NAMED, filePath="dir/a.txt", parentCommitId=second)
    assert (answer["blobId"], answer["filePath"]) == (blob_id(b"a"), "dir/a.txt")
    assert paths(bench) == ["b.txt"]
    assert bench.call("GetCommit", **READ, commitId=answer["commitId"])["commit"]["message"] == "Deleted dir/a.txt"


def test_the_last_file_can_be_deleted(bench: Bench, first: str) -> None:
    bench.call("DeleteFile", **NAMED, filePath="dir/a.txt", parentCommitId=first)
    assert paths(bench) == []


def test_an_emptied_folder_is_kept_if_asked(bench: Bench, first: str) -> None:
    bench.call("DeleteFile", **NAMED, filePath="dir/a.txt", parentCommitId=first, keepEmptyFolders=True)
    assert paths(bench) == ["dir/.gitkeep"]


def test_a_commit_changes_many_files_at_once(bench: Bench, first: str) -> None:
    second = bench.put("old.txt", b"old", first)
    answer = bench.call(
        "CreateCommit",
        **NAMED,
        parentCommitId=second,
        authorName="Maria <script>",
        email="maria@example.com",
        commitMessage="Rearrange",
        putFiles=[
            {"filePath": "new.txt", "fileContent": b""},
            {"filePath": "moved/a.txt", "sourceFile": {"filePath": "dir/a.txt", "isMove": True}},
        ],
        deleteFiles=[],
        setFileModes=[{"filePath": "old.txt", "fileMode": "EXECUTABLE"}],
    )
    commit = bench.call("GetCommit", **READ, commitId=answer["commitId"])["commit"]
    assert (commit["author"]["name"], commit["message"]) == ("Maria script", "Rearrange")
    assert answer["treeId"] == commit["treeId"]
    assert [file["absolutePath"] for file in answer["filesAdded"]] == ["moved/a.txt", "new.txt"]
    assert answer["filesUpdated"] == [{"absolutePath": "old.txt", "blobId": blob_id(b"old"), "fileMode": "EXECUTABLE"}]
    assert [file["absolutePath"] for file in answer["filesDeleted"]] == ["dir/a.txt"]
    assert paths(bench) == ["moved/a.txt", "new.txt", "old.txt"]
    assert len(bench.events) == 3


def test_a_commit_of_a_hundred_files(bench: Bench) -> None:
    bench.repository()
    files = [{"filePath": f"d{n}/f.txt", "fileContent": f"{n}".encode()} for n in range(100)]
    answer = bench.call("CreateCommit", **NAMED, putFiles=files)
    assert len(answer["filesAdded"]) == 100
    assert len(paths(bench)) == 100
    (event,) = bench.events
    assert (event.detail["event"], event.detail["commitId"]) == ("referenceCreated", answer["commitId"])


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("PutFile", {"filePath": "x", "fileContent": b"x"}, "ParentCommitIdRequiredException"),
        ("PutFile", {"filePath": "x", "fileContent": b"x", "parentCommitId": "x"}, "InvalidParentCommitIdException"),
        (
            "PutFile",
            {"filePath": "x", "fileContent": b"x", "parentCommitId": "a" * 40},
            "ParentCommitDoesNotExistException",
        ),
        (
            "PutFile",
            {"filePath": "dir/a.txt", "fileContent": b"a", "parentCommitId": "TIP"},
            "SameFileContentException",
        ),
        ("PutFile", {"filePath": "x", "fileContent": b"", "parentCommitId": "TIP"}, "FileContentRequiredException"),
        ("PutFile", {"filePath": "x", "parentCommitId": "TIP"}, "FileContentRequiredException"),
        (
            "PutFile",
            {"filePath": "x", "fileContent": b"x" * (6 * 2**20 + 1), "parentCommitId": "TIP"},
            "FileContentSizeLimitExceededException",
        ),
        (
            "PutFile",
            {"filePath": "x", "fileContent": b"x", "branchName": "none", "parentCommitId": "TIP"},
            "BranchDoesNotExistException",
        ),
        (
            "PutFile",
            {"filePath": "x", "fileContent": b"x", "fileMode": "644", "parentCommitId": "TIP"},
            "InvalidFileModeException",
        ),
        (
            "PutFile",
            {"filePath": "x", "fileContent": b"x", "email": "a b", "parentCommitId": "TIP"},
            "InvalidEmailException",
        ),
        (
            "PutFile",
            {"filePath": "x", "fileContent": b"x", "name": "n" * 257, "parentCommitId": "TIP"},
            "NameLengthExceededException",
        ),
        (
            "PutFile",
            {"filePath": "x", "fileContent": b"x", "commitMessage": "m" * (2**18 + 1), "parentCommitId": "TIP"},
            "CommitMessageLengthExceededException",
        ),
        (
            "PutFile",
            {"filePath": "dir", "fileContent": b"x", "parentCommitId": "TIP"},
            "FileNameConflictsWithDirectoryNameException",
        ),
        ("DeleteFile", {"filePath": "none", "parentCommitId": "TIP"}, "FileDoesNotExistException"),
        ("DeleteFile", {"filePath": "dir/a.txt"}, "ParentCommitIdRequiredException"),
        ("CreateCommit", {"parentCommitId": "TIP"}, "FileEntryRequiredException"),
        (
            "CreateCommit",
            {"parentCommitId": "TIP", "putFiles": [{"filePath": "dir/a.txt", "fileContent": b"a"}]},
            "NoChangeException",
        ),
        (
            "CreateCommit",
            {"parentCommitId": "TIP", "setFileModes": [{"filePath": "dir/a.txt"}]},
            "FileModeRequiredException",
        ),
        (
            "CreateCommit",
            {"parentCommitId": "TIP", "setFileModes": [{"filePath": "dir/a.txt", "fileMode": "NORMAL"}] * 2},
            "SamePathRequestException",
        ),
        ("CreateCommit", {"parentCommitId": "TIP", "putFiles": [{"fileContent": b"x"}]}, "PathRequiredException"),
    ],
)
def test_what_is_refused(bench: Bench, first: str, operation: str, request_: dict[str, Any], code: str) -> None:
    if request_.get("parentCommitId") == "TIP":
        request_ = {**request_, "parentCommitId": first}
    assert bench.refusal(operation, **{**NAMED, **request_}) == code
    assert bench.tip() == first


def test_an_outdated_parent_is_refused(bench: Bench, first: str) -> None:
    second = bench.put("b.txt", b"b", first)
    request = {**NAMED, "filePath": "c.txt", "fileContent": b"c", "parentCommitId": first}
    assert bench.refusal("PutFile", **request) == "ParentCommitIdOutdatedException"
    assert bench.tip() == second


def test_an_empty_repository_has_no_parent(bench: Bench) -> None:
    bench.repository()
    request = {**NAMED, "filePath": "c.txt", "fileContent": b"c", "parentCommitId": "a" * 40}
    assert bench.refusal("PutFile", **request) == "ParentCommitDoesNotExistException"
    bench.call("PutFile", **{**NAMED, "branchName": "trunk"}, filePath="c.txt", fileContent=b"c")
    assert bench.call("GetRepository", **READ)["repositoryMetadata"]["defaultBranch"] == "trunk"
