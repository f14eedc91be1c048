"""S3 objects, read without a request."""

from __future__ import annotations

from local_aws.base.tables import ministack


def read_object(bucket: str, key: str, version_id: str | None) -> bytes | None:
    """An object of S3, None if it does not exist; callable where a request to ourselves would block the server."""
    found: bytes | None = ministack("services.s3")._get_object_data(bucket, key, version_id=version_id)  # noqa: SLF001
    return found
