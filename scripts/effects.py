"""What a push will release: which models of the installation, and why. Said before it happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from pipeline_lambdas.affected import releasing
from pipeline_lambdas.config import ConfigError
from pipeline_lambdas.config_model import TrainingConfig
from pipeline_lambdas.dataset import manifest_key
from scripts.check import read_config
from scripts.errors import SlipwayError
from scripts.installation import models_with_a_stack
from scripts.session import Session

_MOST_PATHS = 3


def models_of(session: Session) -> tuple[str, ...]:
    """The models of the installation that have a pipeline."""
    return tuple(sorted(set(models_with_a_stack(session))))


def effect(source: str, paths: Sequence[str] | None, models: Iterable[str]) -> dict[str, str]:
    """Model to why a push of these changed paths releases it; None stands for everything, as in a new repository."""
    found = {}
    for model in models:
        if paths is None:
            found[model] = "everything is new"
        elif reasons := releasing(source, model, paths):
            more = f" and {len(reasons) - _MOST_PATHS} more" if len(reasons) > _MOST_PATHS else ""
            found[model] = f"{', '.join(reasons[:_MOST_PATHS])}{more}"
    return found


def sentence(folder: str, found: dict[str, str], models: Sequence[str]) -> str:
    """Say what a push of a folder will release."""
    if not models:
        return f"{folder}: no pipeline is there yet that a push could start"
    if not found:
        return f"{folder}: the push will release no model; nothing that one is made of has changed"
    if len(set(found.values())) == 1:
        return f"{folder}: the push will release {', '.join(found)} ({next(iter(found.values()))})"
    return f"{folder}: the push will release " + ", ".join(f"{model} ({reason})" for model, reason in found.items())


def pinned_dataset(session: Session, model: str) -> str | None:
    """The id of the dataset that the model's config in this checkout pins; None without a config that is in order."""
    config = local_config(session, model)
    return config.dataset if config else None


def local_config(session: Session, model: str) -> TrainingConfig | None:
    """The model's config in this checkout; None if there is none, or it is not in order, which `check` tells."""
    try:
        return read_config(session.project.training_config / f"{model}.yml")
    except ConfigError:
        return None


def is_uploaded(session: Session, model: str, dataset: str) -> bool | None:
    """Whether a dataset has its manifest in the data bucket; None if nobody could be asked."""
    try:
        found = session.client("s3").list_objects_v2(
            Bucket=session.names.bucket("data"), Prefix=manifest_key(model, dataset), MaxKeys=1
        )
    except (BotoCoreError, ClientError, SlipwayError):
        return None
    return bool(found.get("KeyCount"))
