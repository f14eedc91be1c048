"""Datasets in the data bucket: files under the hash of their content, and the manifests that list them.

Files of a dataset are never overwritten. One manifest lies next to them, for configs that pin the dataset. Another
names the newest dataset; it is written last, and writing it starts a release.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from pipeline_lambdas.release.affected import DATASET
from pipeline_lambdas.release.dataset import (
    CHANNELS,
    MANIFEST,
    DataFile,
    dataset_id,
    dataset_prefix,
    dataset_sha256,
    manifest_bytes,
    manifest_key,
)
from slipway.config_files import check_configs
from slipway.datasets.columns import COLUMNS_FILE, SIZE_LIMIT_BYTES, parse_columns, read_columns
from slipway.datasets.csv_rules import FileCheck, bounded_lines
from slipway.datasets.data_files import check_channel, dataset_files, report
from slipway.datasets.pinned import pinned_dataset
from slipway.errors import SlipwayError, UnsuccessfulError
from slipway.installation.aws_errors import code_of
from slipway.project import shown
from slipway.session import Session
from slipway.terminal.output import Step


@dataclass(frozen=True)
class StagedDataset:
    """A dataset whose files are in the bucket; `changed` tells whether the newest manifest names another one."""

    sha256: str
    prefix: str
    manifest: bytes
    changed: bool
    rows: Mapping[str, int]
    """Rows per channel."""

    @property
    def id(self) -> str:
        """The dataset's name for people and configs."""
        return dataset_id(self.sha256)

    source_action: ClassVar[str] = DATASET
    """The pipeline's source action that reads the manifest."""

    pinned: str | None = None
    """Id of the dataset that the model's config in this checkout pins."""

    def releases(self, model: str) -> bool:  # noqa: ARG002 - a dataset is one model's
        """Tell whether the manifest starts a release: it does not if the config pins another dataset."""
        return self.changed and self.pinned in {None, self.id}

    def publish(self, session: Session) -> str:
        """Write the manifest; returns its version, the data revision of a release."""
        with session.output.step("data manifest") as step:
            put = session.client("s3").put_object(
                Bucket=session.names.bucket("data"),
                Key=session.names.manifest_key,
                Body=self.manifest,
                ContentType="application/json",
            )
            step.outcome = f"dataset {self.id}, {sum(self.rows.values()):,} rows"
        return str(put["VersionId"])

    def document(self) -> dict[str, Any]:
        return {
            "dataset": self.sha256,
            "id": self.id,
            "prefix": self.prefix,
            "changed": self.changed,
            "rows": dict(self.rows),
        }


def stage_folder(session: Session, folder: Path, rows: Mapping[str, int]) -> StagedDataset:
    """Upload the files of a folder that the bucket does not have yet.

    `rows` maps each file's path, as messages show it, to its number of rows, which is stored with the object, so that a
    release can tell how many rows it was trained on.
    """
    paths = {path.relative_to(folder).as_posix(): path for path in dataset_files(folder)}
    files = _data_files(paths)
    sha256, prefix = _identity(session, files)
    bucket, s3 = session.names.bucket("data"), session.client("s3")
    missing = [file for file in files if not _is_there(s3, bucket, prefix + file.path, file)]
    counted = {name: rows.get(shown(path), 0) for name, path in paths.items()}
    with session.output.step("data files") as step:
        advance = _percent_shown(step, sum(file.size_bytes for file in missing))
        for file in missing:
            extra = {"Metadata": _metadata(file, counted[file.path])}
            s3.upload_file(str(paths[file.path]), bucket, prefix + file.path, ExtraArgs=extra, Callback=advance)
        step.outcome = _uploaded(files, missing)
    counts = {channel: sum(counted[file.path] for file in files if file.channel == channel) for channel in CHANNELS}
    return _staged(session, files, sha256, prefix, read_columns(folder), counts)


def folder_id(folder: Path) -> str:
    """Return the id of the dataset in a folder; SlipwayError if a channel has no file."""
    files = _data_files({path.relative_to(folder).as_posix(): path for path in dataset_files(folder)})
    return dataset_id(dataset_sha256((file.path, file.sha256) for file in files))


def write_manifest(folder: Path, model: str) -> None:
    """Write the manifest of the dataset in a folder into it, for uploads by other means than Slipway."""
    files = _data_files({path.relative_to(folder).as_posix(): path for path in dataset_files(folder)})
    sha256 = dataset_sha256((file.path, file.sha256) for file in files)
    content = manifest_bytes(files, sha256, dataset_prefix(model, sha256), read_columns(folder))
    (folder / MANIFEST).write_bytes(content)


def _data_files(paths: Mapping[str, Path]) -> list[DataFile]:
    return [DataFile(name.split("/")[0], name, path.stat().st_size, _file_sha256(path)) for name, path in paths.items()]


