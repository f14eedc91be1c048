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
from local_aws.sagemaker.containers.linear_learner.model import LinearModel, ModelError, load
from local_aws.sagemaker.containers.toolkit import algorithm_log as log
from local_aws.sagemaker.containers.toolkit import csv_text
from local_aws.sagemaker.containers.toolkit.csv_text import RowError
from local_aws.sagemaker.containers.toolkit.fields import Text
from local_aws.sagemaker.containers.toolkit.http_server import Answer, HttpServer, Request
from local_aws.sagemaker.containers.toolkit.threads import processors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from local_aws.sagemaker.containers.contract import Door

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
_MIB = 1024 * 1024
_MAX_CONTENT_LENGTH = 6 * _MIB
_UNUSABLE = "unable to evaluate payload provided"


class _RefusedError(Exception):
    """An invocation that ends with an error status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def serve(model_dir: Path, environment: Mapping[str, str], door: Door) -> None:
    """Load the model and answer requests at the door until SIGTERM."""
    HttpServer(door, ScoringService(model_dir, environment).answer, _MAX_CONTENT_LENGTH).run()


class ScoringService:
    """Answers requests; a pure function of the model, the environment and the request."""

    def __init__(self, model_dir: Path, environment: Mapping[str, str]) -> None:
        self._default_accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
        self._model: LinearModel | str
        try:
            self._model = load(model_dir)
        except ModelError as error:
            self._model = f"Unable to load model: {error}"
            log.error(self._model)

    def answer(self, request: Request) -> Answer:
        """Return the answer to any request."""
        route = (request.method, request.path)
        if route == ("GET", "/ping"):
            return Answer(500, self._model) if isinstance(self._model, str) else Answer(200)
        if route == ("GET", "/execution-parameters"):
            found = {
                "MaxConcurrentTransforms": processors(),
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": _MAX_CONTENT_LENGTH // _MIB,
            }
            return Answer(200, json.dumps(found), JSON)
        if route != ("POST", "/invocations"):
            return Answer(404, f"{request.method} {request.path} is not part of the inference contract")
        try:
            accept = self._accept(request.headers.get("accept"))
            return Answer(200, self._predict(request, accept), accept)
        except _RefusedError as refusal:
            log.error(str(refusal))
            return Answer(refusal.status, str(refusal))

    def _accept(self, header: str | None) -> str:
        accept = (header or "").partition(";")[0].strip().lower()
        if accept in ("", "*/*"):
            return self._default_accept
        if accept not in (JSON, JSON_LINES):
            raise _RefusedError(406, f"Accept type {accept!r} is not supported: allowed {JSON}, {JSON_LINES}")
        return accept

    def _predict(self, request: Request, accept: str) -> str:
        if isinstance(self._model, str):
            raise _RefusedError(500, self._model)
        rows = _rows(request.body, request.headers.get("content-type") or "")
        if rows.shape[1] != self._model.features:
            raise _RefusedError(400, f"{_UNUSABLE}: found {rows.shape[1]} features, expected {self._model.features}")
        if not np.isfinite(rows).all():
            raise _RefusedError(400, f"{_UNUSABLE}: found a missing value or one that is not finite")
        predictions = _predictions(self._model, rows)
        if accept == JSON:
            return json.dumps({"predictions": predictions})
        return "".join(json.dumps(prediction) + "\n" for prediction in predictions)


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
        raise _RefusedError(415, f"Content-type {content_type!r} is not supported: allowed {CSV}, {JSON}, {JSON_LINES}")
    try:
        if kind == CSV:
            return csv_text.parse(Text.of(body.strip(b"\r\n")), b",")
        lines = [json.loads(line) for line in body.splitlines() if line.strip()] if kind == JSON_LINES else None
        instances = json.loads(body)["instances"] if lines is None else lines
        return np.array([_features(instance) for instance in instances], dtype=np.float64).reshape(len(instances), -1)
    except RowError as error:
        raise _RefusedError(400, f"{_UNUSABLE}: {error.reason} (row {error.line})") from None
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise _RefusedError(400, f"{_UNUSABLE}: {type(error).__name__}: {error}") from None


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
