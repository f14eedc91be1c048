"""The API operations on whole repositories."""

from __future__ import annotations

from typing import Any

from local_aws.codecommit import names, pages
from local_aws.codecommit.access import Access
from local_aws.codecommit.operations import tags
from local_aws.codecommit.repositories import Repositories
from local_aws.wire import AwsError, Caller, Document, Operation

MAX_NAMES = 100


class RepositoryOperations:
    """CreateRepository to DeleteRepository."""

    def __init__(self, repositories: Repositories) -> None:
        """Act on these repositories."""
        self._repositories = repositories

    def operations(self, access: Access) -> dict[str, Operation]:
        """The table of these operations."""
        renaming = access.on_repository("UpdateRepositoryName", "oldName")
        describing = access.on_repository("UpdateRepositoryDescription")
        return {
            "CreateRepository": Operation(self.create, access.on_new_repository("CreateRepository")),
            "GetRepository": Operation(self.get, access.on_repository("GetRepository")),
            "ListRepositories": Operation(self.list, access.on_all("ListRepositories")),
            "BatchGetRepositories": Operation(self.batch_get, access.on_repositories("BatchGetRepositories")),
            "DeleteRepository": Operation(self.delete, access.on_repository("DeleteRepository")),
            "UpdateRepositoryName": Operation(self.rename, renaming),
            "UpdateRepositoryDescription": Operation(self.describe, describing),
        }

    def create(self, _caller: Caller, document: Document) -> dict[str, Any]:
        given = document.get("tags") or {}
        tags.check(given)
        row = self._repositories.create(
            names.repository(document["repositoryName"]),
            document.get("repositoryDescription"),
            given,
            document.get("kmsKeyId"),
        )
        return {"repositoryMetadata": self._repositories.metadata(row)}

    def get(self, _caller: Caller, document: Document) -> dict[str, Any]:
        row = self._repositories.require(document["repositoryName"])
        return {"repositoryMetadata": self._repositories.metadata(row)}

    def list(self, _caller: Caller, document: Document) -> dict[str, Any]:
        sort_by = document.get("sortBy", "repositoryName")
        descending = document.get("order") == "descending"
        rows = self._repositories.all()
        if sort_by == "lastModifiedDate":
            rows.sort(key=lambda row: row.modified_at)
        if descending:
            rows.reverse()
        pairs = [{"repositoryName": row.name, "repositoryId": row.repository_id} for row in rows]
        listing = f"repositories {sort_by} {descending}"
        items, token = pages.page(pairs, document.get("nextToken"), pages.PAGE, listing)
        return {"repositories": items, "nextToken": token}

    def batch_get(self, _caller: Caller, document: Document) -> dict[str, Any]:
        wanted = document["repositoryNames"]
        if not wanted:
            raise AwsError(
                "RepositoryNamesRequiredException", "At least one repository name is required, but none was specified."
            )
        if len(wanted) > MAX_NAMES:
            raise AwsError(
                "MaximumRepositoryNamesExceededException",
                f"{len(wanted)} repository names were specified; the maximum is {MAX_NAMES}.",
            )
        found = {name: self._repositories.find(names.repository(name)) for name in wanted}
        return {
            "repositories": [self._repositories.metadata(row) for row in found.values() if row],
            "repositoriesNotFound": [name for name, row in found.items() if row is None],
            "errors": [],
        }

    def delete(self, _caller: Caller, document: Document) -> dict[str, Any]:
        row = self._repositories.find(names.repository(document["repositoryName"]))
        if row is None:
            return {}
        self._repositories.delete(row)
        return {"repositoryId": row.repository_id}

    def rename(self, _caller: Caller, document: Document) -> None:
        new_name = names.repository(document["newName"])
        self._repositories.rename(self._repositories.require(document["oldName"]), new_name)

    def describe(self, _caller: Caller, document: Document) -> None:
        row = self._repositories.require(document["repositoryName"])
        self._repositories.describe(row, document.get("repositoryDescription"))
