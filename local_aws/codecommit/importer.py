"""Writes commits with `git fast-import`: one process for any number of files.

https://git-scm.com/docs/git-fast-import
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from local_aws.codecommit import names
from local_aws.codecommit.changes import MODES, Plan
from local_aws.codecommit.git import GitError, Repository
from local_aws.wire import AwsError

_CHUNK = 1 << 20
_NOT_IN_NAMES = str.maketrans("", "", "<>\n\r\0")


@dataclass(frozen=True)
class NewCommit:
    """A commit to be written on a branch; `seconds` is Unix time."""

    branch: str
    parent: str | None
    author: str
    email: str
    message: str
    seconds: int


@dataclass(frozen=True)
class Written:
    """The ids of a commit and its tree."""

    commit_id: str
    tree_id: str


def write_plan(repository: Repository, commit: NewCommit, plan: Plan) -> Written:
    """Write a commit with the changes of a plan; raises GitError."""
    return _import(repository, commit, _plan_stream(plan))


def write_zip(repository: Repository, commit: NewCommit, archive: zipfile.ZipFile) -> Written:
    """Write a commit whose files are those of a zip archive; raises InvalidPathException or GitError."""
    return _import(repository, commit, _zip_stream(archive))


def _import(repository: Repository, commit: NewCommit, files: Iterable[bytes]) -> Written:
    with repository.start("fast-import", "--quiet", "--done", "--date-format=raw") as process:
        if process.stdin is None:
            raise GitError("git fast-import has no standard input")
        try:
            for chunk in chain(_head(commit), files):
                process.stdin.write(chunk)
            output, errors = process.communicate(b'get-mark :1\nls :1 ""\ndone\n')
        except BrokenPipeError:
            output, errors = process.communicate()
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise GitError(f"git fast-import: {errors.decode(errors='replace').strip()}")
    commit_line, tree_line = output.decode().splitlines()
    return Written(commit_line, tree_line.split()[2])


def _head(commit: NewCommit) -> Iterator[bytes]:
    author, email = commit.author.translate(_NOT_IN_NAMES), commit.email.translate(_NOT_IN_NAMES)
    yield f"commit refs/heads/{commit.branch}\nmark :1\n".encode()
    yield f"committer {author} <{email}> {commit.seconds} +0000\n".encode()
    yield _data(commit.message.encode())
    if commit.parent:
        yield f"from {commit.parent}\n".encode()


def _plan_stream(plan: Plan) -> Iterator[bytes]:
    for path, file in sorted(plan.written.items(), key=lambda item: item[1] is not None):
        if file is None:
            yield f"D {_quoted(path)}\n".encode()
        elif file.content is None:
            yield f"M {file.mode} {file.blob_id} {_quoted(path)}\n".encode()
        else:
            yield f"M {file.mode} inline {_quoted(path)}\n".encode()
            yield _data(file.content)


def _zip_stream(archive: zipfile.ZipFile) -> Iterator[bytes]:
    for info in archive.infolist():
        if info.is_dir():
            continue
        mode = info.external_attr >> 16
        if info.filename.startswith("/"):
            raise AwsError("InvalidPathException", f"The path '{info.filename}' in the archive is not relative.")
        path = names.path(info.filename)
        kind = "SYMLINK" if stat.S_ISLNK(mode) else "EXECUTABLE" if mode & stat.S_IXUSR else "NORMAL"
        yield f"M {MODES[kind]} inline {_quoted(path)}\ndata {info.file_size}\n".encode()
        with archive.open(info) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
        yield b"\n"


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
