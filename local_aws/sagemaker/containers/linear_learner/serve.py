"""Linear Learner's server: GET /ping, GET /execution-parameters, POST /invocations.

Requests and answers: https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/LL-in-formats.html. There is no answer in CSV
(https://github.com/aws/amazon-sagemaker-examples/issues/821). An unusable body is refused with AWS's message, followed
by the reason.

Not emulated: RecordIO-protobuf bodies and answers.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from local_aws.sagemaker.containers.linear_learner.hyperparameters import REGRESSOR
from local_aws.sagemaker.containers.linear_learner.model import LinearModel, load
from local_aws.sagemaker.containers.toolkit import csv_text
from local_aws.sagemaker.containers.toolkit.csv_text import RowError
from local_aws.sagemaker.containers.toolkit.fields import Text
from local_aws.sagemaker.containers.toolkit.http_server import Answer, HttpServer, Request
from local_aws.sagemaker.containers.toolkit.model_service import (
    JSON,
    JSON_LINES,
    MAX_CONTENT_LENGTH,
    UNUSABLE,
    ModelService,
    RefusedError,
    accepted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from local_aws.sagemaker.containers.contract import Door

CSV = "text/csv"


def serve(model_dir: Path, environment: Mapping[str, str], door: Door) -> None:
    """Load the model and answer requests at the door until SIGTERM."""
    HttpServer(door, ScoringService(model_dir, environment).answer, MAX_CONTENT_LENGTH).run()


class ScoringService(ModelService[LinearModel]):
    """Predicts a score for each row of a request."""

    def __init__(self, model_dir: Path, environment: Mapping[str, str]) -> None:
        self._default_accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
        super().__init__(lambda: load(model_dir))

    def _invoke(self, model: LinearModel, request: Request) -> Answer:
        accept = accepted(request, self._default_accept)
        rows = _rows(request.body, request.headers.get("content-type", ""))
        if rows.shape[1] != model.features:
            raise RefusedError(400, f"{UNUSABLE}: found {rows.shape[1]} features, expected {model.features}")
        if not np.isfinite(rows).all():
            raise RefusedError(400, f"{UNUSABLE}: found a missing value or one that is not finite")
        predictions = _predictions(model, rows)
        if accept == JSON:
            return Answer(200, json.dumps({"predictions": predictions}), accept)
        return Answer(200, "".join(json.dumps(prediction) + "\n" for prediction in predictions), accept)


def _predictions(model: LinearModel, rows: NDArray[Any]) -> list[dict[str, Any]]:
    scores = model.scores(rows)
    # AWS computes with 32-bit floats.
    shown = scores.astype(np.float32).tolist()
    if model.predictor == REGRESSOR:
        return [{"score": score} for score in shown]
    labels = model.labels(scores).tolist()
    return [{"score": score, "predicted_label": label} for score, label in zip(shown, labels, strict=True)]


def _rows(body: bytes, content_type: str) -> NDArray[Any]:
    kind, _, parameter = content_type.lower().replace(" ", "").partition(";")
    if kind not in (CSV, JSON, JSON_LINES) or (kind == CSV and parameter not in ("", "label_size=0", "charset=utf-8")):
        raise RefusedError(415, f"Content-type {content_type!r} is not supported: allowed {CSV}, {JSON}, {JSON_LINES}")
    try:
        if kind == CSV:
            return csv_text.parse(Text.of(body.strip(b"\r\n")), b",")
        lines = [json.loads(line) for line in body.splitlines() if line.strip()] if kind == JSON_LINES else None
        instances = json.loads(body)["instances"] if lines is None else lines
        return np.array([_features(instance) for instance in instances], dtype=np.float64).reshape(len(instances), -1)
    except RowError as error:
        raise RefusedError(400, f"{UNUSABLE}: {error.reason} (row {error.line})") from None
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise RefusedError(400, f"{UNUSABLE}: {type(error).__name__}: {error}") from None


def _features(instance: Any) -> list[float]:
    """Return the features of an instance: a list, dense values, or sparse ones with keys and a shape."""
    features = instance["data"]["features"] if "data" in instance else instance["features"]
    if isinstance(features, list):
        return features
    if "keys" not in features:
        return list(features["values"])
    row = [0.0] * int(features["shape"][0])
    for key, value in zip(features["keys"], features["values"], strict=True):
        row[key] = value
    return row
