"""Computes predictions for a request body: loads the models of a directory, decodes the body, predicts.

https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/algorithm_mode/serve_utils.py

Predictions of CSV bodies come from `Booster.inplace_predict`, which gives the numbers of `Booster.predict` without
a copy into a DMatrix. A small body is predicted on the calling thread alone, so that many connections do not
start a team of OpenMP threads each; a large one takes all processors, one body at a time.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xgboost as xgb

from local_aws.sagemaker.containers.toolkit import csv_text, libsvm_text
from local_aws.sagemaker.containers.toolkit.csv_text import RowError
from local_aws.sagemaker.containers.toolkit.exceptions import UserError
from local_aws.sagemaker.containers.toolkit.fields import Text
from local_aws.sagemaker.containers.xgboost import data
from local_aws.sagemaker.containers.xgboost.channels import CSV, LIBSVM, format_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_LARGE_ROWS = 16384
_SNIFFED = 512
_VOTED = ("multi:softmax", "binary:hinge")

Dense = np.ndarray[tuple[int, int], np.dtype[np.float32]]
Body = Dense | libsvm_text.Sparse


class ModelError(Exception):
    """A model of the directory cannot be loaded."""


@dataclass(frozen=True)
class Objective:
    """The objective of the model; `classes` is 0 unless it is a multi-class objective."""

    name: str
    classes: int


class _Model:
    """One booster, for one thread and for all."""

    def __init__(self, content: bytes, threads: int) -> None:
        self._lock = threading.Lock()
        self._single = _booster(content, 1)
        self._parallel = _booster(content, threads) if threads > 1 else self._single
        learner = json.loads(self._single.save_config())["learner"]
        self.objective = Objective(
            learner["objective"]["name"], int(learner["learner_model_param"].get("num_class", 0))
        )
        self._in_place = learner["gradient_booster"]["name"] != "gblinear"
        self._features = self._single.num_features()

    def predict(self, body: Body) -> NDArray[np.float32]:
        if isinstance(body, libsvm_text.Sparse):
            with self._lock:
                return self._predict_sparse(body)
        if body.shape[1] != self._features:
            raise ValueError(f"Feature shape mismatch, expected: {self._features}, got {body.shape[1]}")
        if not self._in_place:
            with self._lock:
                return np.asarray(self._parallel.predict(xgb.DMatrix(body), validate_features=False))
        if len(body) < _LARGE_ROWS:
            return np.asarray(self._single.inplace_predict(body, validate_features=False))
        with self._lock:
            return np.asarray(self._parallel.inplace_predict(body, validate_features=False))

    def _predict_sparse(self, body: libsvm_text.Sparse) -> NDArray[np.float32]:
        # If all indexes are 1 or higher, they count from 1.
        shift = 1 if body.indexes.size and body.indexes.min() >= 1 else 0
        matrix = xgb.DMatrix(data.sparse_matrix([body], max(body.columns - shift, 1), shift))
        return np.asarray(self._parallel.predict(matrix, validate_features=False))


class Scorer:
    """All models of a directory; several form an ensemble unless that is disabled."""

    def __init__(self, model_dir: Path, *, ensemble: bool, threads: int) -> None:
        """Load the models. Raises ModelError, which names the file."""
        files = sorted(p for p in model_dir.iterdir() if p.is_file() and not p.name.startswith("."))
        if not files:
            raise ModelError(f"No model file in {model_dir}: expected xgboost-model at the root of model.tar.gz")
        self._models = []
        for path in files if ensemble else files[:1]:
            try:
                self._models.append(_Model(path.read_bytes(), threads))
            except (xgb.core.XGBoostError, ValueError) as error:
                reason = str(error).partition("\nStack trace:")[0]
                raise ModelError(f"Model at {path} cannot be loaded:\n{reason}") from None
        self.objective = self._models[0].objective

    def predict(self, body: Body) -> NDArray[np.float32]:
        """Return one value per row, or one row of class probabilities.

        Raises ValueError or XGBoostError if the body's features are not the model's.
        """
        results = [model.predict(body) for model in self._models]
        if len(results) == 1:
            return results[0]
        stacked = np.stack(results)
        if self.objective.name in _VOTED:
            return np.apply_along_axis(_most_frequent, 0, stacked)
        return np.asarray(stacked.mean(axis=0))


def decode(payload: bytes, content_type: str | None) -> Body:
    """Return a request body as rows of features. Raises UserError with the container's text (status 415)."""
    data_format = format_of(content_type)
    if data_format not in (CSV, LIBSVM):
        raise UserError(f"Content-type {content_type} is not supported.")
    # A tab may be the delimiter of a field that is missing at either end.
    content = payload.strip(b" \r\n")
    if not content:
        raise _unreadable(data_format, "the body has no rows")
    try:
        if data_format == LIBSVM:
            return libsvm_text.parse(Text.of(content), labelled=False)
        first = content.partition(b"\n")[0][:_SNIFFED]
        return csv_text.parse(Text.of(content), csv_text.delimiter_of(first) or b",")
    except RowError as error:
        column = "" if error.column is None else f", column {error.column}"
        raise _unreadable(data_format, f"{error.reason} (row {error.line}{column})") from None


def _unreadable(data_format: str, reason: str) -> UserError:
    return UserError(
        f"Loading {data_format} data failed with Exception, please ensure data is in {data_format} format:\n"
        f" {ValueError}\n {reason}"
    )


def _booster(content: bytes, threads: int) -> xgb.Booster:
    booster = xgb.Booster()
    booster.load_model(bytearray(content))
    booster.set_param({"nthread": threads})
    return booster


def _most_frequent(votes: NDArray[np.float32]) -> np.float32:
    values, counts = np.unique(votes, return_counts=True)
    winner: np.float32 = values[counts.argmax()]
    return winner
