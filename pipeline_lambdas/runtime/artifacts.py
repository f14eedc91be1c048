"""Reads a job's input artifacts with the job's own credentials."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib

from pipeline_lambdas.aws import s3
from pipeline_lambdas.release.retries import START_NEW
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError
from pipeline_lambdas.runtime.job import Job

# A config repository is a few kilobytes and a manifest some hundred bytes a file. The limits keep a wrong
# artifact, or an archive that swells when unpacked, out of the function's memory.
ARTIFACT_LIMIT_BYTES = 64 * 1024 * 1024
MEMBER_LIMIT_BYTES = 8 * 1024 * 1024
_ZIPPED = (b"PK\x03\x04", b"PK\x05\x06")
"""The first bytes of an archive, and of an empty one; no JSON begins so."""


def read_member(job: Job, artifact_name: str, member: str, sha256: str | None = None) -> bytes:
    """Return one file of a zipped artifact, such as the output of CodeCommit's source action; `sha256` as `read_plain`.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html
    """
    return member_of(read_plain(job, artifact_name, sha256), artifact_name, member)


def read_members(job: Job, artifact_name: str, folder: str, sha256: str | None = None) -> dict[str, bytes]:
    """Return the files of a zipped artifact below `folder`, which ends in a slash, by their names there."""
    content = read_plain(job, artifact_name, sha256)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name.startswith(folder) and not name.endswith("/")]
    return {name.removeprefix(folder): member_of(content, artifact_name, name) for name in names}


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


def read_plain(job: Job, artifact_name: str, sha256: str | None = None) -> bytes:
    """Return an artifact that is a single file, such as the S3 source action's of an object that is not unzipped.

    Raises JobFailedError if the artifact's SHA-256 is not the one given.
    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html
    """
    artifact = job.artifact(artifact_name)
    content = s3.read_artifact(artifact.bucket, artifact.key, ARTIFACT_LIMIT_BYTES, job.credentials)
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise JobFailedError(
            f"s3://{artifact.bucket}/{artifact.key}: found the SHA-256 {found}; expected {sha256}, which "
            f"{artifact_name} had when the release was published. The access log of the bucket tells who wrote it "
            f"again. {START_NEW}."
        )
    return content


def read_document(job: Job, artifact_name: str, sha256: str | None = None) -> bytes:
    """Return the document that an artifact is, plain or as the only file of a zip archive; `sha256` as `read_plain`.

    A source of S3 gives the object as it is. Of a state machine's output AWS documents neither the name of the file nor
    whether it is zipped: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html
    """
    return document_of(read_plain(job, artifact_name, sha256), artifact_name)


def document_of(content: bytes, artifact_name: str) -> bytes:
    """Return the only file of a zip archive, or the content as it is; ConfigurationError for an archive of several."""
    if not content.startswith(_ZIPPED):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
    except zipfile.BadZipFile as error:
        raise ConfigurationError(f"{artifact_name}: found a zip archive that cannot be read ({error}).") from None
    if len(names) != 1:
        raise ConfigurationError(f"{artifact_name}: found a zip archive of {len(names)} files; expected one document.")
    return member_of(content, artifact_name, names[0])


def _no_member(artifact_name: str, member: str, names: list[str]) -> str:
    suffix = member.rpartition(".")[2]
    similar = sorted(name for name in names if name.endswith(f".{suffix}"))[:10]
    return (
        f"{artifact_name}: found no file {member}; .{suffix} files in it: {', '.join(similar) or 'none'}. "
        f"Push {member} to the repository."
    )