def stage_bucket_files(session: Session) -> StagedDataset:
    """Make a dataset of the files under `<model>/<channel>/`: check them, and copy them within S3.

    `<model>/columns.json`, if it exists, names the columns. Raises UnsuccessfulError for bad rows, SlipwayError if a
    channel has no file.
    """
    bucket, model, s3 = session.names.bucket("data"), session.names.model, session.client("s3")
    dropped = list(_dropped(s3, bucket, model))
    absent = [channel for channel in CHANNELS if not any(name.startswith(f"{channel}/") for name, _ in dropped)]
    if absent:
        raise SlipwayError(
            f"s3://{bucket}/{model}/: found no file under {', '.join(f'{name}/' for name in absent)}.",
            f"Put the files there, for example: aws s3 cp train.csv s3://{bucket}/{model}/train/",
        )
    checked: list[tuple[DataFile, FileCheck]] = []
    for name, version in dropped:
        columns = next((check.columns for _, check in checked if not check.problem_count), 0)
        checked.append(_check_object(session, bucket, name, version, columns))
    if any(check.problem_count for _, check in checked):
        report(session.output, [check for _, check in checked])
        session.output.say("Nothing was adopted.")
        raise UnsuccessfulError
    files = [file for file, _ in checked]
    sha256, prefix = _identity(session, files)
    with session.output.step("data files") as step:
        missing = [file for file in files if not _is_there(s3, bucket, prefix + file.path, file)]
        versions = dict(dropped)
        for file, check in checked:
            if file in missing:
                _copy(s3, bucket, f"{model}/{file.path}", versions[file.path], prefix + file.path, file, check.rows)
        step.outcome = _uploaded(files, missing).replace("uploaded", "copied")
    counts = {channel: sum(check.rows for file, check in checked if file.channel == channel) for channel in CHANNELS}
    return _staged(session, files, sha256, prefix, _dropped_columns(s3, bucket, model), counts)


def _percent_shown(step: Step, total: int) -> Callable[[int], None]:
    """Return a function that reports progress to a step; the threads that upload call it."""
    done = 0
    lock = threading.Lock()

    def advance(more: int) -> None:
        nonlocal done
        with lock:
            done += more
            step.update(f"{100 * done // max(total, 1)} % of {total:,} bytes")

    return advance


def _uploaded(files: list[DataFile], missing: list[DataFile]) -> str:
    if not missing:
        return f"{len(files)} files, all there already"
    return f"{len(missing)} of {len(files)} files uploaded, {sum(file.size_bytes for file in missing):,} bytes"


def _identity(session: Session, files: list[DataFile]) -> tuple[str, str]:
    sha256 = dataset_sha256((file.path, file.sha256) for file in files)
    return sha256, dataset_prefix(session.names.model, sha256)


def _is_there(s3: Any, bucket: str, key: str, file: DataFile) -> bool:
    try:
        found = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        # A HEAD has no body, so the code is the HTTP status.
        if code_of(error) not in {"404", "NoSuchKey", "NotFound"}:
            raise
        return False
    return bool(found["ContentLength"] == file.size_bytes and found["Metadata"].get("sha256") == file.sha256)


def _metadata(file: DataFile, rows: int) -> dict[str, str]:
    return {"sha256": file.sha256, "rows": str(rows)}


def _staged(
    session: Session,
    files: list[DataFile],
    sha256: str,
    prefix: str,
    columns: list[str],
    rows: Mapping[str, int],
) -> StagedDataset:
    manifest = manifest_bytes(files, sha256, prefix, columns)
    s3, bucket, beside = session.client("s3"), session.names.bucket("data"), manifest_key(session.names.model, sha256)
    # After the files: a release that waits for the dataset begins as soon as this is there.
    if _content(s3, bucket, beside) != manifest:
        s3.put_object(Bucket=bucket, Key=beside, Body=manifest, ContentType="application/json")
    changed = _content(s3, bucket, session.names.manifest_key) != manifest
    return StagedDataset(sha256, prefix, manifest, changed, rows, pinned_dataset(session, session.names.model))


def _content(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        found: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if code_of(error) != "NoSuchKey":
            raise
        return None
    return found


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _dropped(s3: Any, bucket: str, model: str) -> Iterator[tuple[str, str]]:
    """Return the path below the model's prefix and the newest version of each file that a person put there."""
    for channel in CHANNELS:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{model}/{channel}/"):
            for item in page.get("Contents", []):
                if item["Size"]:
                    head = s3.head_object(Bucket=bucket, Key=item["Key"])
                    yield item["Key"].removeprefix(f"{model}/"), head["VersionId"]


def _dropped_columns(s3: Any, bucket: str, model: str) -> list[str]:
    key = f"{model}/{COLUMNS_FILE}"
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) != "NoSuchKey":
            raise
        return []
    return parse_columns(found["Body"].read(SIZE_LIMIT_BYTES + 1), f"s3://{bucket}/{key}")


def _check_object(session: Session, bucket: str, name: str, version: str, columns: int) -> tuple[DataFile, FileCheck]:
    """Read one object once; returns its hash and its problems."""
    model = session.names.model
    config = check_configs(session.project.training_config)[0].get(model)
    found = session.client("s3").get_object(Bucket=bucket, Key=f"{model}/{name}", VersionId=version)
    digest, channel = hashlib.sha256(), name.split("/", maxsplit=1)[0]

    def read(size: int) -> bytes:
        chunk: bytes = found["Body"].read(size)
        digest.update(chunk)
        return chunk

    with session.output.step(f"checking {name}") as step:
        check = check_channel(bounded_lines(read), name, config, channel, columns)
        step.outcome = f"{check.rows:,} rows" if not check.problem_count else f"{check.problem_count} problems"
    return DataFile(channel, name, found["ContentLength"], digest.hexdigest()), check


def _copy(s3: Any, bucket: str, source: str, version: str, key: str, file: DataFile, rows: int) -> None:
    # A managed copy, as a single CopyObject ends at 5 GB:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    s3.copy(
        {"Bucket": bucket, "Key": source, "VersionId": version},
        bucket,
        key,
        ExtraArgs={"Metadata": _metadata(file, rows), "MetadataDirective": "REPLACE"},
    )
