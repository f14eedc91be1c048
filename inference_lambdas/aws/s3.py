from __future__ import annotations

from typing import Any

from pipeline_lambdas.aws.clients import client
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.runtime.failures import AwsRequestError, ConfigurationError, UnavailableError

_MAX_REOPENINGS = 4


class ObjectStream:
    """Reads one object from an offset on, always the same version of it.

    The first request learns the ETag; later ones, here or in another invocation, ask for that very content
    with If-Match: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """

    def __init__(self, bucket: str, key: str, offset: int = 0, etag: str | None = None) -> None:
        self.uri = f"s3://{bucket}/{key}"
        self.etag = etag
        self.size_bytes = 0
        self._request = {"Bucket": bucket, "Key": key}
        self._offset = offset
        self._reopenings = 0
        self._body: Any = None
        self._open()

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end; a connection that breaks is opened again."""
        while True:
            try:
                content: bytes = call(self._body.read, amt=size)
            except UnavailableError:
                if self._reopenings == _MAX_REOPENINGS:
                    raise
                self._reopenings += 1
                self._body.close()
                self._open()
            else:
                self._offset += len(content)
                return content

    def close(self) -> None:
        self._body.close()

    def _open(self) -> None:
        request: dict[str, Any] = dict(self._request)
        if self._offset:
            request["Range"] = f"bytes={self._offset}-"
        if self.etag:
            request["IfMatch"] = self.etag
        try:
            answer = call(client("s3").get_object, **request)
        except AwsRequestError as error:
            raise _reading(self.uri, error) from error
        self._body, self.etag = answer["Body"], answer["ETag"]
        self.size_bytes = self._offset + answer["ContentLength"]


def read_object(bucket: str, key: str) -> bytes:
    """Return a whole object."""
    try:
        answer = call(client("s3").get_object, Bucket=bucket, Key=key)
    except AwsRequestError as error:
        raise _reading(f"s3://{bucket}/{key}", error) from error
    with answer["Body"] as body:
        content: bytes = call(body.read)
    return content


def read_range(bucket: str, key: str, start: int, end: int) -> bytes:
    """Return the bytes of an object from `start` on and before `end`; fewer where it ends earlier."""
    try:
        answer = call(client("s3").get_object, Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}")
    except AwsRequestError as error:
        raise _reading(f"s3://{bucket}/{key}", error) from error
    with answer["Body"] as body:
        content: bytes = call(body.read)
    return content


def write_json(bucket: str, key: str, content: bytes, kms_key_arn: str) -> tuple[str, str]:
    """Store `content` under the customer key in a versioned bucket; return its URI and its version.

    A lock needs a checksum, which not every SDK sends: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
    """
    answer = call(
        client("s3").put_object,
        Bucket=bucket,
        Key=key,
        Body=content,
        ContentType="application/json",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=kms_key_arn,
        ChecksumAlgorithm="SHA256",
    )
    return f"s3://{bucket}/{key}", str(answer["VersionId"])


def _reading(uri: str, error: AwsRequestError) -> Exception:
    match error.code:
        case "NoSuchKey" | "NoSuchBucket":
            return ConfigurationError(f"{uri}: found no object ({error.code}). Upload the dataset again.")
        case "PreconditionFailed" | "412":
            return ConfigurationError(
                f"{uri}: found other content than when the evaluation began. A dataset is never overwritten; "
                "upload the dataset again."
            )
        case _:
            return error
