"""The inputs of a job: from S3 to a folder below /opt/ml.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html. File mode copies before the start.
FastFile mode, a read-only mount on AWS, is a copy here too. As there is one instance, it gets every object with
ShardedByS3Key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local_aws.sagemaker import objects
from local_aws.sagemaker.names import S3Address, region_of, s3_address
from local_aws.sagemaker.roles import ExecutionRole
from local_aws.wire import Document


class DownloadError(Exception):
    """An input could not be downloaded; the message is the job's FailureReason without its prefix."""


def fetch(source: Document, role: ExecutionRole, folder: Path) -> None:
    """Download an S3DataSource or ProcessingS3Input. Raises DownloadError, whose message names the S3 URI."""
    wanted = locate(source, role)
    with _reading(source["S3Uri"], role):
        folder.mkdir(parents=True, exist_ok=True)
        objects.download_all(role.client("s3"), wanted, folder)


def locate(source: Document, role: ExecutionRole) -> list[tuple[S3Address, str]]:
    """The objects of an S3DataSource, each with its relative path. Raises DownloadError, also if there are none."""
    uri = source["S3Uri"]
    with _reading(uri, role):
        client = role.client("s3")
        manifest = source["S3DataType"] == "ManifestFile"
        wanted = _of_manifest(client, uri) if manifest else _of_prefix(client, s3_address(uri))
    if not wanted:
        raise DownloadError(_unreadable(uri, role, None))
    return wanted


@contextmanager
def _reading(uri: str, role: ExecutionRole) -> Iterator[None]:
    """Raise DownloadError for what S3 refuses."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - 20 MB that an idle server saves

    try:
        yield
    except ClientError as error:
        raise DownloadError(_unreadable(uri, role, error.response["Error"].get("Message", str(error)))) from None
    except (BotoCoreError, OSError, objects.UnsafeKeyError, ValueError) as error:
        raise DownloadError(f"S3 data under {uri} could not be downloaded: {error}") from None


def _of_prefix(client: Any, prefix: S3Address) -> list[tuple[S3Address, str]]:
    """Every object whose key starts with the prefix; its path is the key after the prefix's last slash."""
    cut = prefix.key.rfind("/") + 1
    return [(S3Address(prefix.bucket, key), key[cut:]) for key in objects.keys_below(client, prefix)]


def _of_manifest(client: Any, uri: str) -> list[tuple[S3Address, str]]:
    """`[{"prefix": "s3://…/"}, "relative/key", …]`; each file keeps its relative path."""
    address = s3_address(uri)
    text = client.get_object(Bucket=address.bucket, Key=address.key)["Body"].read()
    manifest = json.loads(text)
    if not (
        isinstance(manifest, list)
        and manifest
        and isinstance(manifest[0], dict)
        and isinstance(manifest[0].get("prefix"), str)
        and all(isinstance(entry, str) for entry in manifest[1:])
    ):
        raise ValueError(
            'the manifest must be a JSON array of {"prefix": "s3://bucket/folder/"} and then keys relative to it'
        )
    prefix = s3_address(manifest[0]["prefix"])
    return [(S3Address(prefix.bucket, prefix.key + entry), entry) for entry in manifest[1:]]


def _unreadable(uri: str, role: ExecutionRole, s3_message: str | None) -> str:
    bucket = s3_address(uri).bucket
    ending = f" Error message from S3: {s3_message}" if s3_message else ""
    return (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists '
        f"in the selected region ({region_of(role.source_arn)}), that objects exist under that S3 prefix, and that "
        f'the role "{role.arn}" has "s3:ListBucket" permissions on bucket "{bucket}" and "s3:GetObject" permissions '
        f"on its objects.{ending}"
    )
