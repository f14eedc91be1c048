"""AWS::CodeCommit::Repository.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codecommit-repository.html
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws import base
from local_aws.archive_limits import UNREADABLE, TooLargeError, check_zip
from local_aws.base import ResourceType, read_object
from local_aws.codecommit import importer, names
from local_aws.codecommit.announcer import Announcer
from local_aws.codecommit.repositories import Repositories
from local_aws.wire import AwsError, Service

_PROPERTIES = frozenset({"RepositoryName", "RepositoryDescription", "KmsKeyId", "Tags", "Code", "Triggers"})
_AUTHOR, _MESSAGE = "AWS CloudFormation", "Initial commit"


@dataclass(frozen=True)
class InitialCode:
    """The source and the branch of a repository's first commit."""

    bucket: str
    key: str
    version_id: str | None
    branch: str


class RepositoryResource:
    """Creates, updates and deletes a repository for a stack, as the account's root."""

    def __init__(self, repositories: Repositories, announcer: Announcer, front: Service) -> None:
        """`front` checks the properties as the API checks its members."""
        self._repositories, self._announcer, self._front = repositories, announcer, front
        self._caller = base.root_caller(repositories.region)

    def resource_type(self) -> ResourceType:
        """The entry for CloudFormation."""
        return ResourceType(create=self.create, update=self.update, delete=self.delete)

    def create(self, logical_id: str, properties: dict[str, Any], _stack_name: str) -> tuple[str, dict[str, Any]]:
        """Create the repository and, if `Code` is given, its first commit; if that fails, nothing is left."""
        _check(logical_id, properties)
        code = _initial_code(logical_id, properties)
        archive = _read_archive(code) if code else None
        request = {
            "repositoryName": properties.get("RepositoryName"),
            "repositoryDescription": properties.get("RepositoryDescription"),
            "kmsKeyId": properties.get("KmsKeyId"),
            "tags": _tags(properties),
        }
        self._call("CreateRepository", request)
        name = properties["RepositoryName"]
        if code and archive:
            try:
                self._commit(name, code, archive)
            except Exception:
                self._call("DeleteRepository", {"repositoryName": name})
                raise
        return self._described(name)

    def update(
        self, physical_id: str, old: dict[str, Any], new: dict[str, Any], _stack_name: str
    ) -> tuple[str, dict[str, Any]]:
        """Change name, description and tags in place; `Code` is read only on creation."""
        _check(physical_id, new)
        row = self._repositories.find_by_id(physical_id)
        if row is None:
            raise AwsError("RepositoryDoesNotExistException", f"The repository {physical_id} does not exist.")
        if old.get("KmsKeyId") != new.get("KmsKeyId"):
            raise AwsError(
                "NotImplementedByLocalAws",
                "Local AWS does not emulate the change of KmsKeyId of an AWS::CodeCommit::Repository.",
            )
        name = new.get("RepositoryName")
        if name != row.name:
            self._call("UpdateRepositoryName", {"oldName": row.name, "newName": name})
        if new.get("RepositoryDescription") != row.description:
            description = new.get("RepositoryDescription")
            self._call("UpdateRepositoryDescription", {"repositoryName": name, "repositoryDescription": description})
        self._update_tags(physical_id, _tags(old), _tags(new))
        return self._described(name)

    def delete(self, physical_id: str, _properties: dict[str, Any]) -> None:
        """Delete the repository and its content."""
        row = self._repositories.find_by_id(physical_id)
        if row is not None:
            self._call("DeleteRepository", {"repositoryName": row.name})

    def _update_tags(self, physical_id: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        row = self._repositories.find_by_id(physical_id)
        if row is None or old == new:
            return
        arn = self._repositories.arn(row.name)
        removed = [key for key in old if key not in new]
        if removed:
            self._call("UntagResource", {"resourceArn": arn, "tagKeys": removed})
        if new:
            self._call("TagResource", {"resourceArn": arn, "tags": dict(new)})

    def _commit(self, name: str, code: InitialCode, archive: bytes) -> None:
        with self._announcer.writing(name, self._caller.arn) as repository:
            seconds = int(repository.row.created_at.timestamp())
            commit = importer.NewCommit(code.branch, None, _AUTHOR, "", _MESSAGE, seconds)
            try:
                with zipfile.ZipFile(io.BytesIO(archive)) as opened:
                    check_zip(opened)
                    importer.write_zip(repository.git, commit, opened)
            except TooLargeError as error:
                raise AwsError("InvalidRequest", f"s3://{code.bucket}/{code.key} is too large: {error}") from None
            except UNREADABLE as error:
                raise AwsError(
                    "InvalidRequest", f"s3://{code.bucket}/{code.key} is not a zip archive: {error}"
                ) from None

    def _described(self, name: Any) -> tuple[str, dict[str, Any]]:
        row = self._repositories.require(name)
        metadata = self._repositories.metadata(row)
        return row.repository_id, {
            "Arn": metadata["Arn"],
            "CloneUrlHttp": metadata["cloneUrlHttp"],
            "CloneUrlSsh": metadata["cloneUrlSsh"],
            "Name": row.name,
            "RepositoryId": row.repository_id,
        }

    def _call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._front.call(operation, self._caller, dict(request))


def _check(resource: str, properties: Mapping[str, Any]) -> None:
    unknown = sorted(set(properties) - _PROPERTIES)
    if unknown:
        raise AwsError(
            "ValidationException",
            f"{resource}: extraneous key [{unknown[0]}] is not permitted in AWS::CodeCommit::Repository.",
        )
    if properties.get("Triggers"):
        raise AwsError(
            "NotImplementedByLocalAws",
            f"{resource}: local AWS does not emulate Triggers of AWS::CodeCommit::Repository; AWS has them. "
            "Use an EventBridge rule for 'CodeCommit Repository State Change'.",
        )


def _initial_code(resource: str, properties: Mapping[str, Any]) -> InitialCode | None:
    code = properties.get("Code")
    if not code:
        return None
    source = code.get("S3") or {}
    if not (source.get("Bucket") and source.get("Key")):
        raise AwsError("ValidationException", f"{resource}: Code needs S3 with Bucket and Key.")
    return InitialCode(
        source["Bucket"], source["Key"], source.get("ObjectVersion"), names.branch(code.get("BranchName") or "main")
    )


def _read_archive(code: InitialCode) -> bytes:
    archive = read_object(code.bucket, code.key, code.version_id)
    if archive is None:
        version = f" (version {code.version_id})" if code.version_id else ""
        raise AwsError("InvalidRequest", f"s3://{code.bucket}/{code.key}{version} does not exist.")
    return archive


def _tags(properties: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags") or ()}
