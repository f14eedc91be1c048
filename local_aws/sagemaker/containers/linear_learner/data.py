"""Reads the channels of a job into arrays, and checks them.

https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner.html#ll-input_output: CSV has the label in its first
column, and no header; a linear model cannot use missing values. AWS does not document its messages about bad rows;
here they name file and line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from local_aws.sagemaker.containers.linear_learner.hyperparameters import REGRESSOR, Settings
from local_aws.sagemaker.containers.toolkit import csv_text
from local_aws.sagemaker.containers.toolkit.csv_text import RowError
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError, NotEmulatedError
from local_aws.sagemaker.containers.toolkit.fields import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from local_aws.sagemaker.containers.contract import Ml

CHANNELS = ("train", "validation", "test")
_CSV = "text/csv"
_RECORDIO = "application/x-recordio-protobuf"
_LABEL_SIZES = ("", "label_size=1")


@dataclass(frozen=True)
class Rows:
    """A channel: labels and features of its rows."""

    labels: NDArray[np.float64]
    features: NDArray[np.float64]


def load(ml: Ml, settings: Settings) -> dict[str, Rows]:
    """Return the channels by name, in the order of CHANNELS. Raises CustomerError for the first fault."""
    config = ml.input_data_config()
    _check(config)
    loaded: dict[str, Rows] = {}
    for name in CHANNELS:
        if name not in config:
            continue
        columns = loaded["train"].features.shape[1] + 1 if loaded else None
        loaded[name] = _rows(name, ml.channel_dir(name), columns, settings)
    dimension = settings.texts["feature_dim"]
    found = loaded["train"].features.shape[1]
    if dimension not in ("auto", str(found)):
        raise CustomerError(f"feature_dim is {dimension}, and the rows of channel 'train' have {found} features")
    return loaded


def _check(config: Mapping[str, Mapping[str, str]]) -> None:
    if "train" not in config:
        raise CustomerError(
            "Unable to initialize the algorithm. Failed to validate input data configuration. (caused by "
            "ValidationError)\n\nCaused by: 'train' is a required property"
        )
    for name, given in config.items():
        if name not in CHANNELS:
            raise CustomerError(f"Channel {name!r} is unknown: a job has the channels {', '.join(CHANNELS)}")
        kind, _, parameter = given.get("ContentType", _RECORDIO).replace(" ", "").partition(";")
        if kind == _RECORDIO:
            raise NotEmulatedError(
                f"Channel {name!r} has ContentType {given.get('ContentType')!r}: local AWS reads {_CSV}. Convert the "
                "data to CSV, or train on AWS."
            )
        if kind != _CSV or parameter not in _LABEL_SIZES:
            raise CustomerError(
                f"Channel {name!r} has ContentType {given['ContentType']!r}: allowed {_CSV}, {_RECORDIO}"
            )


def _rows(channel: str, folder: Path, columns: int | None, settings: Settings) -> Rows:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    if not files:
        raise CustomerError(f"Channel {channel!r} has no data")
    parts = []
    for path in files:
        text = Text.of(path.read_bytes())
        name = f"{channel}/{path.relative_to(folder).as_posix()}"
        try:
            part = csv_text.parse(text, b",", columns)
        except RowError as error:
            place = "" if error.column is None else f", column {error.column}"
            raise CustomerError(f"{name}, line {error.line}{place}: {error.reason}") from None
        columns = part.shape[1]
        if columns < 2:
            raise CustomerError(f"{name}: found {columns} column, expected a label and features")
        _check_values(part, text, name, settings)
        parts.append(part.astype(np.float64))
    rows = np.concatenate(parts)
    return Rows(rows[:, 0], rows[:, 1:])


def _check_values(part: NDArray[np.float32], text: Text, name: str, settings: Settings) -> None:
    missing = np.argwhere(~np.isfinite(part))
    if missing.size:
        row, column = missing[0].tolist()
        line = csv_text.line_of_row(text, row)
        raise CustomerError(f"{name}, line {line}, column {column + 1}: not a finite number; values cannot be missing")
    if settings.predictor == REGRESSOR:
        return
    labels = part[:, 0]
    wrong = np.flatnonzero((labels < 0) | (labels >= settings.classes) | (labels != np.floor(labels)))
    if wrong.size:
        line = csv_text.line_of_row(text, int(wrong[0]))
        raise CustomerError(
            f"{name}, line {line}: found the label {labels[wrong[0]]:g}, expected a class from 0 to "
            f"{settings.classes - 1}"
        )
