"""The API operations that read files and folders of a commit."""

from __future__ import annotations

from typing import Any

from local_aws.codecommit import names
from local_aws.codecommit.access import Access
from local_aws.codecommit.changes import MODE_NAMES
from local_aws.codecommit.git import TreeEntry
from local_aws.codecommit.repositories import Repositories
from local_aws.codecommit.revisions import resolve
from local_aws.wire import AwsError, Caller, Document, Operation

SYMLINK, SUBMODULE = "120000", "160000"


class ContentOperations:
    """GetFile, GetFolder and GetBlob."""

    def __init__(self, repositories: Repositories) -> None:
        """Read from these repositories."""
        self._repositories = repositories

    def operations(self, access: Access) -> dict[str, Operation]:
        """The table of these operations."""
        return {
            "GetFile": Operation(self.get_file, access.on_repository("GetFile")),
            "GetFolder": Operation(self.get_folder, access.on_repository("GetFolder")),
            "GetBlob": Operation(self.get_blob, access.on_repository("GetBlob")),
        }

    def get_file(self, _caller: Caller, document: Document) -> dict[str, Any]:
        row = self._repositories.require(document["repositoryName"])
        path = names.path(document["filePath"])
        repository = self._repositories.git(row)
        commit_id = resolve(repository, row, document.get("commitSpecifier"))
        entry = repository.entry(commit_id, path)
        if entry is None or entry.kind != "blob":
            raise AwsError("FileDoesNotExistException", f"File {path} does not exist in commit {commit_id}.")
        _check_size(entry.size, f"File {path}")
        return {
            "commitId": commit_id,
            "blobId": entry.object_id,
            "filePath": path,
            "fileMode": MODE_NAMES[entry.mode],
            "fileSize": entry.size,
            "fileContent": repository.blob(entry.object_id),
        }

    def get_blob(self, _caller: Caller, document: Document) -> dict[str, Any]:
        row = self._repositories.require(document["repositoryName"])
        blob_id = document["blobId"]
        if not blob_id:
            raise AwsError("BlobIdRequiredException", "A blob ID is required, but was not specified.")
        if not names.is_object_id(blob_id):
            raise AwsError("InvalidBlobIdException", f"'{blob_id[:80]}' is not a full blob ID.")
        repository = self._repositories.git(row)
        (found,) = repository.objects([blob_id])
        if found is None or found.kind != "blob":
            raise AwsError("BlobIdDoesNotExistException", f"Blob {blob_id} does not exist in {row.name}.")
        _check_size(found.size, f"Blob {blob_id}")
        return {"content": repository.blob(blob_id)}

    def get_folder(self, _caller: Caller, document: Document) -> dict[str, Any]:
        row = self._repositories.require(document["repositoryName"])
        path = names.folder(document["folderPath"])
        repository = self._repositories.git(row)
        commit_id = resolve(repository, row, document.get("commitSpecifier"))
        (tree,) = repository.objects([f"{commit_id}:{path}"])
        if tree is None or tree.kind != "tree":
            raise AwsError("FolderDoesNotExistException", f"Folder {path} does not exist in commit {commit_id}.")
        answer: dict[str, Any] = {"commitId": commit_id, "folderPath": path, "treeId": tree.object_id}
        answer.update({"subFolders": [], "files": [], "symbolicLinks": [], "subModules": []})
        for entry in repository.tree(tree.object_id):
            member, item = _folder_item(entry, path)
            answer[member].append(item)
        return answer


def _folder_item(entry: TreeEntry, folder: str) -> tuple[str, dict[str, str]]:
    item = {"absolutePath": f"{folder}/{entry.path}" if folder else entry.path, "relativePath": entry.path}
    if entry.kind == "tree":
        return "subFolders", {"treeId": entry.object_id, **item}
    if entry.mode == SUBMODULE:
        return "subModules", {"commitId": entry.object_id, **item}
    member = "symbolicLinks" if entry.mode == SYMLINK else "files"
    return member, {"blobId": entry.object_id, "fileMode": MODE_NAMES[entry.mode], **item}


def _check_size(size: int, noun: str) -> None:
    if size > names.MAX_FILE_BYTES:
        raise AwsError(
            "FileTooLargeException",
            f"{noun} has {size} bytes; the API returns {names.MAX_FILE_BYTES} bytes at most. Use git.",
        )
