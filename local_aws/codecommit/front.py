"""CodeCommit's own error codes for violated constraints of its model.

Other services answer `ValidationException`; CodeCommit models an exception for each member
(https://docs.aws.amazon.com/codecommit/latest/APIReference/API_CreateRepository.html#API_CreateRepository_Errors).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local_aws.shapes import ShapeError
from local_aws.wire import AwsError, Caller, Document, Service

_PROBLEM = re.compile(r" at '([^']*)' failed to satisfy constraint: (Member must not be null)?")
_MISSING = {
    "afterCommitSpecifier": "CommitRequiredException",
    "blobId": "BlobIdRequiredException",
    "branchName": "BranchNameRequiredException",
    "commitId": "CommitIdRequiredException",
    "commitIds": "CommitIdsListRequiredException",
    "defaultBranchName": "BranchNameRequiredException",
    "fileContent": "FileContentRequiredException",
    "fileMode": "FileModeRequiredException",
    "filePath": "PathRequiredException",
    "folderPath": "PathRequiredException",
    "newName": "RepositoryNameRequiredException",
    "oldName": "RepositoryNameRequiredException",
    "parentCommitId": "ParentCommitIdRequiredException",
    "repositoryName": "RepositoryNameRequiredException",
    "repositoryNames": "RepositoryNamesRequiredException",
    "resourceArn": "ResourceArnRequiredException",
    "tagKeys": "TagKeysListRequiredException",
    "tags": "TagsMapRequiredException",
}
_INVALID = {
    "branchName": "InvalidBranchNameException",
    "defaultBranchName": "InvalidBranchNameException",
    "fileContent": "FileContentSizeLimitExceededException",
    "fileMode": "InvalidFileModeException",
    "kmsKeyId": "EncryptionKeyInvalidIdException",
    "newName": "InvalidRepositoryNameException",
    "oldName": "InvalidRepositoryNameException",
    "order": "InvalidOrderException",
    "repositoryDescription": "InvalidRepositoryDescriptionException",
    "repositoryName": "InvalidRepositoryNameException",
    "repositoryNames": "InvalidRepositoryNameException",
    "sortBy": "InvalidSortByException",
    "tagKeys": "InvalidTagKeysListException",
    "tags": "InvalidTagsMapException",
}


class CodeCommitFront(Service):
    """The wire service with CodeCommit's error codes."""

    def call(self, name: str, caller: Caller, document: Document, *, enforce: bool = False) -> Mapping[str, Any]:
        try:
            return super().call(name, caller, document, enforce=enforce)
        except ShapeError as error:
            raise modelled(error) from None


def modelled(error: ShapeError) -> AwsError:
    """CodeCommit's error for the first violated constraint."""
    message = str(error)
    match = _PROBLEM.search(error.problems[0])
    if match is None:
        return AwsError("ValidationException", message)
    parts = [part for part in match.group(1).split(".") if part not in ("member", "key") and not part.isdigit()]
    if match.group(2):
        return AwsError(_MISSING.get(parts[-1], "ValidationException"), message)
    code = _INVALID.get(parts[0]) or _INVALID.get(parts[-1], "ValidationException")
    return AwsError(code, message if code != "FileContentSizeLimitExceededException" else _too_large())


def _too_large() -> str:
    return "The content of a file is larger than 6 MB, the limit of this API. Use git for larger files."
