"""The dataset that the config of a model in this checkout pins, and whether it is uploaded."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.config.parsing import ConfigError
from pipeline_lambdas.release.dataset import manifest_key
from slipway.config_files import read_config
from slipway.errors import SlipwayError
from slipway.session import Session


def pinned_dataset(session: Session, model: str) -> str | None:
    """Return the id of the dataset that the model's config in this checkout pins; None without a valid config."""
    config = local_config(session, model)
    return config.dataset if config else None


def local_config(session: Session, model: str) -> TrainingConfig | None:
    """Return the model's config in this checkout; None if it is missing or not valid, which `check` reports."""
    try:
        return read_config(session.project.training_config / f"{model}.yml")
    except ConfigError:
        return None


def is_uploaded(session: Session, model: str, dataset: str) -> bool | None:
    """Tell whether a dataset has its manifest in the data bucket; None if AWS cannot be asked."""
    try:
        found = session.client("s3").list_objects_v2(
            Bucket=session.names.bucket("data"), Prefix=manifest_key(model, dataset), MaxKeys=1
        )
    except (BotoCoreError, ClientError, SlipwayError):
        return None
    return bool(found.get("KeyCount"))
