from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from botocore.exceptions import BotoCoreError

from pipeline_lambdas.aws.clients import client
from pipeline_lambdas.aws.errors import call, translate
from pipeline_lambdas.runtime.failures import AwsRequestError
from workflows.runtime.errors import DataError

_CHUNK_BYTES = 64 * 1024


def lines(bucket: str, key: str) -> Iterator[str]:
    """Yield an object's lines without their ends, never holding more than some of them.

    Raises DataError if the object does not exist or is not UTF-8, JobError if S3 does not answer.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    uri = f"s3://{bucket}/{key}"
    try:
        answer = call(client("s3").get_object, Bucket=bucket, Key=key)
    except AwsRequestError as error:
        if error.code in {"NoSuchKey", "NoSuchBucket"}:
            raise DataError(f"{uri}: found no object ({error.code}). Upload it and start again.") from error
        raise
    # The body as a context manager of its own would be the connection's, which knows no lines.
    with closing(answer["Body"]) as body:
        try:
            for line in body.iter_lines(chunk_size=_CHUNK_BYTES):
                yield line.decode()
        except BotoCoreError as error:
            raise translate(error) from error
        except UnicodeDecodeError as error:
            raise DataError(f"{uri}: found bytes that are not UTF-8 ({error.reason}). Upload it as text.") from error
