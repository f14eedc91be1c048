"""Limits for unpacking an archive that somebody else packed.

AWS bounds it by the volume of an instance or a build. A machine that runs local AWS has one disk for everything, so the
limits here are its own.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib

MOST_BYTES = 2 * 1024**3
MOST_MEMBERS = 100_000


class TooLargeError(ValueError):
    """The archive unpacks to more than is allowed; the message says how much that is."""


class Budget:
    """The part of its limits that an archive has used."""

    def __init__(self) -> None:
        self._bytes = self._members = 0

    def take(self, size_bytes: int) -> None:
        """Count a member before it is unpacked. Raises TooLargeError."""
        self._bytes += size_bytes
        self._members += 1
        if self._bytes > MOST_BYTES:
            raise TooLargeError(f"it unpacks to more than {MOST_BYTES:,} bytes, the limit of local AWS")
        if self._members > MOST_MEMBERS:
            raise TooLargeError(f"it has more than {MOST_MEMBERS:,} members, the limit of local AWS")


class BoundedGzip(gzip.GzipFile):
    """A gzip file that ends in TooLargeError where it swells beyond the limit, headers of members included."""

    def read(self, size: int | None = -1) -> bytes:
        # A header of tar may claim any length, and is read into memory at once.
        if size is not None and size > MOST_BYTES:
            raise TooLargeError(f"a part of it has more than {MOST_BYTES:,} bytes, the limit of local AWS")
        return super().read(size)


def check_zip(archive: zipfile.ZipFile) -> None:
    """Raise TooLargeError for a zip archive beyond the limits, by the sizes in its directory, which bind its reader."""
    budget = Budget()
    for entry in archive.infolist():
        budget.take(entry.file_size)


UNREADABLE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error)
"""What zipfile raises for an archive or a member that it cannot read: damaged, encrypted, of another method."""
