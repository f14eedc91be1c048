from __future__ import annotations

from typing import Any

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.credentials import Credentials
from pipeline_lambdas.failures import AwsRequestError, ConfigurationError


def read_artifact(bucket: str, key: str, limit: int, credentials: Credentials) -> bytes:
    """Return an artifact's object, read with the job's credentials; at most `limit` bytes."""
    uri = f"s3://{bucket}/{key}"
    try:
        answer = call(clients.s3_with(credentials).get_object, Bucket=bucket, Key=key)
    except AwsRequestError as error:
        if error.code in {"NoSuchKey", "NoSuchBucket"}:
            raise ConfigurationError(
                f"{uri}: found no such artifact ({error.code}). Release again to make it anew."
            ) from error
        raise
    with answer["Body"] as body:
        if answer["ContentLength"] > limit:
            raise ConfigurationError(f"{uri}: found {answer['ContentLength']} bytes; allowed are at most {limit}.")
        content: bytes = call(body.read)
    return content


def list_sizes(bucket: str, prefix: str) -> dict[str, int]:
    """Return the size in bytes of every object under `prefix`, by key.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    sizes: dict[str, int] = {}
    request: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
    while True:
        page = call(clients.client("s3").list_objects_v2, **request)
        sizes.update({item["Key"]: item["Size"] for item in page.get("Contents", ())})
        if not page.get("IsTruncated"):
            return sizes
        request["ContinuationToken"] = page["NextContinuationToken"]
