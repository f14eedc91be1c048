"""Reads .lst files: which images a channel has, and of which class each is.

https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html#IC-inputoutput: a line is a unique index, the
number of the class, and the path below the channel's folder, separated by tabs. MXNet's im2rec writes the class as a
decimal fraction (0.000000), which is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError

_FORM = "expected index, class and path, separated by tabs"


@dataclass(frozen=True)
class ListedImages:
    """The images of a channel in the order of its .lst file `listing`; `labels` has one element per image."""

    listing: str
    channel: str
    folder: Path
    paths: list[str]
    labels: NDArray[np.int64]

    def name(self, index: int) -> str:
        return f"{self.channel}/{self.paths[index]}"

    def read(self, index: int) -> bytes:
        return (self.folder / self.paths[index]).read_bytes()


@dataclass(frozen=True)
class _Line:
    """A line of a .lst file; `place` is for messages."""

    place: str
    channel: str
    text: str

    def error(self, reason: str) -> CustomerError:
        return CustomerError(f"Invalid lst file in the {self.channel} channel. {self.place}: {reason}")


def find(folder: Path, channel: str) -> Path:
    """Return the one .lst file of a channel. Raises CustomerError if there is none, or more than one."""
    found = sorted(path for path in folder.rglob("*.lst") if path.is_file())
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise CustomerError(f"Channel {channel!r} must have one file ending in .lst; found {names}")
    return found[0]


def read(listing: Path, channel: str, folder: Path, classes: int) -> ListedImages:
    """Read the .lst file of a channel whose images are in `folder`.

    Raises CustomerError for the first faulty line: a wrong form, a class outside 0 to `classes` - 1, an index that was
    there before, a path that leaves the folder or does not exist.
    """
    paths: list[str] = []
    labels: list[int] = []
    seen: dict[int, int] = {}
    place = f"{channel}_lst/{listing.name}"
    try:
        with listing.open(encoding="utf-8") as lines:
            for number, text in enumerate(lines, start=1):
                if not text.strip():
                    continue
                line = _Line(f"{place}, line {number}", channel, text.rstrip("\r\n"))
                index, label, path = _fields(line, classes)
                if index in seen:
                    raise line.error(f"the index {index} was used before, in line {seen[index]}")
                if not (folder / path).is_file():
                    raise line.error(f"{path!r} does not exist in channel {channel!r}")
                seen[index] = number
                paths.append(path)
                labels.append(label)
    except UnicodeDecodeError:
        raise CustomerError(f"Invalid lst file in the {channel} channel. {place}: not UTF-8") from None
    if not paths:
        raise CustomerError(f"Invalid lst file in the {channel} channel. {place}: no line names an image")
    return ListedImages(listing.name, channel, folder, paths, np.array(labels))


def _fields(line: _Line, classes: int) -> tuple[int, int, str]:
    fields = line.text.split("\t")
    if len(fields) != 3:
        raise line.error(f"found {len(fields)} columns, {_FORM}")
    index, label, path = fields[0].strip(), _whole(fields[1]), fields[2].strip()
    if _whole(index) is None:
        raise line.error(f"the index {index!r} is not a whole number; {_FORM}")
    if label is None or not 0 <= label < classes:
        raise line.error(f"found the class {fields[1]!r}, expected 0 to {classes - 1} (num_classes is {classes})")
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts:
        raise line.error(f"found the path {path!r}, expected one below the channel {line.channel!r}")
    return int(float(index)), label, path


def _whole(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None
