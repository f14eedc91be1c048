"""Reads objects of S3: a large one in chunks, small ones from many threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.runtime.failures import AwsRequestError
from workflows.aws import connections


def read_chunks(bucket: str, key: str, size: int = 1 << 20) -> Iterator[bytes]:
    """Yield an object in chunks of at most `size` bytes. Raises JobError, AwsRequestError if there is none."""
    # Its own `with` gives the stream below, whose errors and methods are urllib3's.
    with closing(call(connections.s3().get_object, Bucket=bucket, Key=key)["Body"]) as body:
        while chunk := call(body.read, amt=size):
            yield chunk


def read_small(bucket: str, key: str) -> bytes | None:
    """Return an object, or None if there is none. Raises JobError."""
    try:
        return b"".join(read_chunks(bucket, key))
    except AwsRequestError as error:
        if error.code == "NoSuchKey":
            return None
        raise
