from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody

from pipeline_lambdas.runtime.failures import AwsRequestError, UnavailableError
from workflows.aws import lines as module
from workflows.aws.lines import lines
from workflows.runtime.errors import DataError


class Store:
    """Answers GetObject with one body, or an error."""

    def __init__(self, answer: bytes | str | io.IOBase) -> None:
        self.answer = answer
        self.body: StreamingBody | None = None

    def get_object(self, **_: Any) -> dict[str, Any]:
        if isinstance(self.answer, str):
            raise ClientError({"Error": {"Code": self.answer, "Message": "no"}}, "GetObject")
        raw = io.BytesIO(self.answer) if isinstance(self.answer, bytes) else self.answer
        self.body = StreamingBody(raw, None)
        return {"Body": self.body}


class Breaking(io.BytesIO):
    """A connection that ends after its first chunk."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise ReadTimeoutError(endpoint_url="http://s3")
        return super().read(size)


def store(monkeypatch: pytest.MonkeyPatch, answer: bytes | str | io.IOBase) -> Store:
    made = Store(answer)
    monkeypatch.setattr(module, "client", lambda _: made)
    return made


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (b"", []),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb", ["a", "b"]),
        (b"a\n\n\nb\n", ["a", "", "", "b"]),
        ("grün\n".encode(), ["grün"]),
        # Longer than a chunk, and lines that chunks cut in two.
        (b"x" * 200_000 + b"\ny\n", ["x" * 200_000, "y"]),
        (b"".join(b"%07d\n" % number for number in range(30_000)), [f"{number:07d}" for number in range(30_000)]),
    ],
)
def test_lines_come_as_they_are_written(monkeypatch: pytest.MonkeyPatch, content: bytes, read: list[str]) -> None:
    made = store(monkeypatch, content)
    assert list(lines("bucket", "key")) == read
    assert made.body is not None
    assert made.body._raw_stream.closed


@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchBucket"])
def test_an_object_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    store(monkeypatch, code)
    with pytest.raises(DataError, match=rf"s3://bucket/key: found no object \({code}\)"):
        list(lines("bucket", "key"))


def test_another_refusal_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    store(monkeypatch, "InvalidObjectState")
    with pytest.raises(AwsRequestError, match="InvalidObjectState"):
        list(lines("bucket", "key"))


def test_bytes_that_are_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    store(monkeypatch, b"a\n\xff\n")
    read = lines("bucket", "key")
    assert next(read) == "a"
    with pytest.raises(DataError, match="s3://bucket/key: found bytes that are not UTF-8"):
        next(read)


def test_a_connection_that_ends_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of the rows would be judged for all of them."""
    store(monkeypatch, Breaking(b"a\n" * 100_000))
    with pytest.raises(UnavailableError):
        list(lines("bucket", "key"))
