"""The sources of a build: archives in S3 and clones of CodeCommit, each in its own folder.

https://docs.aws.amazon.com/codebuild/latest/userguide/sample-multi-in-out.html
"""

from __future__ import annotations

import io
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws.archive_limits import UNREADABLE, TooLargeError, check_zip
from local_aws.codebuild.faults import PhaseFailedError
from local_aws.codebuild.names import s3_place
from local_aws.codebuild.running.repository import clone

if TYPE_CHECKING:
    from local_aws.codebuild.platform import ServiceRole
    from local_aws.codebuild.records import Document

_MODE_BITS = 16
_YAML = "YAML_FILE_ERROR"


@dataclass(frozen=True)
class Sources:
    """Folders of a build: `primary` is CODEBUILD_SRC_DIR, `secondary` CODEBUILD_SRC_DIR_<identifier>."""

    primary: Path
    secondary: dict[str, Path]
    commit: str | None = None
    """The commit of the primary source, if that is a repository."""

    def variables(self) -> dict[str, str]:
        named = {f"CODEBUILD_SRC_DIR_{name}": str(path) for name, path in self.secondary.items()}
        return {"CODEBUILD_SRC_DIR": str(self.primary), **named}


def fetch(role: ServiceRole, request: Document, root: Path) -> Sources:
    """Unpack all sources below `root`. Raises PhaseFailedError."""
    primary = root / "src"
    primary.mkdir(parents=True)
    commit = None
    if request["source"]["type"] != "NO_SOURCE":
        commit = _fetch(role, request["source"], request.get("sourceVersion", ""), primary)
    sources = Sources(primary, {}, commit)
    versions = {v["sourceIdentifier"]: v["sourceVersion"] for v in request.get("secondarySourceVersions", [])}
    by_name = {source["sourceIdentifier"]: source for source in request.get("secondarySources", [])}
    for name in sorted(versions.keys() | by_name.keys()):
        folder = sources.secondary[name] = root / "secondary" / name
        folder.mkdir(parents=True)
        _fetch(role, by_name.get(name, {}), versions.get(name, ""), folder)
    return sources


def _fetch(role: ServiceRole, source: Document, version: str, folder: Path) -> str | None:
    """Fill the folder; returns the commit id of a clone. A pipeline's artifact stands for a source of any type."""
    if source.get("type") == "CODECOMMIT" and not version.startswith("arn:"):
        return clone(role, source["location"], version, folder)
    _unpack(role, _location(source, version), folder)
    return None


def _location(source: Document, version: str) -> tuple[str, str | None]:
    """The location of an archive, and its version: a pipeline gives its artifact as the version of the source."""
    if version.startswith("arn:"):
        return version, None
    return source["location"], version or None


def _unpack(role: ServiceRole, location: tuple[str, str | None], folder: Path) -> None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

    where, version = location
    place = s3_place(where)
    if place is None:
        raise PhaseFailedError("CLIENT_ERROR", f"the source location {where} is not an object in S3")
    pinned = {"VersionId": version} if version else {}
    try:
        body = role.client("s3").get_object(Bucket=place.bucket, Key=place.key, **pinned)["Body"].read()
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            check_zip(archive)
            _extract(archive, folder)
    except ClientError as error:
        cause = error.response["Error"]
        shown = f"{cause['Code']}: {cause['Message']} for primary source and source version {where}"
        raise PhaseFailedError("CLIENT_ERROR", shown) from None
    except TooLargeError as error:
        raise PhaseFailedError("CLIENT_ERROR", f"the source {where} is too large: {error}") from None
    except UNREADABLE as error:
        raise PhaseFailedError("CLIENT_ERROR", f"the source {where} is not a zip archive: {error}") from None


def _extract(archive: zipfile.ZipFile, folder: Path) -> None:
    """Unpack files with their permission bits; zipfile keeps names inside the folder."""
    for entry in archive.infolist():
        written = Path(archive.extract(entry, folder))
        mode = (entry.external_attr >> _MODE_BITS) & 0o777
        if mode and not entry.is_dir():
            written.chmod(mode | 0o600)


def read_buildspec(request: Document, sources: Sources) -> tuple[str, str]:
    """The buildspec's text and its location. Raises PhaseFailedError.

    A text with a `version:` line is the buildspec itself, any other text is a path below the primary source
    (https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec-ref-name-storage).
    """
    given = request["source"].get("buildspec") or "buildspec.yml"
    if "\n" in given or given.lstrip().startswith(("version:", "{")):
        return given, "the project"
    if given.startswith("arn:"):
        raise PhaseFailedError(_YAML, f"local AWS does not read a buildspec from S3: {given}")
    path = (sources.primary / given).resolve()
    if not path.is_relative_to(sources.primary.resolve()) or not path.is_file():
        raise PhaseFailedError(_YAML, f"stat {given}: no such file or directory in the primary source")
    try:
        return path.read_text(encoding="utf-8"), given
    except UnicodeDecodeError:
        raise PhaseFailedError(_YAML, f"{given} is not UTF-8") from None


def clean(root: Path) -> None:
    """Remove a build's folders, read-only ones too."""
    shutil.rmtree(root, ignore_errors=True)
