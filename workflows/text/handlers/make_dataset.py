"""Function make-dataset: makes a dataset for a release of a zip of reviews, and answers its manifest."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline_lambdas.runtime.boundary import read_environment
from workflows.runtime.errors import InputError
from workflows.runtime.log import say
from workflows.runtime.task_input import read_input
from workflows.text.dataset import make_dataset

if TYPE_CHECKING:
    from pipeline_lambdas.runtime.runner import LambdaContext


@dataclass(frozen=True, slots=True)
class Environment:
    data_bucket: str
    model_name: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a pipeline gives the state machine that prepares its data; without `model`, the stack's own is meant."""

    settings: dict[str, Any]
    model: str = ""
    execution_id: str = ""
    config_commit: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """`reviews` is the key of a zip in the data bucket."""

    reviews: str


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    environment = read_environment(Environment, os.environ)
    request = read_input(Request, event)
    settings = read_input(Settings, request.settings, "settings")
    if request.model not in {"", environment.model_name}:
        raise InputError(
            f"model: found {request.model}; expected {environment.model_name}, the only model that this state machine "
            "makes datasets for. Update the workflows' stack with another ReviewsModel."
        )
    manifest = make_dataset(environment.data_bucket, settings.reviews, environment.model_name)
    say(request_id=context.aws_request_id, dataset=manifest["dataset"], counts=manifest["counts"])
    return manifest
