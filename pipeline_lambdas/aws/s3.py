from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.aws.pages import pages
from pipeline_lambdas.runtime.credentials import Credentials
from pipeline_lambdas.runtime.failures import AwsRequestError, ConfigurationError, UnavailableError

_CONFLICT_PAUSES_S = (1, 2, 4)


def read_artifact(bucket: str, key: str, limit: int, credentials: Credentials) -> bytes:
    """Return an artifact's object, read with the job's credentials; at most `limit` bytes."""
    uri = f"s3://{bucket}/{key}"
    try:
        answer = call(clients.s3_with(credentials).get_object, Bucket=bucket, Key=key)
    except AwsRequestError as error:
        if error.code in {"NoSuchKey", "NoSuchBucket"}:
            raise ConfigurationError(
                f"{uri}: found no such artifact ({error.code}). Start a new release to make it again."
            ) from error
        raise
    with answer["Body"] as body:
        if answer["ContentLength"] > limit:
            raise ConfigurationError(f"{uri}: found {answer['ContentLength']} bytes; expected at most {limit}.")
        content: bytes = call(body.read)
    return content


@dataclass(frozen=True, slots=True)
class Listed:
    """One object of a listing."""

    key: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest version of an object."""

    version_id: str
    size_bytes: int


def find_newest(bucket: str, key: str) -> Newest | None:
    """Return the newest version of an object; None if the object does not exist.

    HeadObject answers only a code, and 403 instead of 404 to a role that may not list the bucket:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    try:
        answer = call(clients.client("s3").head_object, Bucket=bucket, Key=key)
    except AwsRequestError as error:
        if error.code == "404":
            return None
        raise
    if "VersionId" not in answer:
        raise _unversioned(bucket, key)
    return Newest(answer["VersionId"], answer["ContentLength"])


def list_versions(bucket: str, key: str) -> list[str]:
    """Return the ids of an object's versions and delete markers, the newest first; none if there never was one.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
    """
    found: list[tuple[datetime, str]] = []
    request: dict[str, Any] = {"Bucket": bucket, "Prefix": key}
    while True:
        page = call(clients.client("s3").list_object_versions, **request)
        listed = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        found += [(item["LastModified"], item["VersionId"]) for item in listed if item["Key"] == key]
        if any(version == "null" for _, version in found):
            raise _unversioned(bucket, key)
        if not page.get("IsTruncated"):
            return [version for _, version in sorted(found, key=lambda one: one[0], reverse=True)]
        request |= {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


def copy_version(bucket: str, key: str, version_id: str, to_key: str, kms_key_arn: str) -> None:
    """Copy one version of an object within its bucket, up to 5 GB, encrypted with the customer key.

    The copy has no tags: to copy them takes another permission.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """
    call(
        clients.client("s3").copy_object,
        Bucket=bucket,
        Key=to_key,
        CopySource={"Bucket": bucket, "Key": key, "VersionId": version_id},
        TaggingDirective="REPLACE",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=kms_key_arn,
    )


def read_object(bucket: str, key: str) -> bytes | None:
    """Return a whole object, read with the function's own role; None if there is none."""
    try:
        answer = call(clients.client("s3").get_object, Bucket=bucket, Key=key)
    except AwsRequestError as error:
        if error.code == "NoSuchKey":
            return None
        raise
    with answer["Body"] as body:
        content: bytes = call(body.read)
    return content


def read_version(bucket: str, key: str, version_id: str) -> bytes | None:
    """Return one version of a whole object, read with the function's own role; None if there is none."""
    try:
        answer = call(clients.client("s3").get_object, Bucket=bucket, Key=key, VersionId=version_id)
    except AwsRequestError as error:
        if error.code in {"NoSuchKey", "NoSuchVersion"}:
            return None
        raise
    with answer["Body"] as body:
        content: bytes = call(body.read)
    return content


def write_object(bucket: str, key: str, content: bytes, content_type: str, kms_key_arn: str) -> str:
    """Write an object to a versioned bucket, encrypted with the customer key, and return its version."""
    return str(_put(bucket, key, content, content_type, kms_key_arn)["VersionId"])


def create_object(bucket: str, key: str, content: bytes, content_type: str, kms_key_arn: str) -> bool:
    """Write an object if its key is free; False if another object has the key.

    An object with the same content counts as written: the answer to an earlier try was lost, or another writer had the
    same to write. While another one is about to write, S3 answers with a conflict and wants the request again.
    Raises UnavailableError if that does not end.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    for pause_s in (*_CONFLICT_PAUSES_S, 0):
        try:
            _put(bucket, key, content, content_type, kms_key_arn, IfNoneMatch="*")
        except AwsRequestError as error:
            if error.code == "PreconditionFailed":
                return read_object(bucket, key) == content
            if error.code != "ConditionalRequestConflict":
                raise
        except UnavailableError:
            if read_object(bucket, key) != content:
                raise
            return True
        else:
            return True
        time.sleep(pause_s)
    raise UnavailableError(f"s3://{bucket}/{key}: found another writer each time; expected it to end.")


def list_sizes(bucket: str, prefix: str) -> dict[str, int]:
    """Return the size in bytes of every object under `prefix`, by key."""
    return {item["Key"]: item["Size"] for item in _list(bucket, prefix)}


def list_objects(bucket: str, prefix: str) -> list[Listed]:
    """Return every object under `prefix`, in the order of their keys."""
    return [Listed(item["Key"], item["LastModified"]) for item in _list(bucket, prefix)]


def _list(bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html."""
    for page in pages("s3", "list_objects_v2", Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def _unversioned(bucket: str, key: str) -> ConfigurationError:
    return ConfigurationError(
        f"s3://{bucket}/{key}: found no version of it; expected one, as the setup stack makes a bucket that keeps "
        "versions. Turn versioning on in the bucket."
    )


def _put(bucket: str, key: str, content: bytes, content_type: str, kms_key_arn: str, **conditions: str) -> Any:
    """Object Lock requires a checksum, which some SDKs do not send.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
    """
    return call(
        clients.client("s3").put_object,
        Bucket=bucket,
        Key=key,
        Body=content,
        ContentType=content_type,
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=kms_key_arn,
        ChecksumAlgorithm="SHA256",
        **conditions,
    )
