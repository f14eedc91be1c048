"""The API operations on branches."""

from __future__ import annotations

from typing import Any

from local_aws.codecommit import names, pages
from local_aws.codecommit.access import Access
from local_aws.codecommit.announcer import Announcer
from local_aws.codecommit.git import ZERO_ID, GitError
from local_aws.codecommit.repositories import Repositories, RepositoryRow
from local_aws.wire import AwsError, Caller, Document, Operation


class BranchOperations:
    """CreateBranch to UpdateDefaultBranch."""

    def __init__(self, repositories: Repositories, announcer: Announcer) -> None:
        """Writes send events."""
        self._repositories, self._announcer = repositories, announcer

    def operations(self, access: Access) -> dict[str, Operation]:
        """The table of these operations."""
        return {
            "CreateBranch": Operation(self.create, access.on_branch("CreateBranch")),
            "GetBranch": Operation(self.get, access.on_repository("GetBranch")),
            "ListBranches": Operation(self.list, access.on_repository("ListBranches")),
            "DeleteBranch": Operation(self.delete, access.on_branch("DeleteBranch")),
            "UpdateDefaultBranch": Operation(self.set_default, access.on_repository("UpdateDefaultBranch")),
        }

    def tip(self, repository: str, branch: str | None) -> str:
        """The commit id at the tip of a branch; raises the modelled errors of unknown or wrong names."""
        return self._tip(self._repositories.require(repository), names.branch(branch))

    def create(self, caller: Caller, document: Document) -> None:
        branch, commit_id = names.branch(document["branchName"]), document["commitId"]
        if not commit_id:
            raise AwsError("CommitIdRequiredException", "A commit ID was not specified.")
        if not names.is_object_id(commit_id):
            raise AwsError("InvalidCommitIdException", f"'{commit_id[:80]}' is not a full commit ID.")
        with self._announcer.writing(document["repositoryName"], caller.arn) as repository:
            if names.HEADS + branch in repository.git.references():
                raise AwsError("BranchNameExistsException", f"Branch {branch} already exists.")
            (found,) = repository.git.objects([commit_id])
            if found is None or found.kind != "commit":
                raise AwsError("CommitDoesNotExistException", f"Commit {commit_id} does not exist.")
            try:
                repository.git.update_reference(names.HEADS + branch, commit_id, ZERO_ID)
            except GitError as error:
                raise AwsError("InvalidBranchNameException", f"Branch {branch} cannot be created: {error}") from None

    def get(self, _caller: Caller, document: Document) -> dict[str, Any]:
        row = self._repositories.require(document.get("repositoryName"))
        branch = names.branch(document.get("branchName"))
        return {"branch": {"branchName": branch, "commitId": self._tip(row, branch)}}

    def list(self, _caller: Caller, document: Document) -> dict[str, Any]:
        row = self._repositories.require(document["repositoryName"])
        branches = sorted(
            name.removeprefix(names.HEADS)
            for name in self._repositories.git(row).references()
            if name.startswith(names.HEADS)
        )
        listing = f"branches {row.repository_id}"
        items, token = pages.page(branches, document.get("nextToken"), pages.PAGE, listing)
        return {"branches": items, "nextToken": token}

    def delete(self, caller: Caller, document: Document) -> dict[str, Any]:
        branch = names.branch(document["branchName"])
        with self._announcer.writing(document["repositoryName"], caller.arn) as repository:
            if branch == repository.row.default_branch:
                raise AwsError(
                    "DefaultBranchCannotBeDeletedException",
                    f"Branch {branch} is the default branch of {repository.row.name} and cannot be deleted. "
                    "Make another branch the default first.",
                )
            reference = repository.git.references().get(names.HEADS + branch)
            if reference is None:
                return {}
            repository.git.update_reference(reference.name, ZERO_ID, reference.object_id)
        return {"deletedBranch": {"branchName": branch, "commitId": reference.commit_id}}

    def set_default(self, _caller: Caller, document: Document) -> None:
        row = self._repositories.require(document["repositoryName"])
        branch = names.branch(document["defaultBranchName"])
        self._tip(row, branch)
        self._repositories.set_default_branch(row, branch)

    def _tip(self, row: RepositoryRow, branch: str) -> str:
        (found,) = self._repositories.git(row).objects([f"{names.HEADS}{branch}^{{commit}}"])
        if found is None:
            raise AwsError("BranchDoesNotExistException", f"Branch {branch} does not exist in {row.name}.")
        return found.object_id
