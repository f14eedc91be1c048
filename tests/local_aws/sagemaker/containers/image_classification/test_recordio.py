from __future__ import annotations

import struct
from pathlib import Path

import pytest

from local_aws.sagemaker.containers.image_classification import recordio
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError

MAGIC = struct.pack("<I", 0xCED7230A)


def part(data: bytes, flag: int = 0) -> bytes:
    return MAGIC + struct.pack("<I", flag << 29 | len(data)) + data + b"\0" * (-len(data) % 4)


def image(label: float, data: bytes, *labels: float) -> bytes:
    """The content of a record, with its header."""
    return struct.pack("<IfQQ", len(labels), label, 5, 0) + struct.pack(f"<{len(labels)}f", *labels) + data


def read(folder: Path, content: bytes) -> recordio.RecordedImages:
    (folder / "train.rec").write_bytes(content)
    return recordio.read(folder, "train", 3)


def test_records_are_read_as_mxnet_writes_them(tmp_path: Path) -> None:
    divided = image(0, b"ab")
    found = read(
        tmp_path,
        part(image(2, b"first"))
        + part(divided, 1)
        + part(b"middle", 2)
        + part(b"end", 3)
        + part(image(0, b"one label", 1.0)),
    )
    assert found.labels.tolist() == [2, 0, 1]
    assert [found.read(index) for index in range(3)] == [
        b"first",
        b"ab" + MAGIC + b"middle" + MAGIC + b"end",
        b"one label",
    ]
    assert found.name(1) == "train/train.rec, record 2"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "train/train.rec is empty"),
        (b"GIF89a, or so", "record 1: not RecordIO: found 0x38464947 at byte 0, expected 0xced7230a"),
        (part(image(0, b"a")) + MAGIC, "record 2: the file ends within it"),
        (part(image(0, b"aaaa"))[:-4], "record 1: the file ends within its 28 bytes"),
        (part(b"short"), "record 1: the file ends within it, or it has no header of an image"),
        (part(image(0, b"a"), 2), "record 1: found a part with the flag 2 at byte 0"),
        (part(image(0, b"a"), 1) + part(image(0, b"a")), "record 1: found a part with the flag 0 at byte 36"),
        (part(image(3, b"a")), "record 1: found the class 3, expected 0 to 2 (num_classes is 3)"),
        (part(image(0.5, b"a")), "record 1: found the class 0.5"),
        (part(image(float("nan"), b"a")), "record 1: found the class nan"),
        (part(image(0, b"a", 1.0, 0.0)), "record 1 has 2 labels: local AWS trains one class per image"),
    ],
)
def test_the_first_faulty_record_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(CustomerError) as refused:
        read(tmp_path, content)
    assert reason in str(refused.value)


def test_a_channel_has_one_file_of_records(tmp_path: Path) -> None:
    with pytest.raises(CustomerError, match=r"must have one file ending in \.rec; found none"):
        recordio.read(tmp_path, "train", 3)
