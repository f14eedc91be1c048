from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from local_aws.codecommit import repositories
from local_aws.wire import Caller, Document, Permission
from tests.local_aws.codecommit.bench import ALICE, Bench

ARN = "arn:aws:codecommit:us-east-1:111122223333:config"


def test_a_repository_is_created_and_found(bench: Bench) -> None:
    made = bench.call(
        "CreateRepository",
        repositoryName="config",
        repositoryDescription="Training configuration",
        kmsKeyId="alias/mine",
        tags={"team": "science"},
    )["repositoryMetadata"]
    assert made == bench.call("GetRepository", repositoryName="config")["repositoryMetadata"]
    assert made["Arn"] == ARN
    assert made["accountId"] == "111122223333"
    assert made["cloneUrlHttp"] == f"http://127.0.0.1:{bench.port}/v1/repos/config"
    assert (made["repositoryDescription"], made["kmsKeyId"]) == ("Training configuration", "alias/mine")
    assert made["defaultBranch"] is None
    assert abs((datetime.now(UTC) - made["creationDate"]).total_seconds()) < 60
    assert bench.events == []


def test_a_repository_is_renamed_in_place(bench: Bench) -> None:
    repository_id = bench.repository()
    commit = bench.put("a.txt", b"a")
    bench.call("UpdateRepositoryName", oldName="config", newName="renamed")
    assert bench.refusal("GetRepository", repositoryName="config") == "RepositoryDoesNotExistException"
    found = bench.call("GetRepository", repositoryName="renamed")["repositoryMetadata"]
    assert found["repositoryId"] == repository_id
    assert bench.service.tip("renamed", "main") == commit


def test_a_description_is_changed_and_taken_away(bench: Bench) -> None:
    bench.repository()
    for description in ("new", None):
        request = {"repositoryDescription": description} if description else {}
        bench.call("UpdateRepositoryDescription", repositoryName="config", **request)
        metadata = bench.call("GetRepository", repositoryName="config")["repositoryMetadata"]
        assert metadata["repositoryDescription"] == description


def test_a_deleted_repository_leaves_nothing_and_deleting_nothing_succeeds(bench: Bench) -> None:
    repository_id = bench.repository()
    bench.put("a.txt", b"a")
    assert bench.call("DeleteRepository", repositoryName="config") == {"repositoryId": repository_id}
    assert bench.call("DeleteRepository", repositoryName="config") == {}
    assert list((bench.state / "git").iterdir()) == []
    bench.repository()
    assert bench.call("ListBranches", repositoryName="config")["branches"] == []


