"""Puts data of a workflow into S3, encrypted as the bucket says."""

from __future__ import annotations

from pipeline_lambdas.aws.clients import client
from pipeline_lambdas.aws.errors import call


def upload(bucket: str, key: str, content: bytes) -> None:
    """Write an object: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html. Raises JobError."""
    call(client("s3").put_object, Bucket=bucket, Key=key, Body=content)
