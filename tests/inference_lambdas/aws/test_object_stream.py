from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ResponseStreamingError

from inference_lambdas.aws.s3 import PART_BYTES, Bucket, ObjectStream
from pipeline_lambdas.aws import clients
from pipeline_lambdas.runtime.failures import ConfigurationError, UnavailableError
from tests.events import DATA_BUCKET, KMS_KEY_ARN
from tests.pipeline_lambdas.aws_doubles import client_of

BUCKET = Bucket(DATA_BUCKET)
CONTENT = bytes(range(256)) * 40

pytestmark = pytest.mark.usefixtures("buckets")


def put(content: bytes = CONTENT) -> str:
    etag: str = client_of("s3").put_object(Bucket=DATA_BUCKET, Key="k", Body=content)["ETag"]
    return etag


def read_all(stream: ObjectStream) -> bytes:
    return b"".join(iter(lambda: stream.read(1000), b""))


@pytest.mark.parametrize("offset", [0, 1, 5000])
def test_reading_from_an_offset(offset: int) -> None:
    etag = put()
    stream = ObjectStream(BUCKET, "k", offset)
    assert stream.etag == etag
    assert stream.size_bytes == len(CONTENT)
    assert read_all(stream) == CONTENT[offset:]
    stream.close()


def test_other_content_is_refused() -> None:
    etag = put()
    put(b"other")
    with pytest.raises(ConfigurationError, match="found other content than when the evaluation began"):
        ObjectStream(BUCKET, "k", 2, etag)


def test_a_missing_object_is_named() -> None:
    with pytest.raises(ConfigurationError, match=f"s3://{DATA_BUCKET}/absent: found no object"):
        ObjectStream(BUCKET, "absent")
    with pytest.raises(ConfigurationError, match="found no object"):
        BUCKET.read("absent")


class Breaking:
    """A body that breaks after each successful read."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self._reads = 0

    def read(self, amt: int) -> bytes:
        self._reads += 1
        if self._reads > 1:
            raise ResponseStreamingError(error="connection reset")
        content: bytes = self._body.read(amt)
        return content

    def close(self) -> None:
        self._body.close()


def break_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of("s3")
    real = client.get_object

    def get_object(**request: Any) -> Any:
        answer = real(**request)
        return {**answer, "Body": Breaking(answer["Body"])}

    monkeypatch.setattr(client, "get_object", get_object)
    monkeypatch.setattr(clients, "client", lambda _: client)
    monkeypatch.setattr("inference_lambdas.aws.s3.client", lambda _: client)


def test_a_connection_that_breaks_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    break_connections(monkeypatch)
    stream = ObjectStream(BUCKET, "k")
    assert stream.read(4000) + stream.read(4000) + stream.read(4000) == CONTENT


def test_a_connection_that_breaks_too_often_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    break_connections(monkeypatch)
    stream = ObjectStream(BUCKET, "k")
    with pytest.raises(UnavailableError):
        read_all(stream)


def test_written_under_the_key() -> None:
    version_id = BUCKET.write("a/b.json", b"{}", "application/json", KMS_KEY_ARN)
    head = client_of("s3").head_object(Bucket=DATA_BUCKET, Key="a/b.json")
    assert head["VersionId"] == version_id
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", KMS_KEY_ARN)
    assert head["ContentType"] == "application/json"
    assert BUCKET.read("a/b.json") == b"{}"
    assert BUCKET.read("a/b.json", VersionId=version_id) == b"{}"


def test_written_in_parts() -> None:
    parts = [b"a" * PART_BYTES, b"b" * PART_BYTES, b"c"]
    version_id = BUCKET.write_parts("large.gz", parts, "application/gzip", KMS_KEY_ARN)
    head = client_of("s3").head_object(Bucket=DATA_BUCKET, Key="large.gz", VersionId=version_id)
    assert (head["SSEKMSKeyId"], head["ContentType"]) == (KMS_KEY_ARN, "application/gzip")
    assert BUCKET.read("large.gz") == b"".join(parts)


def test_parts_that_break_off_leave_nothing() -> None:
    def parts() -> Iterator[bytes]:
        yield b"a" * PART_BYTES
        raise UnavailableError("no more")

    with pytest.raises(UnavailableError, match="no more"):
        BUCKET.write_parts("broken.gz", parts(), "application/gzip", KMS_KEY_ARN)
    assert "Uploads" not in client_of("s3").list_multipart_uploads(Bucket=DATA_BUCKET)
    with pytest.raises(ConfigurationError, match="found no object"):
        BUCKET.read("broken.gz")
