"""Source action of S3: one object of a versioned bucket, passed on unchanged.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any

from local_aws.codepipeline.actions.artifacts import put_artifact, unreadable
from local_aws.codepipeline.actions.contract import ActionError, Outcome, Succeeded, Work
from local_aws.codepipeline.actions.polling import PolledSource, polling_refusal
from local_aws.codepipeline.definition.model import Action, Pipeline
from local_aws.codepipeline.definition.rules import Rules
from local_aws.codepipeline.state.records import Revision

_SUMMARY_METADATA = "codepipeline-artifact-revision-summary"
_IN_MEMORY_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


def _refusal(configuration: Mapping[str, str]) -> str | None:
    override = configuration.get("AllowOverrideForS3ObjectKey", "false")
    if override.lower() not in ("true", "false"):
        return f"AllowOverrideForS3ObjectKey is '{override}'; 'true' and 'false' are allowed"
    return polling_refusal(configuration)


class S3Source(PolledSource):
    rules = Rules(
        inputs=(0, 0),
        outputs=(1, 1),
        required=frozenset({"S3Bucket", "S3ObjectKey"}),
        optional=frozenset({"PollForSourceChanges", "AllowOverrideForS3ObjectKey"}),
        refusal=_refusal,
        revision_types=frozenset({"S3_OBJECT_VERSION_ID", "S3_OBJECT_KEY"}),
    )

    def start(self, work: Work) -> Outcome:
        """Copy the latest version of the object, or the requested one, into the artifact bucket."""
        s3 = self.tools.client("s3", work)
        bucket = work.configuration["S3Bucket"]
        key = work.requested_revision("S3_OBJECT_KEY") or work.configuration["S3ObjectKey"]
        if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
            raise ActionError(
                "ConfigurationError",
                f"The bucket {bucket} is not versioned; an S3 source needs versioning. Enable it on the bucket.",
            )
        version = work.requested_revision("S3_OBJECT_VERSION_ID")
        pinned = {"VersionId": version} if version else {}
        head = self._head(work, bucket, key, pinned)
        version = head.get("VersionId") or version
        if not version or version == "null":
            raise ActionError(
                "ConfigurationError",
                f"s3://{bucket}/{key} has no version: it was written before versioning was enabled. Upload it again.",
            )
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as copy:
            body = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"]
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                copy.write(chunk)
            copy.seek(0)
            put_artifact(self.tools, work, copy)
        return self._outcome(bucket, key, version, head)

    def newest_revision(self, pipeline: Pipeline, action: Action) -> str:
        """The id of the object's latest version; S3 has the word null for one from before versioning."""
        s3, place = self.tools.client_of("s3", pipeline, action), action.configuration
        return str(s3.head_object(Bucket=place["S3Bucket"], Key=place["S3ObjectKey"]).get("VersionId", "null"))

    def _head(self, work: Work, bucket: str, key: str, pinned: Mapping[str, str]) -> Mapping[str, Any]:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

        try:
            head: Mapping[str, Any] = self.tools.client("s3", work).head_object(Bucket=bucket, Key=key, **pinned)
        except ClientError as error:
            version = f", version {pinned['VersionId']}," if pinned else ""
            permission = "s3:GetObjectVersion" if pinned else "s3:GetObject"
            raise unreadable(error, work, f"The source object s3://{bucket}/{key}{version}", permission) from None
        return head

    def _outcome(self, bucket: str, key: str, version: str, head: Mapping[str, Any]) -> Succeeded:
        etag = head["ETag"].strip('"')
        summary = head.get("Metadata", {}).get(_SUMMARY_METADATA) or f"Amazon S3 version id: {version}"
        region = self.tools.region
        url = f"{self.tools.console}/s3/object/{bucket}?region={region}&prefix={key}"
        return Succeeded(
            variables={"BucketName": bucket, "ETag": etag, "ObjectKey": key, "VersionId": version},
            revision=Revision(version, etag, summary, head["LastModified"].timestamp(), url),
            summary=summary,
            external_id=version,
            external_url=url,
        )
