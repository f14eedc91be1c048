"""Reads commits from CodeCommit. Look-ups return None for what does not exist.

https://docs.aws.amazon.com/codecommit/latest/APIReference/API_GetCommit.html
https://docs.aws.amazon.com/codecommit/latest/APIReference/API_GetDifferences.html
https://docs.aws.amazon.com/codecommit/latest/APIReference/API_GetFile.html
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.aws.pages import pages
from pipeline_lambdas.runtime.failures import AwsRequestError

_GONE = frozenset({"CommitIdDoesNotExistException", "RepositoryDoesNotExistException"})


def find_author(repository: str, commit_id: str) -> str | None:
    """Return the name of a commit's author; None if the commit no longer exists or has no name."""
    try:
        answer = call(clients.client("codecommit").get_commit, repositoryName=repository, commitId=commit_id)
    except AwsRequestError as error:
        if error.code in _GONE:
            return None
        raise
    return (answer["commit"].get("author") or {}).get("name") or None


@dataclass(frozen=True, slots=True)
class Found:
    """A file at a commit."""

    content: bytes
    commit: str


def changed_paths(repository: str, before: str, after: str) -> set[str] | None:
    """Return the paths of the files that differ between two commits; a moved file counts with both paths.

    None if the earlier commit does not exist (any more).
    """
    between = {"beforeCommitSpecifier": before, "afterCommitSpecifier": after}
    try:
        return {
            difference[blob]["path"]
            for page in pages("codecommit", "get_differences", repositoryName=repository, **between)
            for difference in page["differences"]
            for blob in ("beforeBlob", "afterBlob")
            if difference.get(blob)
        }
    except AwsRequestError as error:
        if error.code == "CommitDoesNotExistException" and before in error.reason:
            return None
        raise


def read_file(repository: str, branch: str, path: str) -> Found | None:
    """Return a file at the tip of a branch."""
    try:
        answer = call(
            clients.client("codecommit").get_file, repositoryName=repository, commitSpecifier=branch, filePath=path
        )
    except AwsRequestError as error:
        if error.code in {"FileDoesNotExistException", "CommitDoesNotExistException"}:
            return None
        raise
    return Found(answer["fileContent"], answer["commitId"])
