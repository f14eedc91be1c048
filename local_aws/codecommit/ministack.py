"""What CodeCommit needs from MiniStack beyond `local_aws.base`."""

from __future__ import annotations

from importlib import import_module


def read_object(bucket: str, key: str, version_id: str | None) -> bytes | None:
    """An object of S3, None if it does not exist; callable where a request to ourselves would block the server."""
    found: bytes | None = import_module("ministack.services.s3")._get_object_data(  # noqa: SLF001
        bucket, key, version_id=version_id
    )
    return found
