"""The XGBoost container's server: GET /ping, GET /execution-parameters, POST /invocations.

Statuses and texts:
https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/algorithm_mode/serve.py
and https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html.

Deliberate differences: a CSV body with too few columns is refused with 400, where AWS predicts with the rest missing;
messages about unreadable data name row and column; if a model cannot be loaded, /ping answers 500 with the reason
instead of ending the container.
Not emulated: pickled models (made before version 1.3-1), RecordIO-protobuf bodies and answers, multi-model mode.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import xgboost as xgb

from local_aws.sagemaker.containers.toolkit import log
from local_aws.sagemaker.containers.toolkit.exceptions import UserError
from local_aws.sagemaker.containers.toolkit.http_server import Answer, HttpServer, Request
from local_aws.sagemaker.containers.toolkit.threads import processors
from local_aws.sagemaker.containers.xgboost import answers
from local_aws.sagemaker.containers.xgboost.scoring import ModelError, Scorer, decode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from local_aws.sagemaker.containers.contract import Door

_MAX_CONTENT_LENGTH = 6291456
_MIB = 1024 * 1024


def serve(model_dir: Path, environment: Mapping[str, str], door: Door) -> None:
    """Load the model and answer requests at the door until SIGTERM."""
    service = ScoringService(model_dir, environment)
    HttpServer(door, service.answer, service.max_content_length).run()


class _RefusedError(Exception):
    """An invocation that ends with an error status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class ScoringService:
    """Answers requests; a pure function of the model, the environment and the request."""

    def __init__(self, model_dir: Path, environment: Mapping[str, str]) -> None:
        self.max_content_length = int(environment.get("MAX_CONTENT_LENGTH", _MAX_CONTENT_LENGTH))
        self._batch = bool(environment.get("SAGEMAKER_BATCH"))
        self._default_accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", answers.CSV)
        output = environment.get("SAGEMAKER_INFERENCE_OUTPUT")
        self._keys = None if output is None else output.replace(" ", "").lower().split(",")
        self._threads = processors()
        self._model: Scorer | str
        ensemble = environment.get("SAGEMAKER_INFERENCE_ENSEMBLE", "true") == "true"
        log.info(f"Loading the model from {model_dir}")
        try:
            self._model = Scorer(model_dir, ensemble=ensemble, threads=self._threads)
        except ModelError as error:
            self._model = f"Unable to load model: {error}"
            log.error(self._model)
        else:
            self._objective = self._model.objective
            log.info("Model loaded successfully")

    def answer(self, request: Request) -> Answer:
        """Return the answer to any request."""
        route = (request.method, request.path)
        if route == ("GET", "/ping"):
            return Answer(500, self._model) if isinstance(self._model, str) else Answer(200)
        if route == ("GET", "/execution-parameters"):
            return Answer(200, self._execution_parameters(), answers.JSON)
        if route == ("POST", "/invocations"):
            answer = self._invocation(request)
            if answer.status >= 400:
                log.error(answer.body)
            return answer
        return Answer(404, f"{request.method} {request.path} is not part of the inference contract")

    def _execution_parameters(self) -> str:
        return json.dumps(
            {
                "MaxConcurrentTransforms": self._threads,
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": self.max_content_length // _MIB,
            }
        )

    def _invocation(self, request: Request) -> Answer:
        if not request.body:
            return Answer(204)
        try:
            predictions = self._predict(request)
            return self._encode(predictions, request.headers.get("accept"))
        except _RefusedError as refusal:
            return Answer(refusal.status, str(refusal))

    def _predict(self, request: Request) -> NDArray[np.float32]:
        try:
            rows = decode(request.body, request.headers.get("content-type"))
        except UserError as error:
            raise _RefusedError(415, str(error)) from None
        if isinstance(self._model, str):
            raise _RefusedError(500, self._model)
        try:
            return self._model.predict(rows)
        except (ValueError, xgb.core.XGBoostError) as error:
            reason = str(error).partition("\nStack trace:")[0].strip()
            raise _RefusedError(400, f"Unable to evaluate payload provided: {reason}") from None

    def _encode(self, predictions: NDArray[np.float32], header: str | None) -> Answer:
        if self._batch and self._keys is None:
            return Answer(200, answers.batch(predictions), answers.CSV)
        try:
            accept = answers.accept_of(header, self._default_accept)
            if self._keys is None:
                return Answer(200, answers.plain(predictions, accept), accept)
            objective = self._objective
            body = answers.selected(predictions, objective, self._keys, accept, in_batch=self._batch)
            return Answer(200, body, accept)
        except answers.NotAcceptableError as error:
            raise _RefusedError(406, str(error)) from None
        except answers.EncodingError as error:
            raise _RefusedError(500, str(error)) from None
