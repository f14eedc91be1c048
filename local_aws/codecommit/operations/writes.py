"""The API operations that make commits: PutFile, DeleteFile and CreateCommit."""

from __future__ import annotations

import re
from typing import Any

from local_aws.clock import Clock
from local_aws.codecommit import changes, importer, names
from local_aws.codecommit.access import Access
from local_aws.codecommit.announcer import Announcer, Writing
from local_aws.wire import AwsError, Caller, Document, Operation

MAX_MESSAGE_BYTES = 256 * 1024
MAX_NAME_LENGTH = 256
"""AWS documents that author names have a limit, but not which; this one is local AWS's own."""

_EMAIL = re.compile(r"[^\s<>\x00-\x1f\x7f]{0,256}")


class WriteOperations:
    """Creates commits and sends their events."""

    def __init__(self, announcer: Announcer, clock: Clock) -> None:
        """`clock` gives the commits' dates."""
        self._announcer, self._clock = announcer, clock

    def operations(self, access: Access) -> dict[str, Operation]:
        """The table of these operations."""
        return {
            "PutFile": Operation(self.put_file, access.on_branch("PutFile")),
            "DeleteFile": Operation(self.delete_file, access.on_branch("DeleteFile")),
            "CreateCommit": Operation(self.create_commit, access.on_branch("CreateCommit")),
        }

    def put_file(self, caller: Caller, document: Document) -> dict[str, Any]:
        content: bytes = document["fileContent"]
        if not content:
            raise AwsError("FileContentRequiredException", "The file is empty. This API cannot add empty files.")
        path = names.path(document["filePath"])
        request = changes.Request(puts=(changes.Put(path, document.get("fileMode"), content),))
        with self._announcer.writing(document["repositoryName"], caller.arn) as repository:
            parent = _parent(repository, document)
            files = _files(repository, parent)
            plan = changes.plan(request, files)
            if not plan.written:
                raise AwsError("SameFileContentException", f"{path} already has exactly this content.")
            verb = "Edited" if path in files else "Added"
            commit = self._new_commit(caller, document, parent, document.get("name"), f"{verb} {path}")
            written = importer.write_plan(repository.git, commit, plan)
        return {"commitId": written.commit_id, "blobId": changes.blob_id(content), "treeId": written.tree_id}

    def delete_file(self, caller: Caller, document: Document) -> dict[str, Any]:
        path = names.path(document["filePath"])
        keep = document.get("keepEmptyFolders", False)
        request = changes.Request(deletes=(path,), keep_empty_folders=keep)
        with self._announcer.writing(document["repositoryName"], caller.arn) as repository:
            parent = _parent(repository, document)
            plan = changes.plan(request, _files(repository, parent))
            commit = self._new_commit(caller, document, parent, document.get("name"), f"Deleted {path}")
            written = importer.write_plan(repository.git, commit, plan)
        return {
            "commitId": written.commit_id,
            "blobId": plan.before[path].blob_id,
            "treeId": written.tree_id,
            "filePath": path,
        }

    def create_commit(self, caller: Caller, document: Document) -> dict[str, Any]:
        request = _request(document)
        with self._announcer.writing(document["repositoryName"], caller.arn) as repository:
            parent = _parent(repository, document)
            plan = changes.plan(request, _files(repository, parent))
            if not plan.written:
                raise AwsError("NoChangeException", "The commit would change nothing in the repository.")
            message = f"Changed {len(plan.written)} file{'s' if len(plan.written) > 1 else ''}"
            commit = self._new_commit(caller, document, parent, document.get("authorName"), message)
            written = importer.write_plan(repository.git, commit, plan)
        return {
            "commitId": written.commit_id,
            "treeId": written.tree_id,
            "filesAdded": plan.files(added=True),
            "filesUpdated": plan.files(updated=True),
            "filesDeleted": plan.files(deleted=True),
        }

    def _new_commit(
        self, caller: Caller, document: Document, parent: str | None, author: str | None, message: str
    ) -> importer.NewCommit:
        author, email = author or caller.arn, document.get("email") or ""
        message = document.get("commitMessage") or message
        if len(author) > MAX_NAME_LENGTH:
            raise AwsError(
                "NameLengthExceededException",
                f"The author name has {len(author)} characters; {MAX_NAME_LENGTH} are allowed.",
            )
        if not _EMAIL.fullmatch(email):
            raise AwsError("InvalidEmailException", f"The e-mail address '{email[:80]}' is not valid.")
        if len(message.encode()) > MAX_MESSAGE_BYTES:
            raise AwsError(
                "CommitMessageLengthExceededException",
                f"The commit message has {len(message.encode())} bytes; {MAX_MESSAGE_BYTES} are allowed.",
            )
        seconds = int(self._clock.now().timestamp())
        return importer.NewCommit(document["branchName"], parent, author, email, message, seconds)


def _request(document: Document) -> changes.Request:
    modes = [(names.path(entry["filePath"]), entry["fileMode"]) for entry in document.get("setFileModes") or ()]
    if len({path for path, _ in modes}) < len(modes):
        raise AwsError("SamePathRequestException", "A path is named more than once in setFileModes.")
    return changes.Request(
        puts=tuple(_put(entry) for entry in document.get("putFiles") or ()),
        deletes=tuple(names.path(entry["filePath"]) for entry in document.get("deleteFiles") or ()),
        modes=dict(modes),
        keep_empty_folders=document.get("keepEmptyFolders", False),
    )


def _put(entry: Document) -> changes.Put:
    source = entry.get("sourceFile") or {}
    return changes.Put(
        path=names.path(entry["filePath"]),
        mode=entry.get("fileMode"),
        content=entry.get("fileContent"),
        source=names.path(source["filePath"]) if source else None,
        is_move=source.get("isMove", False),
    )


def _files(repository: Writing, parent: str | None) -> dict[str, changes.File]:
    entries = repository.git.tree(parent, recursive=True) if parent else []
    return {entry.path: changes.File(entry.mode, entry.object_id) for entry in entries}


def _parent(repository: Writing, document: Document) -> str | None:
    """The tip of the branch, which the request must name; None in an empty repository."""
    branch, given = names.branch(document["branchName"]), document.get("parentCommitId")
    references = repository.git.references()
    tip = references.get(names.HEADS + branch)
    if tip is None and any(name.startswith(names.HEADS) for name in references):
        if names.TAGS + branch in references:
            raise AwsError("BranchNameIsTagNameException", f"{branch} is a tag, not a branch.")
        raise AwsError("BranchDoesNotExistException", f"Branch {branch} does not exist in {repository.row.name}.")
    if given and not names.is_object_id(given):
        raise AwsError("InvalidParentCommitIdException", f"'{given[:80]}' is not a full commit ID.")
    if tip is None:
        if given:
            raise AwsError("ParentCommitDoesNotExistException", f"Commit {given} does not exist.")
        return None
    if not given:
        raise AwsError(
            "ParentCommitIdRequiredException",
            f"A parent commit ID is required: the tip of {branch}, which GetBranch returns.",
        )
    if given != tip.commit_id:
        (found,) = repository.git.objects([given])
        if found is None or found.kind != "commit":
            raise AwsError("ParentCommitDoesNotExistException", f"Commit {given} does not exist.")
        raise AwsError(
            "ParentCommitIdOutdatedException",
            f"Commit {given} is not the tip of {branch}; the tip is {tip.commit_id}.",
        )
    return tip.commit_id
