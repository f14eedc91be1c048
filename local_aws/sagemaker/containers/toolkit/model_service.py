"""What the servers of the algorithms that SageMaker's own team wrote share: the routes, the refusals, Accept.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from local_aws.sagemaker.containers.toolkit import algorithm_log
from local_aws.sagemaker.containers.toolkit.http_server import Answer, Request
from local_aws.sagemaker.containers.toolkit.threads import processors

JSON, JSON_LINES = "application/json", "application/jsonlines"
MIB = 1 << 20
MAX_CONTENT_LENGTH = 6 * MIB
UNUSABLE = "unable to evaluate payload provided"

Model = TypeVar("Model")


class ModelError(Exception):
    """The model in a directory cannot be loaded."""


class RefusedError(Exception):
    """An invocation that ends with an error status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class ModelService(ABC, Generic[Model]):
    """Answers requests; a pure function of the model, the environment and the request."""

    batch_strategy: ClassVar[str] = "MULTI_RECORD"

    def __init__(self, load: Callable[[], Model]) -> None:
        """`load` raises ModelError; /ping and each invocation then answer 500 with the reason."""
        self._model: Model | None = None
        self._fault = ""
        try:
            self._model = load()
        except ModelError as error:
            self._fault = f"Unable to load model: {error}"
            algorithm_log.error(self._fault)

    def answer(self, request: Request) -> Answer:
        """Return the answer to any request."""
        route = (request.method, request.path)
        if route == ("GET", "/ping"):
            return Answer(500, self._fault) if self._model is None else Answer(200)
        if route == ("GET", "/execution-parameters"):
            found = {"BatchStrategy": self.batch_strategy, "MaxPayloadInMB": MAX_CONTENT_LENGTH // MIB}
            return Answer(200, json.dumps({"MaxConcurrentTransforms": processors(), **found}), JSON)
        if route != ("POST", "/invocations"):
            return Answer(404, f"{request.method} {request.path} is not part of the inference contract")
        if self._model is None:
            algorithm_log.error(self._fault)
            return Answer(500, self._fault)
        try:
            return self._invoke(self._model, request)
        except RefusedError as refusal:
            algorithm_log.error(str(refusal))
            return Answer(refusal.status, str(refusal))

    @abstractmethod
    def _invoke(self, model: Model, request: Request) -> Answer:
        """Return the answer to an invocation. Raises RefusedError."""


def accepted(request: Request, default: str) -> str:
    """Return the content type that Accept asks for. Raises RefusedError for any but JSON and JSON lines."""
    accept = request.headers.get("accept", "").partition(";")[0].strip().lower()
    if accept in ("", "*/*"):
        return default
    if accept not in (JSON, JSON_LINES):
        raise RefusedError(406, f"Accept type {accept!r} is not supported: allowed {JSON}, {JSON_LINES}")
    return accept
