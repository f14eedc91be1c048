from __future__ import annotations

from typing import Any

import pytest

from local_aws.codecommit.changes import File, Plan, Put, Request, blob_id, plan
from local_aws.wire import AwsError

NORMAL, EXECUTABLE = "100644", "100755"
PARENT = {
    "README.md": File(NORMAL, blob_id(b"read me")),
    "src/run.sh": File(EXECUTABLE, blob_id(b"run")),
    "src/deep/only.txt": File(NORMAL, blob_id(b"only")),
    "empty/.gitkeep": File(NORMAL, blob_id(b"")),
    "library": File("160000", "c" * 40),
}


def planned(**request: Any) -> Plan:
    return plan(Request(**request), PARENT)


def test_the_blob_id_is_gits() -> None:
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_a_file_is_added_updated_and_deleted() -> None:
    made = planned(puts=(Put("new.txt", content=b"new"), Put("src/run.sh", content=b"faster")), deletes=("README.md",))
    assert made.written == {
        "new.txt": File(NORMAL, blob_id(b"new"), b"new"),
        "src/run.sh": File(EXECUTABLE, blob_id(b"faster"), b"faster"),
        "README.md": None,
    }
    assert made.files(added=True) == [
        {"absolutePath": "new.txt", "blobId": blob_id(b"new"), "fileMode": "NORMAL"},
    ]
    assert made.files(updated=True) == [
        {"absolutePath": "src/run.sh", "blobId": blob_id(b"faster"), "fileMode": "EXECUTABLE"},
    ]
    assert made.files(deleted=True) == [
        {"absolutePath": "README.md", "blobId": blob_id(b"read me"), "fileMode": "NORMAL"},
    ]


def test_a_file_is_copied_and_moved() -> None:
    made = planned(puts=(Put("copy.md", source="README.md"), Put("bin/run", source="src/run.sh", is_move=True)))
    assert made.written == {
        "copy.md": File(NORMAL, blob_id(b"read me")),
        "bin/run": File(EXECUTABLE, blob_id(b"run")),
        "src/run.sh": None,
    }


def test_a_mode_is_changed() -> None:
    made = planned(modes={"README.md": "EXECUTABLE"})
    assert made.written == {"README.md": File(EXECUTABLE, blob_id(b"read me"))}


def test_what_stays_the_same_is_not_written() -> None:
    made = planned(puts=(Put("README.md", content=b"read me"),), modes={"src/run.sh": "EXECUTABLE"})
    assert made.written == {}


def test_an_emptied_folder_is_kept_if_asked() -> None:
    deleted: dict[str, File | None] = {"src/deep/only.txt": None}
    assert planned(deletes=("src/deep/only.txt",)).written == deleted
    kept = planned(deletes=("src/deep/only.txt",), keep_empty_folders=True)
    assert kept.written == deleted | {"src/deep/.gitkeep": File(NORMAL, blob_id(b""), b"")}
    assert planned(deletes=("README.md",), keep_empty_folders=True).written == {"README.md": None}


def test_a_file_may_replace_a_deleted_folder() -> None:
    made = planned(puts=(Put("src/deep", content=b"file"),), deletes=("src/deep/only.txt",))
    assert made.written["src/deep"] == File(NORMAL, blob_id(b"file"), b"file")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({}, "FileEntryRequiredException"),
        ({"puts": tuple(Put(f"f{n}", content=b"x") for n in range(101))}, "MaximumFileEntriesExceededException"),
        ({"puts": (Put("a", content=b"x" * (6 * 2**20 + 1)),)}, "FileContentSizeLimitExceededException"),
        ({"puts": (Put("a", content=b"x" * 2**22), Put("b", content=b"x" * 2**22))}, "FileContentSizeLimitExceeded"),
        ({"puts": (Put("a", content=b"1"), Put("a", content=b"2"))}, "SamePathRequestException"),
        ({"puts": (Put("README.md", content=b"1"),), "deletes": ("README.md",)}, "SamePathRequestException"),
        ({"puts": (Put("b", source="README.md", is_move=True),), "deletes": ("README.md",)}, "SamePathRequest"),
        ({"puts": (Put("a", content=b"1"), Put("a/b", content=b"2"))}, "PutFileEntryConflictException"),
        ({"puts": (Put("a"),)}, "SourceFileOrContentRequiredException"),
        ({"puts": (Put("a", content=b"1", source="README.md"),)}, "FileContentAndSourceFileSpecifiedException"),
        ({"puts": (Put("a", source="empty/.gitkeep"),)}, "RestrictedSourceFileException"),
        ({"puts": (Put("a", source="none"),)}, "FileDoesNotExistException"),
        ({"puts": (Put("src", content=b"1"),)}, "FileNameConflictsWithDirectoryNameException"),
        ({"puts": (Put("README.md/x", content=b"1"),)}, "DirectoryNameConflictsWithFileNameException"),
        ({"puts": (Put("library/x", content=b"1"),)}, "FilePathConflictsWithSubmodulePathException"),
        ({"puts": (Put("library", content=b"1"),)}, "FilePathConflictsWithSubmodulePathException"),
        ({"deletes": ("library",)}, "FilePathConflictsWithSubmodulePathException"),
        ({"deletes": ("none",)}, "FileDoesNotExistException"),
        ({"deletes": ("empty/.gitkeep",), "keep_empty_folders": True}, "InvalidDeletionParameterException"),
        ({"modes": {"none": "NORMAL"}}, "FileDoesNotExistException"),
    ],
)
def test_what_is_refused(request_: dict[str, Any], code: str) -> None:
    with pytest.raises(AwsError) as caught:
        planned(**request_)
    assert caught.value.code.removesuffix("Exception") == code.removesuffix("Exception")
