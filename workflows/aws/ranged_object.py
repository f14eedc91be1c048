"""An object of S3 as a file that can seek: read in ranges, so that it never lies in memory or on disk as a whole."""

from __future__ import annotations

import io
from typing import BinaryIO

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.runtime.failures import AwsRequestError

RANGE_BYTES = 4 * 1024**2


class ObjectChangedError(Exception):
    """The object was overwritten or deleted while it was read."""


def open_object(bucket: str, key: str) -> BinaryIO | None:
    """Open an object for reading; None if there is none.

    Raises JobError if S3 does not give it, and while it is read ObjectChangedError. HeadObject answers only a code, and
    403 instead of 404 to a role that may not list the bucket:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    try:
        found = call(clients.client("s3").head_object, Bucket=bucket, Key=key)
    except AwsRequestError as error:
        if error.code == "404":
            return None
        raise
    return io.BufferedReader(_RangedObject(bucket, key, found["ContentLength"], found["ETag"]), RANGE_BYTES)


class _RangedObject(io.RawIOBase):
    """Each read is one GET of a range, of the object as it was when it was opened.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """

    def __init__(self, bucket: str, key: str, size_bytes: int, etag: str) -> None:
        self._bucket, self._key, self._size_bytes, self._etag = bucket, key, size_bytes, etag
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        if start + offset < 0:
            raise OSError(f"seek to {start + offset}, before the beginning")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the buffer of BufferedReader
        end = min(self._position + len(buffer), self._size_bytes)
        if end <= self._position:
            return 0
        content = self._get(f"bytes={self._position}-{end - 1}")
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def _get(self, range_: str) -> bytes:
        try:
            answer = call(
                clients.client("s3").get_object, Bucket=self._bucket, Key=self._key, Range=range_, IfMatch=self._etag
            )
        except AwsRequestError as error:
            if error.code in {"PreconditionFailed", "NoSuchKey"}:
                raise ObjectChangedError from error
            raise
        with answer["Body"] as body:
            content: bytes = call(body.read)
        return content
