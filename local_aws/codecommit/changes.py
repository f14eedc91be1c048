"""Decides what a commit of the API changes, from the request and the files of the parent, without git.

https://docs.aws.amazon.com/codecommit/latest/APIReference/API_CreateCommit.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from local_aws.codecommit import names
from local_aws.wire import AwsError

MODES = {"NORMAL": "100644", "EXECUTABLE": "100755", "SYMLINK": "120000"}
MODE_NAMES = {"100664": "NORMAL", **{mode: name for name, mode in MODES.items()}}
MAX_ENTRIES, MAX_TOTAL_BYTES = 100, 7 * 1024 * 1024
_SUBMODULE, _KEEP = "160000", ".gitkeep"


@dataclass(frozen=True)
class File:
    """A file in a tree: git's mode and blob id; `content` is set if the blob is new."""

    mode: str
    blob_id: str
    content: bytes | None = None


@dataclass(frozen=True)
class Put:
    """A file to add or update, with its own content or another file's."""

    path: str
    mode: str | None = None
    content: bytes | None = None
    source: str | None = None
    is_move: bool = False


@dataclass(frozen=True)
class Request:
    """The changes of a request, with checked paths."""

    puts: tuple[Put, ...] = ()
    deletes: tuple[str, ...] = ()
    modes: Mapping[str, str] = field(default_factory=dict)
    keep_empty_folders: bool = False


@dataclass(frozen=True)
class Plan:
    """The files that the commit writes (`None` removes one) and the parent's files at these paths."""

    written: Mapping[str, File | None]
    before: Mapping[str, File]

    def files(self, *, added: bool = False, updated: bool = False, deleted: bool = False) -> list[dict[str, Any]]:
        """The changed files of a kind, as `FileMetadata`."""
        found = []
        for path, after in sorted(self.written.items()):
            before = self.before.get(path)
            matches = (added and not before) or (updated and before and after) or (deleted and not after)
            shown = after or before
            if matches and shown:
                found.append({"absolutePath": path, "blobId": shown.blob_id, "fileMode": MODE_NAMES[shown.mode]})
        return found


def blob_id(content: bytes) -> str:
    """The id that git gives to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def plan(request: Request, files: Mapping[str, File]) -> Plan:
    """Decide what the commit changes in the parent's files; raises the modelled errors.

    A file keeps its mode if no mode is given.
    """
    _check_counts(request)
    moved = [put.source for put in request.puts if put.source and put.is_move]
    _check_paths(request, moved)
    written: dict[str, File | None] = {}
    for path in (*request.deletes, *moved):
        _require(files, path)
        if request.keep_empty_folders and path.rpartition("/")[2] == _KEEP:
            raise AwsError(
                "InvalidDeletionParameterException", f"{path} keeps its folder, which the request asks to keep."
            )
        written[path] = None
    for put in request.puts:
        written[put.path] = _put(put, files)
    for path, mode in request.modes.items():
        written[path] = File(MODES[mode], _require(files, path).blob_id)
    _check_conflicts([put.path for put in request.puts], written, files)
    if request.keep_empty_folders:
        _keep_folders(written, files)
    changed = {path: after for path, after in written.items() if _differs(files.get(path), after)}
    return Plan(changed, {path: files[path] for path in changed if path in files})


def _check_counts(request: Request) -> None:
    count = len(request.puts) + len(request.deletes) + len(request.modes)
    if count == 0:
        raise AwsError("FileEntryRequiredException", "No files were specified as added, updated or deleted.")
    if count > MAX_ENTRIES:
        raise AwsError(
            "MaximumFileEntriesExceededException",
            f"{count} files were specified; one commit can change {MAX_ENTRIES}. Use git for more.",
        )
    total = sum(len(put.content or b"") for put in request.puts)
    if total > MAX_TOTAL_BYTES or any(len(put.content or b"") > names.MAX_FILE_BYTES for put in request.puts):
        raise AwsError(
            "FileContentSizeLimitExceededException",
            f"A file can have {names.MAX_FILE_BYTES} bytes and all files of a commit {MAX_TOTAL_BYTES}. "
            "Use git for more.",
        )


def _check_paths(request: Request, moved: Iterable[str]) -> None:
    seen: set[str] = set()
    for path in (*(put.path for put in request.puts), *request.deletes, *request.modes, *moved):
        if path in seen:
            raise AwsError("SamePathRequestException", f"{path} is named more than once in this commit.")
        seen.add(path)
    for first, second in pairwise(sorted(put.path + "/" for put in request.puts)):
        if second.startswith(first):
            raise AwsError(
                "PutFileEntryConflictException", f"{first.rstrip('/')} is named both as a file and as a folder."
            )


def _put(put: Put, files: Mapping[str, File]) -> File:
    existing = files.get(put.path)
    if put.source is None:
        if put.content is None:
            raise AwsError(
                "SourceFileOrContentRequiredException", f"{put.path} has neither fileContent nor sourceFile."
            )
        mode = MODES[put.mode] if put.mode else existing.mode if existing else MODES["NORMAL"]
        return File(mode, blob_id(put.content), put.content)
    if put.content is not None:
        raise AwsError("FileContentAndSourceFileSpecifiedException", f"{put.path} has both fileContent and sourceFile.")
    if put.source.rpartition("/")[2] == _KEEP:
        raise AwsError("RestrictedSourceFileException", f"{put.source} cannot be copied or moved.")
    source = _require(files, put.source)
    return File(MODES[put.mode] if put.mode else source.mode, source.blob_id)


def _require(files: Mapping[str, File], path: str) -> File:
    found = files.get(path)
    if found is None:
        raise AwsError("FileDoesNotExistException", f"File {path} does not exist in the parent commit.")
    if found.mode == _SUBMODULE:
        raise AwsError("FilePathConflictsWithSubmodulePathException", f"{path} is a submodule.")
    return found


def _check_conflicts(puts: Iterable[str], written: Mapping[str, File | None], files: Mapping[str, File]) -> None:
    staying = {path for path in files if written.get(path, files[path]) is not None}
    folders = {folder for path in staying for folder in _folders(path)}
    for path in puts:
        for above in (*_folders(path), path):
            if above in files and files[above].mode == _SUBMODULE:
                raise AwsError("FilePathConflictsWithSubmodulePathException", f"{above} is a submodule.")
        if path in folders:
            raise AwsError("FileNameConflictsWithDirectoryNameException", f"{path} is a folder in this repository.")
        for above in _folders(path):
            if above in staying:
                raise AwsError("DirectoryNameConflictsWithFileNameException", f"{above} is a file in this repository.")


def _keep_folders(written: dict[str, File | None], files: Mapping[str, File]) -> None:
    after = {path for path in files.keys() | written.keys() if written.get(path, files.get(path)) is not None}
    filled = {folder for path in after for folder in _folders(path)}
    for path in [path for path, file in written.items() if file is None]:
        folder = path.rpartition("/")[0]
        if folder and folder not in filled:
            written[f"{folder}/{_KEEP}"] = File(MODES["NORMAL"], blob_id(b""), b"")


def _folders(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _differs(before: File | None, after: File | None) -> bool:
    if before is None or after is None:
        return before is not after
    return (before.mode, before.blob_id) != (after.mode, after.blob_id)
