"""Reads the inputs of a release's actions: the config from their artifacts, and the release's dataset.

The dataset is the one that the config pins, else the one of the Source stage or of the state machine that prepares it.
A config and the dataset that it pins arrive separately, so a release waits for a dataset that does not exist yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pipeline_lambdas.aws import s3
from pipeline_lambdas.config.model import TrainingConfig, config_sha256
from pipeline_lambdas.config.parsing import parse_config
from pipeline_lambdas.release.affected import DATASET, TRAINING_CONFIG, config_file, program_folder
from pipeline_lambdas.release.dataset import Dataset, dataset_prefix, manifest_key, parse_manifest
from pipeline_lambdas.release.retries import START_NEW
from pipeline_lambdas.runtime.artifacts import read_document, read_member, read_members
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError
from pipeline_lambdas.runtime.job import Job
from pipeline_lambdas.runtime.outcome import Continue

WAIT = timedelta(hours=1)
"""How long a release waits for a dataset that its config pins."""
_PINNED = "pinned"


def read_config(job: Job, model: str, artifact_sha256: str | None = None) -> TrainingConfig:
    """Return the model's training config; ConfigurationError lists its problems.

    Raises JobFailedError if its artifact does not have this SHA-256.
    """
    file = config_file(model)
    config = parse_config(read_member(job, TRAINING_CONFIG, file, artifact_sha256), file)
    if config.model != model:
        raise ConfigurationError(f"{file}: model: found {config.model}; expected {model}, the pipeline's model.")
    return config


def read_program(job: Job, config: TrainingConfig, artifact_sha256: str | None = None) -> dict[str, bytes]:
    """Return the files in the model's folder by their names there; none for a config that names none of them."""
    if not (config.script or config.metrics or (config.container and config.container.dockerfile)):
        return {}
    return read_members(job, TRAINING_CONFIG, program_folder(config.model), artifact_sha256)


def read_trained_config(job: Job, model: str, sha256: str) -> TrainingConfig:
    """Return the config that the release was trained with, by its SHA-256; JobFailedError if it has changed since."""
    config = read_config(job, model)
    require_trained(config_file(model), config_sha256(config), sha256, TRAINING_CONFIG)
    return config


def require_trained(what: str, found: str, trained: str, artifact: str) -> None:
    """Raise JobFailedError if an action's input differs from the one that the release was trained with.

    A job gives its function credentials for the artifact bucket, so code that nobody has approved may have written
    there: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_JobData.html
    """
    if found != trained:
        raise JobFailedError(
            f"{what}: found the SHA-256 {found}; expected {trained}, with which the release was trained: the artifact "
            f"{artifact} was changed since. The access log of the artifact bucket shows who wrote it. "
            f"{START_NEW}."
        )


def released_dataset(job: Job, config: TrainingConfig, bucket: str, sha256: str) -> Dataset:
    """Return the dataset that the release was trained with, by its SHA-256.

    Raises ConfigurationError if the dataset that the config pins does not exist, JobFailedError if it is not the one.
    """
    found = _find(job, config, bucket)
    if found is None:
        raise ConfigurationError(_missing(config, bucket))
    require_trained(f"dataset {found.id}", found.sha256, sha256, DATASET)
    return found


def await_dataset(
    job: Job, config: TrainingConfig, bucket: str, now: datetime, artifact_sha256: str | None = None
) -> Dataset | Continue:
    """Return the dataset of the release, or Continue while it does not exist; ConfigurationError after `WAIT`.

    Raises JobFailedError if its artifact does not have this SHA-256.
    """
    found = _find(job, config, bucket, artifact_sha256)
    if found is not None:
        return found
    until = _until(job.continuation_token) or now + WAIT
    if now >= until:
        raise ConfigurationError(f"Waited {WAIT.total_seconds() / 3600:.0f} h. {_missing(config, bucket)}")
    summary = (
        f"Waits until {until:%H:%M:%S} UTC for dataset {config.dataset}, which the config pins; "
        "`slipway data upload` uploads it"
    )
    waited = 1 - (until - now) / WAIT
    return Continue(json.dumps({"until": until.isoformat()}), summary, max(0, min(99, int(100 * waited))))


def manifest_version(config: TrainingConfig, found: str) -> Mapping[str, str]:
    """Return the output variable with the manifest's version that the Source stage `found`; none for a pinned one."""
    version = _PINNED if config.dataset else found
    return {"DatasetVersion": version} if version else {}


def read_pinned(model: str, dataset: str, bucket: str) -> Dataset | None:
    """Return the dataset of this id, from the manifest next to its files; None if it does not exist.

    Raises ConfigurationError if the manifest describes another dataset.
    """
    key = manifest_key(model, dataset)
    content = s3.read_object(bucket, key)
    if content is None:
        return None
    found = parse_manifest(content, model)
    if found.id != dataset:
        raise ConfigurationError(f"s3://{bucket}/{key}: found the manifest of dataset {found.id}; expected {dataset}.")
    return found


def _find(job: Job, config: TrainingConfig, bucket: str, artifact_sha256: str | None = None) -> Dataset | None:
    if config.dataset is None:
        return parse_manifest(read_document(job, DATASET, artifact_sha256), config.model)
    return read_pinned(config.model, config.dataset, bucket)


def _missing(config: TrainingConfig, bucket: str) -> str:
    dataset = config.dataset or ""
    prefix = dataset_prefix(config.model, dataset)
    if s3.list_sizes(bucket, prefix):
        return (
            f"s3://{bucket}/{prefix}: found files of dataset {dataset}, which {config.model}.yml pins, and no manifest "
            "beside them: an upload that was broken off, or one of before uploads wrote it. Upload the dataset again "
            "with `slipway data upload` (what is there already is not uploaded twice), then `slipway retry`"
        )
    return (
        f"s3://{bucket}/{prefix}: found no dataset {dataset}, which {config.model}.yml pins under data. Upload it with "
        "`slipway data upload`, then `slipway retry`; or pin one that is there and push."
    )


def _until(token: str | None) -> datetime | None:
    """Return the end of the wait, which the first poll has set."""
    if token is None:
        return None
    try:
        return datetime.fromisoformat(json.loads(token)["until"]).astimezone(UTC)
    except (ValueError, KeyError, TypeError):
        raise ConfigurationError(f"The continuation token {token!r} is not one of this action.") from None
