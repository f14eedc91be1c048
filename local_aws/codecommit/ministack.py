"""What CodeCommit needs from MiniStack beyond `local_aws.base`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from local_aws.settings import ACCOUNT


@dataclass(frozen=True, repr=False)
class AccessKey:
    """An access key and whose it is; never printed."""

    access_key_id: str
    secret_access_key: str
    principal_arn: str


def find_access_key(access_key_id: str, session_token: str) -> AccessKey | None:
    """The secret of an active key; None if the key is unknown, inactive or expired, or the token is another's."""
    evaluator = import_module("ministack.core.iam_evaluator")
    found = evaluator.resolve_credential(access_key_id, ACCOUNT, session_token)
    if isinstance(found, evaluator.CredentialResolutionError):
        return None
    return AccessKey(access_key_id, found.secret_access_key, found.principal_arn)


def read_object(bucket: str, key: str, version_id: str | None) -> bytes | None:
    """An object of S3, None if it does not exist; callable where a request to ourselves would block the server."""
    found: bytes | None = import_module("ministack.services.s3")._get_object_data(  # noqa: SLF001
        bucket, key, version_id=version_id
    )
    return found
