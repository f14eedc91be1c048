from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from local_aws.base import ResourceType
from local_aws.codecommit import resource
from local_aws.wire import AwsError
from tests.local_aws.codecommit.bench import Bench

NAMED = {"RepositoryName": "config"}
CODE = {"S3": {"Bucket": "seed", "Key": "seed.zip"}}
ARN = "arn:aws:codecommit:us-east-1:111122223333:config"


@pytest.fixture
def repository(bench: Bench) -> ResourceType:
    return bench.service.resource_types()["AWS::CodeCommit::Repository"]


def seed(monkeypatch: pytest.MonkeyPatch, archive: bytes | None) -> None:
    def read_object(bucket: str, key: str, version_id: str | None) -> bytes | None:
        return archive if (bucket, key, version_id) == ("seed", "seed.zip", None) else None

    monkeypatch.setattr(resource, "read_object", read_object)


def zipped(*files: tuple[str, str, int]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in files:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def test_a_repository_is_created_with_its_attributes(bench: Bench, repository: ResourceType) -> None:
    properties = {**NAMED, "RepositoryDescription": "words", "Tags": [{"Key": "team", "Value": "science"}]}
    physical_id, attributes = repository.create("Config", properties, "stack")
    metadata = bench.call("GetRepository", repositoryName="config")["repositoryMetadata"]
    assert physical_id == metadata["repositoryId"]
    assert attributes == {
        "Arn": ARN,
        "CloneUrlHttp": metadata["cloneUrlHttp"],
        "CloneUrlSsh": metadata["cloneUrlSsh"],
        "Name": "config",
        "RepositoryId": physical_id,
    }
    assert metadata["repositoryDescription"] == "words"
    assert bench.call("ListTagsForResource", resourceArn=ARN)["tags"] == {"team": "science"}


def test_the_first_commit_comes_from_a_zip(
    bench: Bench, repository: ResourceType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(monkeypatch, zipped(("a.txt", "a", 0o100644), ("bin/", "", 0o40755), ("bin/run", "run", 0o100755)))
    repository.create("Config", {**NAMED, "Code": CODE}, "stack")
    run = bench.call("GetFile", repositoryName="config", filePath="bin/run")
    assert (run["fileContent"], run["fileMode"], run["commitId"]) == (b"run", "EXECUTABLE", bench.tip())
    found = bench.call("GetRepository", repositoryName="config")["repositoryMetadata"]
    assert found["defaultBranch"] == "main"
    (event,) = bench.events
    assert event.detail["event"] == "referenceCreated"
    assert event.detail["callerUserArn"] == "arn:aws:iam::111122223333:root"


def test_the_branch_of_the_first_commit_is_the_default(
    bench: Bench, repository: ResourceType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(monkeypatch, zipped(("a.txt", "a", 0)))
    repository.create("Config", {**NAMED, "Code": {**CODE, "BranchName": "trunk"}}, "stack")
    assert bench.call("GetFile", repositoryName="config", filePath="a.txt")["fileMode"] == "NORMAL"
    found = bench.call("GetRepository", repositoryName="config")["repositoryMetadata"]
    assert found["defaultBranch"] == "trunk"


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (None, "s3://seed/seed.zip does not exist"),
        (b"no zip", "is not a zip archive"),
        (zipped(("../a", "a", 0)), "The path '../a' is not valid"),
        (zipped(("/etc/a", "a", 0)), "is not relative"),
    ],
)
def test_a_bad_archive_leaves_no_repository(
    bench: Bench, repository: ResourceType, monkeypatch: pytest.MonkeyPatch, archive: bytes | None, words: str
) -> None:
    seed(monkeypatch, archive)
    with pytest.raises(AwsError) as caught:
        repository.create("Config", {**NAMED, "Code": CODE}, "stack")
    assert words in caught.value.message
    assert bench.call("ListRepositories")["repositories"] == []


def test_a_repository_is_updated_in_place(bench: Bench, repository: ResourceType) -> None:
    old = {**NAMED, "Tags": [{"Key": "gone", "Value": "1"}, {"Key": "kept", "Value": "1"}]}
    physical_id, _ = repository.create("Config", old, "stack")
    bench.call("TagResource", resourceArn=ARN, tags={"by-hand": "1"})
    new = {"RepositoryName": "renamed", "RepositoryDescription": "now", "Tags": [{"Key": "kept", "Value": "2"}]}
    same_id, attributes = repository.update(physical_id, old, new, "stack")
    assert same_id == physical_id
    assert attributes["Name"] == "renamed"
    metadata = bench.call("GetRepository", repositoryName="renamed")["repositoryMetadata"]
    assert metadata["repositoryDescription"] == "now"
    tags = bench.call("ListTagsForResource", resourceArn=attributes["Arn"])["tags"]
    assert tags == {"by-hand": "1", "kept": "2"}


def test_a_change_of_the_code_is_ignored(bench: Bench, repository: ResourceType) -> None:
    physical_id, _ = repository.create("Config", NAMED, "stack")
    repository.update(physical_id, NAMED, {**NAMED, "Code": CODE}, "stack")
    assert bench.call("ListBranches", repositoryName="config")["branches"] == []


def test_a_repository_is_deleted_once_or_twice(bench: Bench, repository: ResourceType) -> None:
    physical_id, _ = repository.create("Config", NAMED, "stack")
    for _ in range(2):
        repository.delete(physical_id, NAMED)
    assert bench.call("ListRepositories")["repositories"] == []


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({}, "RepositoryNameRequiredException"),
        ({"RepositoryName": "a b"}, "InvalidRepositoryNameException"),
        ({**NAMED, "Branch": "x"}, "ValidationException"),
        ({**NAMED, "Code": {"BranchName": "x"}}, "ValidationException"),
        ({**NAMED, "Triggers": [{"Name": "t"}]}, "NotImplementedByLocalAws"),
    ],
)
def test_what_is_refused(repository: ResourceType, properties: dict[str, Any], code: str) -> None:
    with pytest.raises(AwsError) as caught:
        repository.create("Config", properties, "stack")
    assert caught.value.code == code
