"""What a release's actions read from their input artifacts."""

from __future__ import annotations

from pipeline_lambdas.artifacts import read_member, read_plain
from pipeline_lambdas.config import parse_config
from pipeline_lambdas.config_model import TrainingConfig
from pipeline_lambdas.dataset import Dataset, parse_manifest
from pipeline_lambdas.failures import ConfigurationError
from pipeline_lambdas.job import Job

CONFIG_ARTIFACT = "TrainingConfig"
DATASET_ARTIFACT = "Dataset"


def read_config(job: Job, model: str) -> TrainingConfig:
    """Return the model's training config; ConfigurationError lists what is wrong with it."""
    file = f"{model}.yml"
    config = parse_config(read_member(job, CONFIG_ARTIFACT, file), file)
    if config.model != model:
        raise ConfigurationError(f"{file}: model: found {config.model}; allowed {model}, the pipeline's model.")
    return config


def read_dataset(job: Job, model: str) -> Dataset:
    """Return the dataset that the pinned manifest names."""
    return parse_manifest(read_plain(job, DATASET_ARTIFACT), model)
