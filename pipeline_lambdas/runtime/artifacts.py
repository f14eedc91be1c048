"""Reads a job's input artifacts with the job's own credentials."""

from __future__ import annotations

import io
import zipfile
import zlib

from pipeline_lambdas.aws import s3
from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.runtime.job import Job

# A config repository is a few kilobytes and a manifest some hundred bytes a file. The limits keep a wrong
# artifact, or an archive that swells when unpacked, out of the function's memory.
ARTIFACT_LIMIT_BYTES = 64 * 1024 * 1024
MEMBER_LIMIT_BYTES = 8 * 1024 * 1024


def read_member(job: Job, artifact_name: str, member: str) -> bytes:
    """Return one file of a zipped artifact, such as the output of CodeCommit's source action.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html
    """
    artifact = job.artifact(artifact_name)
    content = s3.read_artifact(artifact.bucket, artifact.key, ARTIFACT_LIMIT_BYTES, job.credentials)
    return member_of(content, artifact_name, member)


def member_of(content: bytes, artifact_name: str, member: str) -> bytes:
    """Return one file of a zip archive; ConfigurationError if it is not an archive, or lacks the file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if member not in archive.namelist():
                raise ConfigurationError(_no_member(artifact_name, member, archive.namelist()))
            size = archive.getinfo(member).file_size
            if size > MEMBER_LIMIT_BYTES:
                raise ConfigurationError(
                    f"{artifact_name}: {member}: found {size} bytes; expected at most {MEMBER_LIMIT_BYTES}."
                )
            return archive.read(member)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise ConfigurationError(
            f"{artifact_name}: found an object that is not a zip archive ({error}); the source action's "
            "OutputArtifactFormat has to be CODE_ZIP."
        ) from None


def read_plain(job: Job, artifact_name: str) -> bytes:
    """Return an artifact that is a single file, such as the S3 source action's of an object that is not unzipped.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html
    """
    artifact = job.artifact(artifact_name)
    return s3.read_artifact(artifact.bucket, artifact.key, ARTIFACT_LIMIT_BYTES, job.credentials)


def _no_member(artifact_name: str, member: str, names: list[str]) -> str:
    suffix = member.rpartition(".")[2]
    similar = sorted(name for name in names if name.endswith(f".{suffix}"))[:10]
    return (
        f"{artifact_name}: found no file {member}; .{suffix} files in it: {', '.join(similar) or 'none'}. "
        f"Push {member} to the repository."
    )
