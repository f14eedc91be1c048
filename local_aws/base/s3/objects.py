"""S3 objects: read without a request, and encrypted with the key that S3 takes where none is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_aws.base.tables import ministack

_MANAGED_ALIAS = "alias/aws/s3"
_ALGORITHM = "x-amz-server-side-encryption"
_KEY = "x-amz-server-side-encryption-aws-kms-key-id"


def read_object(bucket: str, key: str, version_id: str | None) -> bytes | None:
    """An object of S3, None if it does not exist; callable where a request to ourselves would block the server."""
    found: bytes | None = ministack("services.s3")._get_object_data(bucket, key, version_id=version_id)  # noqa: SLF001
    return found


def use_default_key() -> None:
    """Let `aws:kms` without a key id mean the account's AWS-managed key `aws/s3`, which the first use creates.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html
    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
    """
    s3, kms = ministack("services.s3"), ministack("services.kms")
    resolve, metadata = s3._resolve_sse_write_headers, kms._key_metadata  # noqa: SLF001

    def resolve_with_key(headers: Mapping[str, str], bucket: str) -> Any:
        named = dict(headers)
        if named.get(_ALGORITHM) == "aws:kms" and not named.get(_KEY):
            named[_KEY] = _managed_key(kms)
        applied, error = resolve(named, bucket)
        if applied and applied.get(_ALGORITHM) == "aws:kms" and not applied.get(_KEY):
            applied[_KEY] = _managed_key(kms)
        return applied, error

    def metadata_with_manager(record: Mapping[str, Any]) -> Any:
        found = metadata(record)
        return {**found, "KeyManager": "AWS"} if record.get("KeyManager") == "AWS" else found

    s3._resolve_sse_write_headers = resolve_with_key  # noqa: SLF001
    kms._key_metadata = metadata_with_manager  # noqa: SLF001


def _managed_key(kms: Any) -> str:
    """The ARN of the AWS-managed key for S3."""
    record = kms._resolve_key(_MANAGED_ALIAS)  # noqa: SLF001
    if record is None:
        request = {"Description": "Default key that protects my S3 objects when no other key is defined"}
        _, _, body = kms._create_key(request)  # noqa: SLF001
        key_id = json.loads(body)["KeyMetadata"]["KeyId"]
        kms._create_alias({"AliasName": _MANAGED_ALIAS, "TargetKeyId": key_id})  # noqa: SLF001
        record = kms._resolve_key(key_id)  # noqa: SLF001
        record["KeyManager"] = "AWS"
    return str(record["Arn"])
