"""Parts of a listing: what one range of one class folder holds."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workflows.images.dataset.ranges import KeyRange

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
"""The image files that the algorithm reads, in capitals or not."""
_UNLISTABLE = re.compile(r"[\t\r\n]|//")
_NAMED = 5
"""How many objects a message names."""


@dataclass(slots=True)
class Tally:
    """Counts of objects by what they are; of those that are refused also the first few keys."""

    images: int = 0
    image_bytes: int = 0
    hidden: int = 0
    other: int = 0
    empty: int = 0
    unlistable: int = 0
    named: list[str] = field(default_factory=list)

    def __add__(self, more: Tally) -> Tally:
        mine, others = asdict(self), asdict(more)
        named = (self.named + more.named)[:_NAMED]
        return Tally(**{name: mine[name] + others[name] for name in mine if name != "named"}, named=named)

    def refuse(self, key: str) -> None:
        """Name an object in the message."""
        if len(self.named) < _NAMED:
            self.named.append(key)

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Tally:
        return cls(**document)


def sort_objects(objects: Iterable[tuple[str, int]], folder: str, tally: Tally) -> Iterator[str]:
    """Count objects below a folder and yield the paths of images, relative to the folder.

    A path with a tab or the end of a line cannot stand in a list, one with `//` is none on a disk, and an image without
    bytes cannot be read: all are refused. Folders that a console has made, empty objects whose keys end with `/`, are
    not counted.
    """
    for key, size in objects:
        name = key.rpartition("/")[2]
        if not name:
            continue
        if name.startswith("."):
            tally.hidden += 1
        elif not name.lower().endswith(SUFFIXES):
            tally.other += 1
        elif not size:
            tally.empty += 1
            tally.refuse(key)
        elif _UNLISTABLE.search(key):
            tally.unlistable += 1
            tally.refuse(repr(key))
        else:
            tally.images += 1
            tally.image_bytes += size
            yield key.removeprefix(folder)


@dataclass(slots=True)
class Part:
    """What a range holds: counts, and a file with the path of each image on a line, in their order."""

    prefix: str
    start: str
    file: Path
    tally: Tally = field(default_factory=Tally)

    def add(self, paths: Iterable[str]) -> None:
        with self.file.open("ab") as file:
            file.writelines(f"{path}\n".encode() for path in paths)

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        """Yield the file."""
        if self.file.exists():
            with self.file.open("rb") as file:
                while chunk := file.read(size):
                    yield chunk


class Parts:
    """The parts of all ranges, in files of a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[tuple[str, str], Part] = {}
        self._lock = threading.Lock()

    def take(self, wanted: KeyRange, objects: list[tuple[str, int]]) -> None:
        """Add a page of a range of a class folder; paths begin with the class."""
        part = self._part(wanted)
        above = wanted.prefix[:-1].rpartition("/")[0]
        part.add(sort_objects(objects, f"{above}/", part.tally))

    def of(self, prefix: str) -> list[Part]:
        """Return the parts of a folder in the order of their keys."""
        return sorted((part for part in self._found.values() if part.prefix == prefix), key=lambda part: part.start)

    def _part(self, wanted: KeyRange) -> Part:
        identity = (wanted.prefix, wanted.start)
        with self._lock:
            if identity not in self._found:
                file = self._folder / f"part-{len(self._found)}"
                self._found[identity] = Part(*identity, file)
            return self._found[identity]
