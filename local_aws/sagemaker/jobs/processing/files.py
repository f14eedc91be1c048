"""The files of a processing container: its config, its inputs and outputs, and the message that it leaves.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from local_aws.sagemaker import objects
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.jobs import channels
from local_aws.sagemaker.jobs.job_run import JobFailedError
from local_aws.sagemaker.jobs.lifecycle import REASON_LENGTH
from local_aws.sagemaker.names import s3_address
from local_aws.sagemaker.roles import ExecutionRole
from local_aws.wire import Document

_CONFIGURED = (
    "AppSpecification",
    "Environment",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "RoleArn",
    "StoppingCondition",
)


class MessageError(Exception):
    """The container's message is not UTF-8."""


def write_config(ml: Ml, name: str, arn: str, request: Document) -> None:
    """Write /opt/ml/config, and make /opt/ml/output and the folders of the outputs."""
    config = ml.root / "config"
    config.mkdir(parents=True)
    (ml.root / "output").mkdir()
    (ml.root / "processing").mkdir()
    job = {"ProcessingJobName": name, "ProcessingJobArn": arn, **{key: request.get(key) for key in _CONFIGURED}}
    hosts = {"current_host": "algo-1", "hosts": ["algo-1"]}
    for file, document in (("processingjobconfig.json", job), ("resourceconfig.json", hosts)):
        (config / file).write_text(json.dumps(document), encoding="utf-8")
    for folder, _ in outputs(ml, request):
        folder.mkdir(parents=True, exist_ok=True)


def outputs(ml: Ml, request: Document) -> Iterator[tuple[Path, Document]]:
    """The folder and the S3Output of each output that SageMaker uploads."""
    for entry in request.get("ProcessingOutputConfig", {}).get("Outputs", []):
        if not entry.get("AppManaged"):
            yield ml.resolve(entry["S3Output"]["LocalPath"]), entry["S3Output"]


def fetch(entry: Document, ml: Ml, role: ExecutionRole) -> None:
    """Download an input, unless the container does that itself. Raises channels.DownloadError."""
    if not entry.get("AppManaged"):
        source = entry["S3Input"]
        channels.fetch(source, role, ml.resolve(source["LocalPath"]))


def upload(ml: Ml, request: Document, role: ExecutionRole) -> None:
    """Upload every output. Raises JobFailedError."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - 20 MB that an idle server saves

    key = request.get("ProcessingOutputConfig", {}).get("KmsKeyId")
    for folder, target in outputs(ml, request):
        place = s3_address(target["S3Uri"])
        try:
            client = role.client("s3")
            for path in files_below(folder):
                objects.upload(client, path, place.below(*path.relative_to(folder).parts), key)
        except (ClientError, BotoCoreError, OSError) as error:
            raise JobFailedError(f"ClientError: Failed to upload output to {target['S3Uri']}: {error}") from None


def files_below(folder: Path) -> Iterator[Path]:
    """Every file of an output, sorted; links are neither followed nor uploaded."""
    for parent, folders, names in () if folder.is_symlink() else os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                yield path


def exit_message(ml: Ml) -> str | None:
    """The first kilobyte of /opt/ml/output/message, None if there is none. Raises MessageError."""
    file = ml.root / "output" / "message"
    if file.is_symlink() or not file.is_file():
        return None
    with file.open("rb") as content:
        cut = content.read(REASON_LENGTH + 1)
    text = cut[:REASON_LENGTH]
    try:
        return text.decode("utf-8") or None
    except UnicodeDecodeError as error:
        # The cut may go through a character.
        if len(cut) > REASON_LENGTH and error.reason == "unexpected end of data":
            return text[: error.start].decode("utf-8")
        raise MessageError(f"/opt/ml/output/message is not UTF-8: {error}") from None
