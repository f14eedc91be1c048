from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from pipeline_lambdas.runtime.credentials import Credentials

# Standard mode retries throttling and transient faults with jittered back-off.
# https://boto3.amazonaws.com/v1/documentation/api/latest/guide/retries.html
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=5,
    read_timeout=60,
)
# Objects under a customer key are only served to requests signed with version 4.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4"))


@cache
def client(service: str) -> Any:
    """Return the process's client of `service` with the function's own role."""
    return boto3.client(service, config=_S3_CONFIG if service == "s3" else _CONFIG)


def codepipeline_with(access_key_id: str, secret_access_key: str, session_token: str) -> Any:
    """Return a new client of CodePipeline with the keys of a session; it is not kept, as they run out."""
    return boto3.client(
        "codepipeline",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
        config=_CONFIG,
    )


def s3_with(credentials: Credentials) -> Any:
    """Return a new S3 client for one job's artifacts; it is not kept, as its credentials are the job's."""
    return boto3.client(
        "s3",
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token or None,
        config=_S3_CONFIG,
    )
