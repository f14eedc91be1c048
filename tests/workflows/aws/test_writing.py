from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.pipeline_lambdas.fixtures import account, own_clients, service_models
from workflows.aws import connections
from workflows.aws.reading import read_chunks, read_small
from workflows.aws.writing import PART_BYTES, write_chunks

__all__ = ["account", "own_clients", "service_models"]

BUCKET = "lists"
KEY = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666"


@pytest.fixture(autouse=True)
def _bucket() -> Iterator[None]:
    connections.s3.cache_clear()
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield
    connections.s3.cache_clear()


def write(*chunks: bytes) -> int:
    return write_chunks(BUCKET, "a.lst", iter(chunks), "text/plain", KEY)


def head() -> dict[str, Any]:
    found: dict[str, Any] = boto3.client("s3").head_object(Bucket=BUCKET, Key="a.lst")
    return found


def test_a_small_object_is_written_at_once() -> None:
    assert write(b"a\n", b"b\n") == 4
    assert read_small(BUCKET, "a.lst") == b"a\nb\n"
    assert (head()["ServerSideEncryption"], head()["SSEKMSKeyId"]) == ("aws:kms", KEY)
    assert head()["ContentType"] == "text/plain"


def test_without_a_key_the_bucket_decides() -> None:
    assert write_chunks(BUCKET, "a.lst", [b"a\n"], "text/plain") == 2
    assert head().get("SSEKMSKeyId") is None


def test_lines_are_joined_to_parts() -> None:
    line = b"x" * 1023 + b"\n"
    count = PART_BYTES // len(line)
    for more, parts in ((-1, None), (0, "-1"), (1, "-2")):
        assert write(*[line] * (count + more)) == (count + more) * len(line)
        assert head()["ETag"].strip('"').partition("-")[2] == (parts or "").removeprefix("-")


def test_nothing_is_an_empty_object() -> None:
    assert write() == 0
    assert read_small(BUCKET, "a.lst") == b""


def test_a_large_object_is_written_in_parts() -> None:
    chunk = bytes(range(256)) * 4096
    count = 2 * PART_BYTES // len(chunk) + 3
    assert write(*[chunk] * count) == count * len(chunk)
    assert b"".join(read_chunks(BUCKET, "a.lst", 1000)) == chunk * count
    assert head()["ETag"].endswith('-3"')
    assert head()["ServerSideEncryption"] == "aws:kms"


def test_what_fails_in_the_middle_leaves_the_object_as_it_was() -> None:
    write(b"before")

    def broken() -> Iterator[bytes]:
        yield b"x" * (2 * PART_BYTES)
        yield b"x" * PART_BYTES
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_chunks(BUCKET, "a.lst", broken(), "text/plain", KEY)
    assert read_small(BUCKET, "a.lst") == b"before"
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket=BUCKET)


def test_a_missing_object_is_none() -> None:
    assert read_small(BUCKET, "nothing") is None
