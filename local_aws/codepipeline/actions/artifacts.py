"""Artifacts in the artifact bucket: keys, encryption, and the session policy of a job.

The form of a key is taken from recordings: `<pipeline, first 20>/<artifact, first 10>/<7 letters or digits>`. An
execution keeps one key per artifact. AWS does not document whether a retry writes to the same key; here it does.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import IO, Any

from local_aws.codepipeline.actions.contract import ActionError, Tools, Work
from local_aws.settings import ACCOUNT


def artifact_key(pipeline: str, artifact: str, suffix: str) -> str:
    """The key of an artifact."""
    return f"{pipeline[:20]}/{artifact[:10]}/{suffix}"


def require_bucket(tools: Tools, work: Work) -> None:
    """Raise ActionError if the artifact bucket is not there.

    The CodeCommit action looks for it before it fetches anything
    (https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html). For a role without s3:ListBucket
    the check is skipped, as the documented minimum for a role does not include that permission
    (https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html).
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

    bucket = work.pipeline.store.bucket
    try:
        tools.store_client(work).head_bucket(Bucket=bucket)
    except ClientError as error:
        if _status(error) == HTTPStatus.FORBIDDEN:
            return
        raise unreadable(error, work, f"The artifact bucket {bucket}", "s3:ListBucket") from None


def unreadable(error: Exception, work: Work, what: str, permission: str) -> ActionError:
    """Explain a failed HEAD request: its response has no body, so S3's error names neither cause nor object."""
    status = _status(error)
    if status == HTTPStatus.FORBIDDEN:
        role = work.action.role_arn or work.pipeline.role_arn
        return ActionError(
            "PermissionError",
            f"{what} cannot be read: the service role or action role {role} needs {permission} on it.",
        )
    return ActionError("ConfigurationError", f"{what} does not exist (S3 answered {status}).")


def _status(error: Exception) -> int | None:
    found: int | None = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode")
    return found


def put_artifact(tools: Tools, work: Work, body: bytes | IO[bytes]) -> None:
    """Write the one output artifact of an action, encrypted with the artifact store's key."""
    artifact = work.outputs[0]
    encryption: dict[str, str] = {}
    if work.pipeline.store.key_id:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": work.pipeline.store.key_id}
    tools.store_client(work).put_object(Bucket=artifact.bucket, Key=artifact.key, Body=body, **encryption)


def session_policy(work: Work, region: str) -> dict[str, Any]:
    """Return the policy of `artifactCredentials`: at most read the inputs and write the outputs of one action.

    AWS documents that these credentials have a policy on the artifacts' paths, but not its text
    (https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html). It includes the key, as the
    bucket's objects are encrypted with it.
    """
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket"],
            "Resource": f"arn:aws:s3:::{work.pipeline.store.bucket}",
        }
    ]
    rights = (
        (work.inputs, ["s3:GetObject", "s3:GetObjectVersion"]),
        (work.outputs, ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]),
    )
    for artifacts, actions in rights:
        resources = [f"arn:aws:s3:::{artifact.bucket}/{artifact.key}" for artifact in artifacts]
        if resources:
            statements.append({"Effect": "Allow", "Action": actions, "Resource": resources})
    if work.pipeline.store.key_id:
        use = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        statements.append({"Effect": "Allow", "Action": use, "Resource": _key_arn(work.pipeline.store.key_id, region)})
    return {"Version": "2012-10-17", "Statement": statements}


def _key_arn(key_id: str, region: str) -> str:
    """The key's ARN; an alias stands for a key whose id only KMS knows."""
    if key_id.startswith("arn:") and ":key/" in key_id:
        return key_id
    if "alias/" in key_id:
        return f"arn:aws:kms:{region}:{ACCOUNT}:key/*"
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/{key_id}"
