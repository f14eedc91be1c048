"""The API operations that read commits and compare them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local_aws.codecommit import names, pages
from local_aws.codecommit.access import Access
from local_aws.codecommit.git import EMPTY_TREE, ZERO_ID, Change, Commit, Person, Repository
from local_aws.codecommit.repositories import Repositories
from local_aws.codecommit.revisions import resolve
from local_aws.wire import AwsError, Caller, Document, Operation

MAX_COMMITS = 100
_ABSENT = "000000"


@dataclass(frozen=True)
class _Side:
    """The entry at a path of one of two commits: a tree, or a file with its mode, or nothing."""

    tree_id: str = EMPTY_TREE
    file_mode: str = _ABSENT
    file_id: str = ZERO_ID
    exists: bool = False


class CommitOperations:
    """GetCommit, BatchGetCommits and GetDifferences."""

    def __init__(self, repositories: Repositories) -> None:
        """Read from these repositories."""
        self._repositories = repositories

    def operations(self, access: Access) -> dict[str, Operation]:
        """The table of these operations."""
        return {
            "GetCommit": Operation(self.get, access.on_repository("GetCommit")),
            "BatchGetCommits": Operation(self.batch_get, access.on_repository("BatchGetCommits")),
            "GetDifferences": Operation(self.differences, access.on_repository("GetDifferences")),
        }

    def get(self, _caller: Caller, document: Document) -> dict[str, Any]:
        row = self._repositories.require(document["repositoryName"])
        commit_id = document["commitId"]
        if not commit_id:
            raise AwsError("CommitIdRequiredException", "A commit ID was not specified.")
        if not names.is_object_id(commit_id):
            raise AwsError("InvalidCommitIdException", f"'{commit_id[:80]}' is not a full commit ID.")
        found = self._repositories.git(row).commits([commit_id]).get(commit_id)
        if found is None:
            raise AwsError("CommitIdDoesNotExistException", f"Commit {commit_id} does not exist in {row.name}.")
        return {"commit": _commit(found)}

    def batch_get(self, _caller: Caller, document: Document) -> dict[str, Any]:
        row = self._repositories.require(document["repositoryName"])
        wanted = list(dict.fromkeys(document["commitIds"]))
        if not wanted:
            raise AwsError("CommitIdsListRequiredException", "A list of commit IDs is required, but it was empty.")
        if len(wanted) > MAX_COMMITS:
            raise AwsError(
                "CommitIdsLimitExceededException",
                f"{len(wanted)} commit IDs were specified; the maximum in a batch request is {MAX_COMMITS}.",
            )
        found = self._repositories.git(row).commits(filter(names.is_object_id, wanted))
        return {
            "commits": [_commit(found[commit_id]) for commit_id in wanted if commit_id in found],
            "errors": [_error(commit_id, row.name) for commit_id in wanted if commit_id not in found],
        }

    def differences(self, _caller: Caller, document: Document) -> dict[str, Any]:
        row = self._repositories.require(document["repositoryName"])
        size = document.get("MaxResults", pages.PAGE)
        if size < 1:
            raise AwsError("InvalidMaxResultsException", f"MaxResults is {size}; it must be 1 or more.")
        if not document["afterCommitSpecifier"]:
            raise AwsError("CommitRequiredException", "A commit was not specified.")
        repository = self._repositories.git(row)
        after = resolve(repository, row, document["afterCommitSpecifier"])
        before_specifier = document.get("beforeCommitSpecifier")
        before = resolve(repository, row, before_specifier) if before_specifier else None
        after_path = names.folder(document.get("afterPath") or document.get("beforePath") or "")
        before_path = names.folder(document.get("beforePath") or after_path)
        found = _differences(repository, before, before_path, after, after_path)
        listing = f"{row.repository_id} {before} {before_path} {after} {after_path}"
        items, token = pages.page(found, document.get("NextToken"), size, listing)
        return {"differences": items, "NextToken": token}


def _differences(
    repository: Repository, before: str | None, before_path: str, after: str, after_path: str
) -> list[dict[str, Any]]:
    sides = (_side(repository, before, before_path), _side(repository, after, after_path))
    if not (sides[0].exists or sides[1].exists):
        raise AwsError("PathDoesNotExistException", f"The path {after_path} does not exist in the commits compared.")
    changes = repository.differences(sides[0].tree_id, sides[1].tree_id)
    whole_files = Change("", sides[0].file_mode, sides[1].file_mode, sides[0].file_id, sides[1].file_id)
    if (whole_files.before_mode, whole_files.before_id) != (whole_files.after_mode, whole_files.after_id):
        changes.insert(0, whole_files)
    return [_difference(change, before_path, after_path) for change in changes]


def _side(repository: Repository, commit_id: str | None, path: str) -> _Side:
    if commit_id is None:
        return _Side()
    if not path:
        (tree,) = repository.objects([f"{commit_id}^{{tree}}"])
        return _Side(tree_id=tree.object_id if tree else EMPTY_TREE, exists=True)
    entry = repository.entry(commit_id, path)
    if entry is None:
        return _Side()
    if entry.kind == "tree":
        return _Side(tree_id=entry.object_id, exists=True)
    return _Side(file_mode=entry.mode, file_id=entry.object_id, exists=True)


def _difference(change: Change, before_path: str, after_path: str) -> dict[str, Any]:
    difference: dict[str, Any] = {"changeType": "M"}
    if change.before_mode == _ABSENT:
        difference["changeType"] = "A"
    else:
        difference["beforeBlob"] = _blob(change.before_id, before_path, change.path, change.before_mode)
    if change.after_mode == _ABSENT:
        difference["changeType"] = "D"
    else:
        difference["afterBlob"] = _blob(change.after_id, after_path, change.path, change.after_mode)
    return difference


def _blob(object_id: str, folder: str, path: str, mode: str) -> dict[str, str]:
    return {"blobId": object_id, "path": "/".join(part for part in (folder, path) if part), "mode": mode}


def _commit(commit: Commit) -> dict[str, Any]:
    return {
        "commitId": commit.commit_id,
        "treeId": commit.tree_id,
        "parents": list(commit.parents),
        "message": commit.message,
        "author": _person(commit.author),
        "committer": _person(commit.committer),
        "additionalData": commit.other_headers,
    }


def _person(person: Person) -> dict[str, str]:
    return {"name": person.name, "email": person.email, "date": person.date}


def _error(commit_id: str, repository: str) -> dict[str, str]:
    if names.is_object_id(commit_id):
        code, message = "CommitIdDoesNotExistException", f"Commit {commit_id} does not exist in {repository}."
    else:
        code, message = "InvalidCommitIdException", f"'{commit_id[:80]}' is not a full commit ID."
    return {"commitId": commit_id, "errorCode": code, "errorMessage": message}
