"""Opens the one file in a zip as a stream, and refuses archives that would unpack to more than they should.

Runs in the function and in SageMaker's scikit-learn container: Python 3.8 and its standard library must do.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from workflows.text.scripts.errors import ReviewsError

_BUFFER_BYTES = 256 * 1024
_DIRECTORY_BYTES = 16 * 1024 * 1024
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError)
_MAC_FORKS = "__MACOSX/"
"""The folder in which macOS stores attributes of files."""


class Limits(NamedTuple):
    """What a file may unpack to: bytes, and bytes for each compressed byte once it is above `small_bytes`.

    Deflate reaches a ratio of 1,032; a file of reviews has about 3.
    """

    unpacked_bytes: int = 10 * 1024**3
    ratio: int = 200
    small_bytes: int = 1024**2


LIMITS = Limits()


@contextmanager
def open_only_file(archive: BinaryIO, name: str, limits: Limits = LIMITS) -> Iterator[BinaryIO]:
    """Open the only file in the zip `archive`, which can seek; `name` is what messages call it.

    Raises ReviewsError for what is not a zip, for a truncated or damaged one, for one with no or several files, and,
    also while the stream is read, for one that unpacks to more than `limits`.
    """
    with _opened(archive, name) as zipped:
        entry = _only_file(zipped, name)
        unpacked = _Unpacked(zipped, entry, name, limits)
        with io.BufferedReader(unpacked, _BUFFER_BYTES) as stream:
            yield stream


def _opened(archive: BinaryIO, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(_Cautious(archive, name))
    except zipfile.BadZipFile as error:
        archive.seek(0)
        if archive.read(4) == b"PK\x03\x04":
            raise ReviewsError(
                f"{name}: found the beginning of a zip, but no directory at its end ({error}). "
                "It is probably truncated: upload it again."
            ) from error
        raise ReviewsError(f"{name}: found no zip ({error}); expected a zip with one file of JSON lines.") from error
    except (NotImplementedError, ValueError) as error:
        raise ReviewsError(f"{name}: found a zip that cannot be read ({error}). Zip the file again.") from error


def _only_file(zipped: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    files = [one for one in zipped.infolist() if not one.is_dir() and not one.filename.startswith(_MAC_FORKS)]
    if len(files) == 1:
        return files[0]
    found = f"{len(files)} files ({', '.join(one.filename for one in files[:3])})" if files else "no file"
    raise ReviewsError(f"{name}: found {found} in the zip; expected one file of JSON lines.")


class _Cautious:
    """The archive for `zipfile`, which would read a directory of any size into memory at once."""

    def __init__(self, archive: BinaryIO, name: str) -> None:
        self._archive, self._name = archive, name
        self.seek, self.tell, self.seekable = archive.seek, archive.tell, archive.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _DIRECTORY_BYTES:
            raise ReviewsError(
                f"{self._name}: found a zip directory of {size:,} bytes; at most {_DIRECTORY_BYTES:,} are read. "
                "Expected a zip with one file of JSON lines."
            )
        return self._archive.read(_DIRECTORY_BYTES if size < 0 else size)


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of an entry, counted: sizes in the directory of a zip need not be true."""

    def __init__(self, zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, limits: Limits) -> None:
        self._name, self._count = f"{name}, {entry.filename}", 0
        by_ratio = max(limits.small_bytes, limits.ratio * entry.compress_size)
        self._most = min(limits.unpacked_bytes, by_ratio)
        self._limits = limits
        self._check(entry.file_size)
        try:
            self._stream = zipped.open(entry)
        except (*_FAULTS, NotImplementedError, RuntimeError) as error:
            raise ReviewsError(f"{self._name}: cannot be unpacked ({error}). Zip the file again.") from error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the buffer of BufferedReader
        try:
            content = self._stream.read(len(buffer))
        except _FAULTS as error:
            raise ReviewsError(
                f"{self._name}: damaged or truncated after {self._count:,} bytes ({error}). Upload it again."
            ) from error
        self._count += len(content)
        self._check(self._count)
        buffer[: len(content)] = content
        return len(content)

    def _check(self, unpacked_bytes: int) -> None:
        if unpacked_bytes > self._most:
            raise ReviewsError(
                f"{self._name}: unpacks to {unpacked_bytes:,} bytes or more; at most {self._limits.unpacked_bytes:,} "
                f"are accepted, and {self._limits.ratio} for each compressed byte. Split the reviews into several zips."
            )
