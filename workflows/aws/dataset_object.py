"""Writes the objects of a dataset, whose keys contain the hash of their content: what is there stays."""

from __future__ import annotations

from pathlib import Path

from pipeline_lambdas.aws import clients, s3
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.runtime.failures import AwsRequestError


def upload_once(bucket: str, key: str, path: Path, sha256: str, rows: int) -> bool:
    """Upload a file unless its object is there, with this size and this hash in its metadata; tell whether it was not.

    https://docs.aws.amazon.com/boto3/latest/reference/services/s3/client/upload_fileobj.html
    """
    size_bytes = path.stat().st_size
    try:
        found = call(clients.client("s3").head_object, Bucket=bucket, Key=key)
    except AwsRequestError as error:
        if error.code != "404":
            raise
    else:
        if (found["ContentLength"], found["Metadata"].get("sha256")) == (size_bytes, sha256):
            return False
    metadata = {"sha256": sha256, "rows": str(rows)}
    with path.open("rb") as file:
        call(
            clients.client("s3").upload_fileobj,
            Fileobj=file,
            Bucket=bucket,
            Key=key,
            ExtraArgs={"Metadata": metadata, "ContentType": "text/libsvm"},
        )
    return True


def write_once(bucket: str, key: str, document: bytes) -> None:
    """Write a document of JSON unless it is there."""
    if s3.read_object(bucket, key) != document:
        call(clients.client("s3").put_object, Bucket=bucket, Key=key, Body=document, ContentType="application/json")
