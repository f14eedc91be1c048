"""The server of image-classification: GET /ping, GET /execution-parameters, POST /invocations.

https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html#IC-inputoutput: a request is one image, and
the answer the list of the classes' probabilities; in JSON lines and in batch transform it is an object with that list
as its `prediction`. An unusable body is refused with AWS's message, followed by the reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from local_aws.sagemaker.containers.contract import Door
from local_aws.sagemaker.containers.image_classification import features, pictures
from local_aws.sagemaker.containers.image_classification.model import ModelError, Softmax, load
from local_aws.sagemaker.containers.image_classification.pictures import PictureError
from local_aws.sagemaker.containers.toolkit import algorithm_log as log
from local_aws.sagemaker.containers.toolkit.http_server import Answer, HttpServer, Request
from local_aws.sagemaker.containers.toolkit.threads import processors

JSON, JSON_LINES = "application/json", "application/jsonlines"
IMAGES = ("application/x-image", "image/jpeg", "image/png")
_MIB = 1024 * 1024
_MAX_PAYLOAD_MB = 25
"""What InvokeEndpoint accepts; a transform job may set more."""
_UNUSABLE = "unable to evaluate payload provided"


class _RefusedError(Exception):
    """An invocation that ends with an error status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def serve(model_dir: Path, environment: Mapping[str, str], door: Door) -> None:
    """Load the model and answer requests at the door until SIGTERM."""
    largest_mb = int(environment.get("SAGEMAKER_MAX_PAYLOAD_IN_MB") or _MAX_PAYLOAD_MB)
    HttpServer(door, PredictionService(model_dir, environment).answer, max(largest_mb, _MAX_PAYLOAD_MB) * _MIB).run()


class PredictionService:
    """Answers requests; a pure function of the model, the environment and the request."""

    def __init__(self, model_dir: Path, environment: Mapping[str, str]) -> None:
        self._default_accept = JSON_LINES if environment.get("SAGEMAKER_BATCH") == "true" else JSON
        self._model: Softmax | str
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
            found = {"MaxConcurrentTransforms": processors(), "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 6}
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
        given = request.headers.get("content-type") or ""
        if given.partition(";")[0].strip().lower() not in IMAGES:
            raise _RefusedError(415, f"Content-type {given!r} is not supported: allowed {', '.join(IMAGES)}")
        try:
            found = features.of(pictures.for_inference(request.body, self._model.shape))
        except PictureError as error:
            raise _RefusedError(400, f"{_UNUSABLE}: {error}") from None
        [probabilities] = self._model.probabilities(found.reshape(1, -1)).tolist()
        return json.dumps(probabilities) if accept == JSON else json.dumps({"prediction": probabilities}) + "\n"
