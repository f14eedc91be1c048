"""Reads RecordIO files of images, as MXNet's im2rec writes them.

A record is a magic number, a word with its length in 29 bits and a flag in 3, the data, and zeros up to a multiple of 4
bytes. Data that contains the magic number is divided there into parts with the flags 1, 2 ... 2, 3, which are joined
with it again (https://github.com/dmlc/dmlc-core/blob/main/include/dmlc/recordio.h). Before the image there are 24
bytes: the number of labels, a label as a float and two identifiers; with a number above 0, that many floats follow
(https://mxnet.apache.org/api/architecture/note_data_loading).
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError, NotEmulatedError

_MAGIC = 0xCED7230A
_MAGIC_BYTES = struct.pack("<I", _MAGIC)
_WORDS = struct.Struct("<II")
_HEADER = struct.Struct("<IfQQ")
_LENGTH_BITS = 29
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)


@dataclass(frozen=True)
class RecordedImages:
    """The images of a .rec file; `labels` has one element per image, `starts` where its record begins."""

    place: str
    content: mmap.mmap
    starts: list[int]
    labels: NDArray[np.int64]

    def name(self, index: int) -> str:
        return f"{self.place}, record {index + 1}"

    def read(self, index: int) -> bytes:
        data, _ = _record(self.content, self.starts[index])
        labels, *_ = _HEADER.unpack_from(data)
        return data[_HEADER.size + 4 * labels :]


def read(folder: Path, channel: str, classes: int) -> RecordedImages:
    """Read the one .rec file of a channel. Raises CustomerError for the first faulty record."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix == ".rec")
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise CustomerError(f"Channel {channel!r} must have one file ending in .rec; found {names}")
    place = f"{channel}/{found[0].name}"
    if not found[0].stat().st_size:
        raise CustomerError(f"{place} is empty")
    with found[0].open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    starts: list[int] = []
    labels: list[int] = []
    position = 0
    while position < len(content):
        starts.append(position)
        name = f"{place}, record {len(starts)}"
        try:
            data, position = _record(content, position)
            labels.append(_label(data, name, classes))
        except struct.error:
            raise CustomerError(f"{name}: the file ends within it, or it has no header of an image") from None
        except ValueError as error:
            raise CustomerError(f"{name}: {error}") from None
    return RecordedImages(place, content, starts, np.array(labels))


def _record(content: mmap.mmap, position: int) -> tuple[bytes, int]:
    """Return the data of the record at a position, and where the next one begins.

    Raises ValueError, and struct.error at the end of the file.
    """
    parts: list[bytes] = []
    while True:
        magic, word = _WORDS.unpack_from(content, position)
        if magic != _MAGIC:
            raise ValueError(f"not RecordIO: found {magic:#x} at byte {position}, expected {_MAGIC:#x}")
        flag, length = word >> _LENGTH_BITS, word & ((1 << _LENGTH_BITS) - 1)
        start = position + _WORDS.size
        if start + length > len(content):
            raise ValueError(f"the file ends within its {length} bytes")
        if (flag in (_WHOLE, _FIRST)) == bool(parts) or flag > _LAST:
            raise ValueError(f"found a part with the flag {flag} at byte {position}")
        parts.append(content[start : start + length])
        position = start + (length + 3) // 4 * 4
        if flag in (_WHOLE, _LAST):
            return _MAGIC_BYTES.join(parts), position


def _label(data: bytes, name: str, classes: int) -> int:
    count, label, _, _ = _HEADER.unpack_from(data)
    if count > 1:
        raise NotEmulatedError(f"{name} has {count} labels: local AWS trains one class per image; train on AWS")
    if count == 1:
        (label,) = struct.unpack_from("<f", data, _HEADER.size)
    if not label.is_integer() or not 0 <= label < classes:
        raise CustomerError(
            f"{name}: found the class {label:g}, expected 0 to {classes - 1} (num_classes is {classes})"
        )
    return int(label)