def test_repositories_are_listed_sorted_and_in_pages(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b", "a", "c"):
        bench.repository(name)
    bench.call("UpdateRepositoryDescription", repositoryName="b", repositoryDescription="changed last")

    def listed(**request: Any) -> list[str]:
        return [pair["repositoryName"] for pair in bench.call("ListRepositories", **request)["repositories"]]

    assert listed() == ["a", "b", "c"]
    assert listed(order="descending") == ["c", "b", "a"]
    assert listed(sortBy="lastModifiedDate") == ["a", "c", "b"]
    monkeypatch.setattr("local_aws.codecommit.pages.PAGE", 2)
    first = bench.call("ListRepositories")
    assert [pair["repositoryName"] for pair in first["repositories"]] == ["a", "b"]
    assert listed(nextToken=first["nextToken"]) == ["c"]
    wrong = {"nextToken": first["nextToken"], "order": "descending"}
    assert bench.refusal("ListRepositories", **wrong) == "InvalidContinuationTokenException"
    assert bench.refusal("ListRepositories", nextToken="x") == "InvalidContinuationTokenException"


def test_several_repositories_are_read_at_once(bench: Bench) -> None:
    bench.repository()
    answer = bench.call("BatchGetRepositories", repositoryNames=["config", "missing"])
    assert [found["repositoryName"] for found in answer["repositories"]] == ["config"]
    assert answer["repositoriesNotFound"] == ["missing"]


def test_tags_are_added_replaced_and_removed(bench: Bench) -> None:
    bench.call("CreateRepository", repositoryName="config", tags={"team": "science"})
    bench.call("TagResource", resourceArn=ARN, tags={"stage": "dev", "team": "data"})
    assert bench.call("ListTagsForResource", resourceArn=ARN)["tags"] == {"stage": "dev", "team": "data"}
    bench.call("UntagResource", resourceArn=ARN, tagKeys=["team", "absent"])
    assert bench.call("ListTagsForResource", resourceArn=ARN)["tags"] == {"stage": "dev"}


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("CreateRepository", {}, "RepositoryNameRequiredException"),
        ("CreateRepository", {"repositoryName": "a b"}, "InvalidRepositoryNameException"),
        ("CreateRepository", {"repositoryName": "a.git"}, "InvalidRepositoryNameException"),
        ("CreateRepository", {"repositoryName": "config"}, "RepositoryNameExistsException"),
        (
            "CreateRepository",
            {"repositoryName": "new", "repositoryDescription": "x" * 1001},
            "InvalidRepositoryDescriptionException",
        ),
        ("CreateRepository", {"repositoryName": "new", "kmsKeyId": "a b"}, "EncryptionKeyInvalidIdException"),
        ("CreateRepository", {"repositoryName": "new", "tags": {"aws:x": "1"}}, "InvalidSystemTagUsageException"),
        ("CreateRepository", {"repositoryName": "new", "tags": {"k" * 129: "1"}}, "InvalidTagsMapException"),
        (
            "CreateRepository",
            {"repositoryName": "new", "tags": {str(n): "" for n in range(51)}},
            "TooManyTagsException",
        ),
        ("GetRepository", {"repositoryName": "missing"}, "RepositoryDoesNotExistException"),
        ("UpdateRepositoryName", {"oldName": "missing", "newName": "x"}, "RepositoryDoesNotExistException"),
        ("UpdateRepositoryName", {"oldName": "config", "newName": "config"}, "RepositoryNameExistsException"),
        ("UpdateRepositoryName", {"oldName": "config"}, "RepositoryNameRequiredException"),
        ("ListRepositories", {"sortBy": "size"}, "InvalidSortByException"),
        ("ListRepositories", {"order": "up"}, "InvalidOrderException"),
        ("BatchGetRepositories", {"repositoryNames": []}, "RepositoryNamesRequiredException"),
        (
            "BatchGetRepositories",
            {"repositoryNames": [f"r{n}" for n in range(101)]},
            "MaximumRepositoryNamesExceededException",
        ),
        ("BatchGetRepositories", {"repositoryNames": ["a b"]}, "InvalidRepositoryNameException"),
        ("TagResource", {"resourceArn": "config", "tags": {"a": "b"}}, "InvalidResourceArnException"),
        ("TagResource", {"resourceArn": ARN + "2", "tags": {"a": "b"}}, "RepositoryDoesNotExistException"),
        ("TagResource", {"resourceArn": ARN}, "TagsMapRequiredException"),
        ("UntagResource", {"resourceArn": ARN}, "TagKeysListRequiredException"),
        ("ListTagsForResource", {}, "ResourceArnRequiredException"),
    ],
)
def test_what_is_refused(bench: Bench, operation: str, request_: dict[str, Any], code: str) -> None:
    bench.repository()
    assert bench.refusal(operation, **request_) == code


def test_an_account_has_a_limit_of_repositories(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repositories, "MAX_REPOSITORIES", 1)
    bench.repository()
    assert bench.refusal("CreateRepository", repositoryName="second") == "RepositoryLimitExceededException"
    assert len(list((bench.state / "git").glob("*.git"))) == 1


def permissions(bench: Bench, operation: str, document: Document, caller: Caller = ALICE) -> list[Permission]:
    return list(bench.service.operations()[operation].permissions(caller, document))


def test_iam_is_asked_for_the_repository_with_its_tags_and_the_branch(bench: Bench) -> None:
    bench.call("CreateRepository", repositoryName="config", tags={"team": "science"})
    tagged = {"aws:ResourceTag/team": "science"}
    named = {"repositoryName": "config"}
    assert permissions(bench, "GetFile", named) == [Permission("codecommit:GetFile", ARN, tagged)]
    assert permissions(bench, "ListRepositories", {}) == [Permission("codecommit:ListRepositories", "*")]
    for operation in ("CreateBranch", "DeleteBranch", "PutFile", "DeleteFile", "CreateCommit"):
        assert permissions(bench, operation, {**named, "branchName": "main"}) == [
            Permission(f"codecommit:{operation}", ARN, {**tagged, "codecommit:References": "refs/heads/main"})
        ]
    assert permissions(bench, "BatchGetRepositories", {"repositoryNames": ["config", "other"]}) == [
        Permission("codecommit:BatchGetRepositories", ARN, tagged),
        Permission("codecommit:BatchGetRepositories", ARN.replace("config", "other")),
    ]
    assert permissions(bench, "TagResource", {"resourceArn": ARN, "tags": {"a": "b"}}) == [
        Permission("codecommit:TagResource", ARN, {**tagged, "aws:RequestTag/a": "b", "aws:TagKeys": ["a"]})
    ]
    assert permissions(bench, "UpdateRepositoryName", {"oldName": "config", "newName": "x"}) == [
        Permission("codecommit:UpdateRepositoryName", ARN, tagged)
    ]
