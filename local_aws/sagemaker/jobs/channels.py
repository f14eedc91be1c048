"""The input channels of a training job: from S3 to /opt/ml/input/data.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html. File mode copies before the start.
FastFile mode, a read-only mount on AWS, is the same copy here. As there is one instance, ShardedByS3Key gives it
every object.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local_aws.sagemaker import objects
from local_aws.sagemaker.names import S3Address, region_of, s3_address
from local_aws.sagemaker.roles import ExecutionRole
from local_aws.wire import Document


class DownloadError(Exception):
    """A channel could not be filled; the message is the job's FailureReason without its prefix."""


def fetch(channel: Document, role: ExecutionRole, folder: Path) -> None:
    """Download a channel. Raises DownloadError, whose text names the S3 URI."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - 20 MB that an idle server spares

    source = channel["DataSource"]["S3DataSource"]
    uri = source["S3Uri"]
    try:
        client = role.client("s3")
        if source["S3DataType"] == "ManifestFile":
            wanted = _of_manifest(client, uri)
        else:
            wanted = _of_prefix(client, s3_address(uri))
        if wanted:
            folder.mkdir(parents=True, exist_ok=True)
            objects.download_all(client, wanted, folder)
            return
    except ClientError as error:
        raise DownloadError(_unreadable(uri, role, error.response["Error"].get("Message", str(error)))) from None
    except (BotoCoreError, OSError, objects.UnsafeKeyError, ValueError) as error:
        raise DownloadError(f"S3 data under {uri} could not be downloaded: {error}") from None
    raise DownloadError(_unreadable(uri, role, None))


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
