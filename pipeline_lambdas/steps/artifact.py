"""A release's model artifact: the version that was trained, and the copy of that version for Prod.

The artifact's address alone proves little: with the role of training jobs, code of any release may overwrite it. The
trained version remains, as the bucket keeps versions and no role may delete one.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from pipeline_lambdas.aws import s3
from pipeline_lambdas.release.retries import START_NEW
from pipeline_lambdas.runtime.failures import JobFailedError

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
_MOST_BYTES = 5 * 1024**3


def versions_of(uri: str) -> list[str]:
    """Return the versions of an artifact, the newest first, its delete markers as well."""
    return s3.list_versions(*_place(uri))


def copy_for_prod(training_job: str, uri: str, version: str, kms_key_arn: str) -> str:
    """Copy the trained version, once, to the prefix of Prod's models; return the copy's address.

    Only the role of this function writes there, so an existing copy is right, even if the artifact has changed since.
    Raises JobFailedError if there is no copy and the artifact is gone, was overwritten or is too large.
    """
    bucket, key = _place(uri)
    copy = f"prod/{training_job}/{version}/model.tar.gz"
    if s3.find_newest(bucket, copy) is None:
        newest = s3.find_newest(bucket, key)
        if newest is None or newest.version_id != version:
            found = f"version {newest.version_id}" if newest else "nothing"
            raise JobFailedError(
                f"{uri}: found {found}; expected version {version}, which {training_job} left. It was written again "
                "after it was trained, so it is not certain that Dev and Test served what was trained. Prod stays as "
                f"it is. The access log of the bucket shows who wrote it. {START_NEW}."
            )
        if newest.size_bytes > _MOST_BYTES:
            raise JobFailedError(
                f"{uri}: found {newest.size_bytes} bytes; expected at most {_MOST_BYTES}, as more cannot be copied "
                "for Prod at once. Push a config that trains a smaller model."
            )
        s3.copy_version(bucket, key, version, copy, kms_key_arn)
    return f"s3://{bucket}/{copy}"


def _place(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")
