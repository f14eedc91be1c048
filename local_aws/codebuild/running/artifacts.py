"""Artifacts of a build: files chosen by patterns, uploaded as the service role.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_aws.codebuild.buildspec import Artifact, Buildspec
from local_aws.codebuild.faults import PhaseFailedError
from local_aws.codebuild.names import S3_ARN
from local_aws.codebuild.running.wildcards import Wildcards

if TYPE_CHECKING:
    from local_aws.codebuild.platform import ServiceRole
    from local_aws.codebuild.records import Document
    from local_aws.codebuild.running.build_log import BuildLog

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def select(artifact: Artifact, folder: Path, environment: Mapping[str, str]) -> dict[str, Path]:
    """Names in the artifact, with their files. Raises PhaseFailedError if no file matches."""
    bases = _bases(_expanded(artifact.base_directory, environment), folder)
    wanted = [_pattern(_expanded(pattern, environment), folder) for pattern in artifact.files]
    unwanted = [_pattern(pattern, folder) for pattern in artifact.exclude]
    chosen: dict[str, Path] = {}
    for base in bases:
        for path in sorted(p for p in base.rglob("*") if p.is_file()):
            name = path.relative_to(base).as_posix()
            if any(p.match(name) for p in wanted) and not any(p.match(name) for p in unwanted):
                chosen[path.name if artifact.discard_paths else name] = path
    if not chosen:
        raise PhaseFailedError("CLIENT_ERROR", "no matching artifact paths found")
    return chosen


def _bases(base_directory: str, folder: Path) -> list[Path]:
    if not base_directory or base_directory == ".":
        return [folder]
    absolute = Path(base_directory)
    if absolute.is_absolute():
        found = [absolute]
    else:
        found = sorted(path for path in folder.glob(base_directory.rstrip("/")) if path.is_dir())
    root = folder.parent.resolve()  # the build's own folder, which holds the secondary sources too
    for path in found:
        if not path.resolve().is_relative_to(root):
            raise PhaseFailedError("CLIENT_ERROR", f"artifacts.base-directory {base_directory} is outside the build")
    if not found or not all(path.is_dir() for path in found):
        raise PhaseFailedError("CLIENT_ERROR", f"no matching base directory path found for {base_directory}")
    return found


def _pattern(text: str, folder: Path) -> Wildcards:
    return Wildcards(text.removeprefix("./").removeprefix(f"{folder}/"))


def _expanded(text: str, environment: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: environment.get(match[1] or match[2], ""), text)


def zipped(files: Mapping[str, Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for name, path in files.items():
            archive.write(path, name)
    return buffer.getvalue()


class Upload:
    """Uploads the buildspec's artifacts to the locations that project and pipeline give."""

    def __init__(self, role: ServiceRole, request: Document, build: Document) -> None:
        self._role, self._request, self._build = role, request, build

    def run(self, spec: Buildspec, folder: Path, environment: Mapping[str, str], log: BuildLog) -> Document:
        """Upload all artifacts; returns the members `artifacts` and `secondaryArtifacts` of the build.

        Several outputs of a pipeline action are all secondary artifacts of the buildspec. Raises PhaseFailedError.
        """
        primary, others = self._request["artifacts"], self._request.get("secondaryArtifacts", [])
        answer: Document = {}
        if primary["type"] != "NO_ARTIFACTS" and spec.artifact is not None and not self._only_secondary():
            answer["artifacts"] = self._one(primary, spec.artifact, folder, environment, log)
        for target in others:
            name = target["artifactIdentifier"]
            if name not in spec.secondary:
                raise PhaseFailedError(
                    "CLIENT_ERROR", f"no matching artifact paths found: the buildspec has no secondary artifact {name}"
                )
            found = self._one(target, spec.secondary[name], folder, environment, log)
            answer.setdefault("secondaryArtifacts", []).append({**found, "artifactIdentifier": name})
        return answer

    def _only_secondary(self) -> bool:
        return self._request["artifacts"]["type"] == "CODEPIPELINE" and "location" not in self._request["artifacts"]

    def _one(
        self, target: Document, artifact: Artifact, folder: Path, environment: Mapping[str, str], log: BuildLog
    ) -> Document:
        log.say(f"Expanding base directory path: {artifact.base_directory or '.'}")
        log.say("Assembling file list")
        files = select(artifact, folder, environment)
        for pattern in artifact.files:
            log.say(f"Expanding {pattern}")
        log.say(f"Found {len(files)} file(s)")
        if target["type"] == "CODEPIPELINE":
            return self._put_zip(target["location"], target["path"], files)
        name = target.get("name") or self._build["projectName"]
        if target.get("overrideArtifactName") and artifact.name:
            name = _expanded(artifact.name, environment)
        space = [self._build["id"].rpartition(":")[2]] if target.get("namespaceType") == "BUILD_ID" else []
        key = "/".join(part.strip("/") for part in (target.get("path", ""), *space, name) if part.strip("/"))
        if target.get("packaging") == "ZIP":
            return self._put_zip(target["location"], key, files)
        for file, path in files.items():
            self._put(target["location"], f"{key}/{file}", path.read_bytes())
        return {"location": f"{S3_ARN}{target['location']}/{key}"}

    def _put_zip(self, bucket: str, key: str, files: Mapping[str, Path]) -> Document:
        body = zipped(files)
        self._put(bucket, key, body)
        md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
        return {"location": f"{S3_ARN}{bucket}/{key}", "sha256sum": hashlib.sha256(body).hexdigest(), "md5sum": md5}

    def _put(self, bucket: str, key: str, body: bytes) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

        encryption: dict[str, Any] = {}
        if "alias/aws/s3" not in self._build["encryptionKey"]:
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._build["encryptionKey"]}
        metadata = {"codebuild-buildarn": self._build["arn"]}
        try:
            self._role.client("s3").put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata, **encryption)
        except ClientError as error:
            cause = error.response["Error"]
            shown = f"Failed to upload artifacts to s3://{bucket}/{key}: {cause['Code']}: {cause['Message']}"
            raise PhaseFailedError("CLIENT_ERROR", shown) from None
