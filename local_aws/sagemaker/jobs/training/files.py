"""The files below /opt/ml that the platform writes before a training container starts, and reads after it ends.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

from local_aws import base
from local_aws.sagemaker import objects
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.jobs import archives
from local_aws.sagemaker.jobs.lifecycle import REASON_LENGTH
from local_aws.sagemaker.names import region_of, s3_address
from local_aws.sagemaker.roles import ExecutionRole
from local_aws.wire import Document


class UploadError(Exception):
    """An artifact could not be written to S3."""


def write_config(ml: Ml, request: Document) -> None:
    """Create the folders and write /opt/ml/input/config."""
    for folder in (ml.config_dir, ml.data_dir, ml.model_dir, ml.output_data_dir):
        folder.mkdir(parents=True, exist_ok=True)
    documents = {
        "hyperparameters.json": request.get("HyperParameters", {}),
        "inputdataconfig.json": {c["ChannelName"]: _input_config(c) for c in request.get("InputDataConfig", [])},
        "resourceconfig.json": _resource_config(request["ResourceConfig"]),
    }
    if "CheckpointConfig" in request:
        local = {"LocalPath": "/opt/ml/checkpoints", **request["CheckpointConfig"]}
        documents["checkpointconfig.json"] = local
    for name, document in documents.items():
        (ml.config_dir / name).write_text(json.dumps(document), encoding="utf-8")


def _input_config(channel: Document) -> dict[str, str]:
    """One channel of inputdataconfig.json.

    FastFile is given as File, as it is for a program that reads files: built-in algorithms accept only that name.
    """
    source = channel["DataSource"]["S3DataSource"]
    content_type = {"ContentType": channel["ContentType"]} if "ContentType" in channel else {}
    return {
        **content_type,
        "TrainingInputMode": "File",
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }


def _resource_config(resources: Document) -> Document:
    group = {"instance_group_name": "homogeneousCluster", "instance_type": resources["InstanceType"]}
    return {
        "current_host": "algo-1",
        "current_instance_type": resources["InstanceType"],
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [{**group, "hosts": ["algo-1"]}],
        "network_interface_name": "eth0",
    }


def environment(name: str, arn: str, request: Document) -> dict[str, str]:
    """The container's environment."""
    region = region_of(arn)
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **request.get("Environment", {}),
        "TRAINING_JOB_NAME": name,
        "TRAINING_JOB_ARN": arn,
    }


def failure_reason(ml: Ml, exit_code: int | None) -> str | None:
    """The FailureReason of a container that ended on its own, None if it exited with 0."""
    if exit_code == 0:
        return None
    code = 1 if exit_code is None else exit_code
    ending = f", exit code: {128 - code if code < 0 else code}"
    text = ""
    if _is_inside(ml, ml.failure_file) and ml.failure_file.is_file():
        with ml.failure_file.open(encoding="utf-8", errors="replace") as file:
            text = file.read(REASON_LENGTH)
    if not text and code < 0:
        text = _signal_text(-code)
    beginning = "AlgorithmError: "
    return beginning + text[: REASON_LENGTH - len(beginning) - len(ending)] + ending


def _is_inside(ml: Ml, path: Path) -> bool:
    """Whether no part of a path below /opt/ml is a link: the job's program may have led one to this machine's files."""
    return not any(place.is_symlink() for place in (path, *path.parents) if place.is_relative_to(ml.root))


def _signal_text(number: int) -> str:
    """The reason for a container killed by a signal; the exit code after it is 128 plus the signal's number."""
    name = signal.Signals(number).name if number in {s.value for s in signal.Signals} else "an unknown signal"
    text = f"The training process was killed by signal {number} ({name})"
    if number == signal.SIGKILL:
        text += ", which the system sends most often because memory has run out"
    return text


def upload_results(ml: Ml, name: str, config: Document, role: ExecutionRole, *, ended: str, failed: bool) -> str | None:
    """Upload /opt/ml/model and /opt/ml/output/data; returns the model's address, None if there is none.

    A failed job leaves no model, a stopped one leaves what it had written. Raises UploadError.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - 20 MB that an idle server saves

    place = s3_address(config["S3OutputPath"]).below(name, "output")
    key = config.get("KmsKeyId")
    for folder in (ml.model_dir, ml.output_data_dir):
        if not _is_inside(ml, folder):
            raise UploadError(f"/opt/ml/{folder.relative_to(ml.root)} is a link; expected a folder ({place})")
    has_model = not failed and (ended == "exited" or not archives.is_empty(ml.model_dir))
    try:
        client = role.client("s3")
        if config.get("CompressionType") == "NONE":
            if has_model:
                objects.upload_folder(client, ml.model_dir, place.below("model"), key)
            objects.upload_folder(client, ml.output_data_dir, place.below("data"), key)
            return f"{place.below('model')}/" if has_model else None
        for folder, file, wanted in (
            (ml.model_dir, "model.tar.gz", has_model),
            (ml.output_data_dir, "output.tar.gz", not archives.is_empty(ml.output_data_dir)),
        ):
            if wanted:
                archive: Path = ml.root / file
                archives.pack(folder, archive)
                objects.upload(client, archive, place.below(file), key)
    except ClientError as error:
        message = error.response["Error"].get("Message", str(error))
        raise UploadError(f"{message} ({place})") from None
    except (BotoCoreError, OSError, base.RoleNotAssumableError) as error:
        raise UploadError(f"{error} ({place})") from None
    return str(place.below("model.tar.gz")) if has_model else None
