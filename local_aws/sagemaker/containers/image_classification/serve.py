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
from local_aws.sagemaker.containers.image_classification.model import Softmax, load
from local_aws.sagemaker.containers.image_classification.pictures import CONTENT_TYPES, PictureError
from local_aws.sagemaker.containers.toolkit.http_server import Answer, HttpServer, Request
from local_aws.sagemaker.containers.toolkit.model_service import (
    JSON,
    JSON_LINES,
    MIB,
    UNUSABLE,
    ModelService,
    RefusedError,
    accepted,
)

_MAX_PAYLOAD_MB = 25
"""What InvokeEndpoint accepts; a transform job may set more."""


def serve(model_dir: Path, environment: Mapping[str, str], door: Door) -> None:
    """Load the model and answer requests at the door until SIGTERM."""
    largest_mb = int(environment.get("SAGEMAKER_MAX_PAYLOAD_IN_MB") or _MAX_PAYLOAD_MB)
    HttpServer(door, PredictionService(model_dir, environment).answer, max(largest_mb, _MAX_PAYLOAD_MB) * MIB).run()


class PredictionService(ModelService[Softmax]):
    """Predicts the classes of one image a request."""

    batch_strategy = "SINGLE_RECORD"

    def __init__(self, model_dir: Path, environment: Mapping[str, str]) -> None:
        self._default_accept = JSON_LINES if environment.get("SAGEMAKER_BATCH") == "true" else JSON
        super().__init__(lambda: load(model_dir))

    def _invoke(self, model: Softmax, request: Request) -> Answer:
        accept = accepted(request, self._default_accept)
        given = request.headers.get("content-type", "")
        if given.partition(";")[0].strip().lower() not in CONTENT_TYPES:
            raise RefusedError(415, f"Content-type {given!r} is not supported: allowed {', '.join(CONTENT_TYPES)}")
        try:
            found = features.of(pictures.for_inference(request.body, model.shape))
        except PictureError as error:
            raise RefusedError(400, f"{UNUSABLE}: {error}") from None
        [probabilities] = model.probabilities(found.reshape(1, -1)).tolist()
        if accept == JSON:
            return Answer(200, json.dumps(probabilities), accept)
        return Answer(200, json.dumps({"prediction": probabilities}) + "\n", accept)
