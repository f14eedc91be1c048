"""An object that is read in ranges: the right bytes, few requests, and no mixture of two versions."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline_lambdas.aws import clients
from pipeline_lambdas.runtime.failures import PermissionDeniedError
from tests.events import DATA_BUCKET
from tests.pipeline_lambdas.aws_doubles import client_of, stubbed
from workflows.aws import ranged_object
from workflows.aws.ranged_object import ObjectChangedError, open_object

CONTENT = random.Random(1).randbytes(100_000)  # noqa: S311  # data, not cryptography


@pytest.fixture
def ranges(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The ranges that are asked for; the object is in S3, and ranges have 10,000 bytes."""
    request.getfixturevalue("buckets")
    client_of("s3").put_object(Bucket=DATA_BUCKET, Key="k", Body=CONTENT)
    monkeypatch.setattr(ranged_object, "RANGE_BYTES", 10_000)
    asked: list[str] = []
    client = clients.client("s3")

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(params["Range"])

    client.meta.events.register("provide-client-params.s3.GetObject", note)
    yield asked
    client.meta.events.unregister("provide-client-params.s3.GetObject", note)


def test_the_bytes_are_those_of_the_object(ranges: list[str]) -> None:
    with open_object(DATA_BUCKET, "k") or io.BytesIO() as file:
        assert file.seek(-10, io.SEEK_END) == 99_990
        assert file.read() == CONTENT[-10:]
        assert file.read(5) == b""
        assert file.seek(0) == 0
        assert b"".join(iter(lambda: file.read(999), b"")) == CONTENT
        assert ranges == ["bytes=99990-99999"] + [f"bytes={n}-{n + 9_999}" for n in range(0, 100_000, 10_000)]
        file.seek(50_000)
        file.seek(5, io.SEEK_CUR)
        assert file.read(3) == CONTENT[50_005:50_008]
        with pytest.raises(OSError, match="seek to -1, before the beginning"):
            file.seek(-1)


def test_an_object_that_changes_is_not_mixed(ranges: list[str]) -> None:
    with open_object(DATA_BUCKET, "k") or io.BytesIO() as file:
        file.read(10)
        client_of("s3").put_object(Bucket=DATA_BUCKET, Key="k", Body=CONTENT[::-1])
        with pytest.raises(ObjectChangedError):
            file.read()
    assert ranges


@pytest.mark.usefixtures("buckets")
def test_no_object() -> None:
    assert open_object(DATA_BUCKET, "none") is None


def test_an_object_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with stubbed(monkeypatch, "s3") as stub:
        assert isinstance(stub, Stubber)
        stub.add_client_error("head_object", "403", "Forbidden", 403)
        with pytest.raises(PermissionDeniedError, match="HeadObject"):
            open_object(DATA_BUCKET, "k")
