"""ARNs and ids of projects and builds (https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html)."""

from __future__ import annotations

from typing import NamedTuple

from local_aws.settings import ACCOUNT

S3_ARN = "arn:aws:s3:::"


class S3Place(NamedTuple):
    """An object or a prefix in a bucket."""

    bucket: str
    key: str


def project_arn(region: str, name: str) -> str:
    return f"arn:aws:codebuild:{region}:{ACCOUNT}:project/{name}"


def build_arn(region: str, build_id: str) -> str:
    return f"arn:aws:codebuild:{region}:{ACCOUNT}:build/{build_id}"


def project_of(build_id: str) -> str:
    """The project's name in a build's id or ARN."""
    return build_id.rpartition("build/")[2].rpartition(":")[0]


def s3_place(location: str) -> S3Place | None:
    """The object of `arn:aws:s3:::bucket/key` or `bucket/key`; None for anything else."""
    bucket, slash, key = location.removeprefix(S3_ARN).partition("/")
    return S3Place(bucket, key) if bucket and slash and key and ":" not in bucket else None
