"""Archives that are read, and those that are refused, each with its sentence."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.workflows.text.zips import zipped
from workflows.text.scripts.archive import Limits, open_only_file
from workflows.text.scripts.errors import ReviewsError

TEXT = b"".join(b"line %d of the file\n" % number for number in range(20_000))


def read(content: bytes, limits: Limits | None = None) -> bytes:
    with open_only_file(io.BytesIO(content), "s3://b/k.zip", limits or Limits()) as stream:
        return stream.read()


def refusal(content: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(ReviewsError) as error:
        read(content, limits)
    return str(error.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_one_file_is_read_however_it_is_packed(method: int) -> None:
    assert read(zipped({"a.json": TEXT}, method)) == TEXT


def test_folders_and_attributes_of_macos_are_no_files() -> None:
    assert read(zipped({"data/": b"", "__MACOSX/._a.json": b"x", "data/a.json": TEXT})) == TEXT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "s3://b/k.zip: found no zip (File is not a zip file); expected a zip with one file of JSON lines."),
        (TEXT, "s3://b/k.zip: found no zip (File is not a zip file); expected a zip with one file of JSON lines."),
        (zipped({}), "s3://b/k.zip: found no file in the zip; expected one file of JSON lines."),
        (zipped({"d/": b""}), "s3://b/k.zip: found no file in the zip; expected one file of JSON lines."),
        (
            zipped({"a": b"", "b": b"", "c": b"", "d": b""}),
            "s3://b/k.zip: found 4 files (a, b, c) in the zip; expected one file of JSON lines.",
        ),
        (
            zipped({"a.json": TEXT})[:-1000],
            "s3://b/k.zip: found the beginning of a zip, but no directory at its end (File is not a zip file). It is "
            "probably truncated: upload it again.",
        ),
    ],
)
def test_what_is_no_zip_with_one_file(content: bytes, message: str) -> None:
    assert refusal(content) == message


def test_a_damaged_file_is_told_where_it_ends() -> None:
    content = bytearray(zipped({"a.json": TEXT}))
    content[500:600] = bytes(100)
    assert refusal(bytes(content)).startswith("s3://b/k.zip, a.json: damaged or truncated after ")


def test_an_encrypted_file() -> None:
    content = bytearray(zipped({"a.json": TEXT}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    assert "a.json: cannot be unpacked (" in refusal(bytes(content))
    assert "password" in refusal(bytes(content))


def test_a_bomb_is_refused_by_its_ratio_and_by_its_size() -> None:
    bomb = zipped({"a.json": bytes(5_000_000)})
    assert refusal(bomb) == (
        "s3://b/k.zip, a.json: unpacks to 5,000,000 bytes or more; at most 10,737,418,240 are accepted, and 200 for "
        "each compressed byte. Split the reviews into several zips."
    )
    assert "at most 4,000,000 are accepted" in refusal(zipped({"a.json": bytes(5_000_000)}), Limits(4_000_000, 10**6))


def test_a_bomb_that_lies_about_its_size_is_refused_while_it_is_read() -> None:
    """With a size of 1 GB in the directory and no more than that much to unpack, less than the limit is unpacked."""
    size = 5_000_000
    content = zipped({"a.json": bytes(size)})
    honest, small = size.to_bytes(4, "little"), (1000).to_bytes(4, "little")
    assert content.count(honest) == 2
    lying = content.replace(honest, small)
    assert "damaged or truncated" in refusal(lying)
    limits = Limits(unpacked_bytes=10**9, ratio=10**6)
    with open_only_file(io.BytesIO(content), "k", limits) as stream:
        raw = stream.raw  # type: ignore[attr-defined]  # the counter itself, with its bound lowered after the start
        raw._most = 1_000_000
        with pytest.raises(ReviewsError, match="unpacks to 1,"):
            stream.read()


def test_a_directory_of_any_size_is_not_read_into_memory() -> None:
    """The end of a zip names the size of its directory: here 20 MB, which are there."""
    content = bytearray(bytes(20_000_000) + zipped({}))
    content[-10:-6] = (20_000_000).to_bytes(4, "little")
    content[-14:-10] = (1).to_bytes(2, "little") * 2
    assert refusal(bytes(content)).startswith("s3://b/k.zip: found a zip directory of 20,000,000 bytes; at most ")
