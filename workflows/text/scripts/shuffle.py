"""Shuffles lines that need not fit into memory, the same way for the same seed.

Every line goes to one of many buckets at random, and each bucket is shuffled by itself; together that is a uniform
shuffle of all lines (Rao, 1961; Sandelius, 1962). Choosing the part of each line by a hash instead would need no disk,
but would neither shuffle within the parts nor split them at an exact share.

Runs in the function and in SageMaker's scikit-learn container: Python 3.8 and its standard library must do. Of Python's
generator only `random()` gives the same numbers in all versions:
https://docs.python.org/3/library/random.html#notes-on-reproducibility
"""

from __future__ import annotations

import errno
import random
from collections.abc import Iterator
from pathlib import Path

from workflows.text.scripts.errors import ReviewsError

_BUCKETS = 128
_MEMORY_BYTES = 16 * 1024**2


class Shuffle:
    """Lines of bytes that end in a newline; `folder` holds what exceeds `memory_bytes`, and must be there.

    Iterate once, after the last line is added. Raises ReviewsError if the disk is full.
    """

    def __init__(self, folder: Path, seed: int, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._folder, self._memory_bytes = folder, memory_bytes
        self._random = random.Random(seed)  # noqa: S311  # reproducible, no secret
        self._held: list[list[bytes]] = [[] for _ in range(_BUCKETS)]
        self._on_disk: set[int] = set()
        self._held_bytes = self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, line: bytes) -> None:
        self._held[int(self._random.random() * _BUCKETS)].append(line)
        self._held_bytes += len(line)
        self._count += 1
        if self._held_bytes > self._memory_bytes:
            self._spill()

    def __iter__(self) -> Iterator[bytes]:
        for number, held in enumerate(self._held):
            path = self._path(number)
            if number not in self._on_disk:
                self._mix(held)
                yield from held
            elif path.stat().st_size <= self._memory_bytes:
                lines = path.read_bytes().splitlines(keepends=True) + held
                self._mix(lines)
                yield from lines
            else:
                yield from self._deeper(number, path, held)
            held.clear()
            if number in self._on_disk:
                path.unlink(missing_ok=True)

    def _deeper(self, number: int, path: Path, held: list[bytes]) -> Iterator[bytes]:
        """Shuffle a bucket that does not fit into memory as all lines are shuffled."""
        folder = self._folder / f"in-{number}"
        folder.mkdir()
        inner = Shuffle(folder, int(self._random.random() * 2**53), self._memory_bytes)
        with path.open("rb") as lines:
            for line in lines:
                inner.add(line)
        path.unlink()
        for line in held:
            inner.add(line)
        yield from inner
        folder.rmdir()

    def _mix(self, lines: list[bytes]) -> None:
        """Shuffle in place (Fisher and Yates)."""
        draw = self._random.random
        for last in range(len(lines) - 1, 0, -1):
            other = int(draw() * (last + 1))
            lines[last], lines[other] = lines[other], lines[last]

    def _spill(self) -> None:
        try:
            for number, held in enumerate(self._held):
                if held:
                    with self._path(number).open("ab") as bucket:
                        bucket.writelines(held)
                    self._on_disk.add(number)
                    held.clear()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise ReviewsError(
                f"The disk under {self._folder.parent} is full after {self._count:,} sentences. Split the reviews into "
                "several zips."
            ) from error
        self._held_bytes = 0

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.lines"
