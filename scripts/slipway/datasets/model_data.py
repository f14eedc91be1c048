"""Finds and deletes a model's folders in the buckets that all models share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.evidence.keys import KINDS
from pipeline_lambdas.release.names import ENVIRONMENTS, SUFFIX_PATTERN
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.names import Names
from slipway.session import Session

NO_BUCKET = frozenset(("404", "NoSuchBucket", "NotFound"))
EVIDENCE = KINDS
"""The folders of evidence, with a folder per model in each."""
_SCHEME = "s3://"
_BY_A_LOCK = "protected by object lock"
"""How S3 says that a version stays: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html."""
_KINDS = ("Versions", "DeleteMarkers")
_DELETED_AT_ONCE = 1_000
"""Objects in a request: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


def find_folders(session: Session, names: Names, others: Sequence[Names]) -> Iterator[str]:
    """Yield the addresses of a model's folders, old versions included: datasets, models, records."""
    s3 = session.client("s3")
    artifacts, models = names.bucket("artifacts"), names.bucket("models")
    yield from find_any(s3, names.bucket("data"), f"{names.model}/")
    for kind in ("training", "prod"):  # what was trained, and the copies that Prod serves
        for jobs in _folders(s3, models, f"{kind}/{names.pipeline}-"):
            if re.fullmatch(f"{kind}/{re.escape(names.pipeline)}-{SUFFIX_PATTERN}/", jobs):
                yield f"{_SCHEME}{models}/{jobs}"
    pipeline, environments = re.escape(names.pipeline), "|".join(ENVIRONMENTS)
    for job in _folders(s3, models, f"metrics/{names.pipeline}-"):  # what the config's own metrics came to
        if re.fullmatch(f"metrics/{pipeline}-(?:{environments})-{SUFFIX_PATTERN}/", job):
            yield f"{_SCHEME}{models}/{job}"
    for kind in EVIDENCE:  # how far evaluations are, and what was recorded before there was an evidence bucket
        yield from find_any(s3, artifacts, f"{kind}/{names.model}/")
    for folder in _folders(s3, artifacts, "slipway-"):
        if _is_of_pipeline_alone(folder.rstrip("/"), names, others):
            yield f"{_SCHEME}{artifacts}/{folder}"


def find_evidence(session: Session, names: Names) -> Iterator[str]:
    """Return the addresses of the folders with evidence of a model's releases, old versions included."""
    for kind in EVIDENCE:
        yield from find_any(session.client("s3"), names.bucket("evidence"), f"{kind}/{names.model}/")


def find_other_evidence(session: Session, folders: Sequence[str]) -> Iterator[str]:
    """Return the addresses of everything else in the evidence bucket, old versions included: not in any of `folders`.

    The whole bucket is locked, so objects that somebody put there are deleted, or kept, together with the evidence.
    """
    bucket, roots = session.names.bucket("evidence"), [f"{kind}/" for kind in EVIDENCE]
    pages = session.client("s3").get_paginator("list_object_versions")
    for root in ("", *roots):
        try:
            found = list(pages.paginate(Bucket=bucket, Prefix=root, Delimiter="/"))
        except ClientError as error:
            if code_of(error) not in NO_BUCKET:
                raise
            return
        names = {item["Prefix"] for page in found for item in page.get("CommonPrefixes", [])} - {*roots}
        names |= {item["Key"] for page in found for kind in _KINDS for item in page.get(kind, [])}
        yield from (one for name in sorted(names) if (one := f"{_SCHEME}{bucket}/{name}") not in folders)


def empty_folder(s3: Any, address: str, progress: Callable[[str], None]) -> int:
    """Delete all versions below an address; returns the number of versions and markers."""
    bucket, _, prefix = address.removeprefix(_SCHEME).partition("/")
    return empty_bucket(s3, bucket, progress, prefix)


def empty_bucket(s3: Any, bucket: str, progress: Callable[[str], None], prefix: str = "") -> int:
    """Delete all versions, delete markers and unfinished uploads; returns the number of versions and markers."""
    deleted = 0
    for asked, refused in _delete_versions(s3, bucket, prefix):
        if refused:
            raise _undeletable(bucket, refused[0])
        deleted += len(asked)
        progress(f"{deleted:,} versions deleted")
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    return deleted


def empty_evidence(s3: Any, address: str, progress: Callable[[str], None], *, lift: bool) -> tuple[int, list[Locked]]:
    """Delete the versions below an address that are not locked, and with `lift` those under a lock of GOVERNANCE.

    Returns how many were deleted, and those that are locked. Raises SlipwayError if a version stays for another reason.
    """
    bucket, _, prefix = address.removeprefix(_SCHEME).partition("/")
    deleted, locked = 0, list[Locked]()
    for asked, refused in _delete_versions(s3, bucket, prefix, **({"BypassGovernanceRetention": True} if lift else {})):
        for one in refused:
            if _BY_A_LOCK not in one["Message"]:
                raise _undeletable(bucket, one)
        written = {item["VersionId"]: item["LastModified"] for item in asked}
        locked += [Locked(bucket, one["Key"], one["VersionId"], written[one["VersionId"]]) for one in refused]
        deleted += len(asked) - len(refused)
        progress(f"{deleted:,} versions deleted, {len(locked):,} are locked")
    return deleted, locked


@dataclass(frozen=True)
class Locked:
    """A version that S3 does not delete because of a lock."""

    bucket: str
    key: str
    version_id: str
    written: datetime

    def end(self, s3: Any) -> tuple[datetime, str]:
        """The end of the lock, and its mode."""
        found = s3.get_object_retention(Bucket=self.bucket, Key=self.key, VersionId=self.version_id)["Retention"]
        return found["RetainUntilDate"], found["Mode"]


def _delete_versions(
    s3: Any, bucket: str, prefix: str, **options: Any
) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, str]]]]:
    """Delete all versions and delete markers; yields, for each request, the versions in it and those refused."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix, MaxKeys=_DELETED_AT_ONCE)
    for page in pages:
        found = [item for kind in _KINDS for item in page.get(kind, [])]
        if found:
            objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}, **options)
            yield found, answer.get("Errors", [])


def _undeletable(bucket: str, error: Mapping[str, str]) -> SlipwayError:
    return SlipwayError(f"{bucket}: {error['Key']} cannot be deleted: {error['Code']}: {error['Message']}")


def _is_of_pipeline_alone(folder: str, names: Names, others: Sequence[Names]) -> bool:
    """CodePipeline names its folder after the first characters of the pipeline's name, which several models may share.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/welcome-introducing-artifacts.html
    """
    sharing = [other for other in others if other.model != names.model and other.pipeline.startswith(folder)]
    return names.pipeline.startswith(folder) and not sharing


def find_any(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """Yield the address of a folder if it has anything, old versions included."""
    try:
        found = s3.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    except ClientError as error:
        if code_of(error) not in NO_BUCKET:
            raise
        return
    if found.get("Versions") or found.get("DeleteMarkers"):
        yield f"{_SCHEME}{bucket}/{prefix}"


def _folders(s3: Any, bucket: str, prefix: str) -> list[str]:
    """Yield the folders whose names start with `prefix`, each with its slash."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    try:
        return [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
    except ClientError as error:
        if code_of(error) not in NO_BUCKET:
            raise
        return []
