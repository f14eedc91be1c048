"""model.tar.gz and output.tar.gz: packed reproducibly, unpacked as untrusted input."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from local_aws.archive_limits import BoundedGzip, Budget

_LEVEL = 1
"""Boosters hardly compress; a higher level takes seconds more per 100 MB and saves a few percent."""


class ArchiveError(Exception):
    """The file is not a tar.gz, or a member would be written outside the folder."""


def pack(folder: Path, archive: Path) -> None:
    """Write the folder's content to a new tar.gz. Equal content gives equal bytes: no times, no owners, sorted.

    What lies at its place is replaced, and never written through: a job may have made a link there.
    """
    archive.unlink(missing_ok=True)
    with (
        archive.open("xb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path in sorted(folder.rglob("*")):
            member = tar.gettarinfo(path, arcname=path.relative_to(folder).as_posix())
            member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
            if member.isfile():
                with path.open("rb") as content:
                    tar.addfile(member, content)
            else:
                tar.addfile(member)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar.gz into a new folder. Raises ArchiveError; then nothing is left.

    Absolute paths, `..`, links out of the folder and device files are refused, by tarfile's data filter where there is
    one: Python 3.11 has it from 3.11.4 on (https://docs.python.org/3/library/tarfile.html#tarfile.data_filter).
    Earlier versions refuse all links. Archives beyond the limits of `archive_limits` are refused, and so are sparse
    files, which claim to be larger than their data.
    """
    folder.mkdir(parents=True)
    try:
        with BoundedGzip(archive) as plain, tarfile.open(fileobj=plain, mode="r:") as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(folder, members=_counted(tar), filter="data")
            else:
                tar.extractall(folder, members=plain_members(_counted(tar)))  # noqa: S202 - each member is checked
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ArchiveError(str(error)) from None


def _counted(members: Iterable[tarfile.TarInfo]) -> Iterator[tarfile.TarInfo]:
    """The members, each counted before it is unpacked."""
    budget = Budget()
    for member in members:
        if member.issparse():
            raise ValueError(f"{member.name}: found a sparse file")
        budget.take(member.size)
        yield member


def plain_members(members: Iterable[tarfile.TarInfo]) -> Iterator[tarfile.TarInfo]:
    """Accept plain files and folders below the folder, readable by all. Raises ValueError for anything else."""
    for member in members:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
            raise ValueError(f"{member.name}: found a path outside the folder, a link or a device")
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        yield member


def is_empty(folder: Path) -> bool:
    """Whether the folder is empty or does not exist."""
    return not folder.is_dir() or next(folder.iterdir(), None) is None
