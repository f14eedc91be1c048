"""The first step of both machines: what is asked for is checked, and everything that it needs is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline_lambdas.aws import s3
from workflows.lifecycle.config import Config, read_config
from workflows.lifecycle.request import Request, read_request
from workflows.runtime.errors import DataError, InputError
from workflows.runtime.names import unique
from workflows.runtime.task_input import read_input

CHANNELS = ("train", "validation")
HOLDOUT, TARGETS = "holdout", "holdout-targets"
_EXAMPLE = "rows.csv"


@dataclass(frozen=True, slots=True)
class Start:
    """What a machine tells of its execution, from the Context object."""

    Machine: str  # "training" or "inference"
    ExecutionArn: str
    StartTime: str
    RedriveCount: int


@dataclass(frozen=True, slots=True)
class Site:
    """The values that the stack gives. `name_prefix` is that of jobs and models."""

    name_prefix: str
    data_bucket: str
    model_bucket: str


def initialize(event: Mapping[str, Any], site: Site) -> dict[str, Any]:
    """Return what the machine works with.

    Raises InputError for a request or a config that is not valid, DataError for data that is not there.
    """
    request = read_request(event.get("Request"))
    start = read_input(Start, {key: value for key, value in event.items() if key != "Request"}, "What the state passes")
    name = unique(site.name_prefix, start.ExecutionArn, start.RedriveCount)
    started = datetime.fromisoformat(start.StartTime)
    told = {
        "Request": {"ModelName": request.ModelName, "DataDate": request.DataDate},
        "DataDate": request.DataDate,
        "RunDate": f"{started:%Y-%m-%d}",
    }
    output = f"s3://{site.model_bucket}/workflows/lifecycle/{name.rpartition('-')[2]}"
    match start.Machine:
        case "training":
            folder = f"{output}/model/{request.DataDate}/{started:%Y%m%dT%H%M%SZ}"
            return told | {"Training": {"JobName": name, **_training(request, site), "OutputPath": folder}}
        case "inference":
            folder = f"{output}/predictions/{request.DataDate}"
            return told | {"Inference": {"JobName": name, **_inference(request, site), "OutputPath": folder}}
    raise InputError(f"Machine: found {start.Machine!r}; expected training or inference. Correct the definition.")


def _training(request: Request, site: Site) -> dict[str, Any]:
    config = _config(request, site)
    for channel in CHANNELS:
        _files(site.data_bucket, f"{request.data}{channel}/")
    return {
        "HyperParameters": dict(config.hyperparameters),
        "Inputs": {channel: f"s3://{site.data_bucket}/{request.data}{channel}/" for channel in CHANNELS},
    }


def _inference(request: Request, site: Site) -> dict[str, Any]:
    config = _config(request, site)
    rows, targets = (_files(site.data_bucket, f"{request.data}{name}/") for name in (HOLDOUT, TARGETS))
    if set(rows) != set(targets):
        raise DataError(
            f"s3://{site.data_bucket}/{request.data}: found other files in {HOLDOUT}/ than in {TARGETS}/: "
            f"{', '.join(sorted(set(rows) ^ set(targets)))}; expected targets for each file, under its name. Upload "
            "what is missing and start again."
        )
    return {
        "Threshold": config.threshold,
        "Input": f"s3://{site.data_bucket}/{request.data}{HOLDOUT}/",
        "Targets": f"s3://{site.data_bucket}/{request.data}{TARGETS}/",
    }


def _config(request: Request, site: Site) -> Config:
    key = f"{request.model}config.json"
    uri = f"s3://{site.data_bucket}/{key}"
    content = s3.read_object(site.data_bucket, key)
    if content is None:
        raise DataError(
            f"{uri}: found no object; expected how the model is trained and judged. Upload one like "
            "workflows/lifecycle/config.json, or correct ModelName."
        )
    return read_config(uri, content)


def _files(bucket: str, prefix: str) -> Mapping[str, int]:
    """The files under a prefix by their names with their sizes in bytes; a console's mark of a folder is none."""
    sizes = {key.removeprefix(prefix): size for key, size in s3.list_sizes(bucket, prefix).items()}
    files = {name: size for name, size in sizes.items() if name and not name.endswith("/")}
    if not files:
        raise DataError(
            f"s3://{bucket}/{prefix}: found no file; expected CSV files without a header, such as {_EXAMPLE}. Upload "
            "the data of that date, or correct DataDate."
        )
    if empty := sorted(name for name, size in files.items() if not size):
        raise DataError(f"s3://{bucket}/{prefix}: found no row in {', '.join(empty)}. Upload the file again.")
    return files
