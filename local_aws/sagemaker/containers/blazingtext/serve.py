"""BlazingText's server: GET /ping, GET /execution-parameters, POST /invocations.

https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html#blazingtext-artifacts-inference: the answer has the
request's content type, whatever Accept says. A model of word vectors is asked in JSON only; the names in its answer are
those that AWS's example reads (https://github.com/aws/amazon-sagemaker-examples,
blazingtext_word2vec_subwords_text8.ipynb). AWS does not document its messages about unusable bodies; here they are 400
with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from local_aws.sagemaker.containers.blazingtext.fasttext.binary import (
    MODEL_NAME,
    SUPERVISED,
    VECTORS_NAME,
    ModelError,
    read,
)
from local_aws.sagemaker.containers.blazingtext.fasttext.model import TextModel
from local_aws.sagemaker.containers.blazingtext.fasttext.words import word_vectors
from local_aws.sagemaker.containers.blazingtext.payloads import (
    JSON,
    JSON_LINES,
    PayloadError,
    Prediction,
    Sentence,
    parsed,
    words_in,
    written,
    written_vectors,
)
from local_aws.sagemaker.containers.contract import Door
from local_aws.sagemaker.containers.toolkit import algorithm_log
from local_aws.sagemaker.containers.toolkit.http_server import Answer, HttpServer, Request
from local_aws.sagemaker.containers.toolkit.threads import processors

_MIB = 1024 * 1024
_MAX_CONTENT_LENGTH = 6 * _MIB
_PARAMETERS = {"BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": _MAX_CONTENT_LENGTH // _MIB}
_UNUSABLE = "unable to evaluate payload provided"


def serve(model_dir: Path, environment: Mapping[str, str], door: Door) -> None:
    """Load the model and answer requests at the door until SIGTERM."""
    del environment  # none of its settings is documented
    HttpServer(door, TextService(model_dir).answer, _MAX_CONTENT_LENGTH).run()


class TextService:
    """Answers requests; a pure function of the model and the request."""

    def __init__(self, model_dir: Path) -> None:
        self._model: TextModel | str
        try:
            self._model = read(_file_in(model_dir))
        except ModelError as error:
            self._model = f"Unable to load model: {error}"
            algorithm_log.error(self._model)

    def answer(self, request: Request) -> Answer:
        """Return the answer to any request."""
        route = (request.method, request.path)
        if route == ("GET", "/ping"):
            return Answer(500, self._model) if isinstance(self._model, str) else Answer(200)
        if route == ("GET", "/execution-parameters"):
            return Answer(200, json.dumps(_PARAMETERS | {"MaxConcurrentTransforms": processors()}), JSON)
        if route != ("POST", "/invocations"):
            return Answer(404, f"{request.method} {request.path} is not part of the inference contract")
        answer = self._predict(request.body, request.headers.get("content-type") or "")
        if answer.status != 200:
            algorithm_log.error(answer.body)
        return answer

    def _predict(self, body: bytes, content_type: str) -> Answer:
        if isinstance(self._model, str):
            return Answer(500, self._model)
        kind = content_type.partition(";")[0].strip().lower()
        allowed = (JSON, JSON_LINES) if self._model.arguments.kind == SUPERVISED else (JSON,)
        if kind not in allowed:
            return Answer(415, f"Content-type {content_type!r} is not supported: allowed {', '.join(allowed)}")
        try:
            return Answer(200, _answered(self._model, body, kind), kind)
        except PayloadError as error:
            return Answer(400, f"{_UNUSABLE}: {error}")


def _file_in(model_dir: Path) -> Path:
    vectors = model_dir / VECTORS_NAME
    return vectors if vectors.exists() else model_dir / MODEL_NAME


def _answered(model: TextModel, body: bytes, kind: str) -> str:
    if model.arguments.kind == SUPERVISED:
        return written(_predictions(model, parsed(body, kind)), kind)
    words = words_in(body)
    vectors = word_vectors(model, [word.encode("utf-8", "replace") for word in words])
    return written_vectors(list(zip(words, vectors.tolist(), strict=True)))


def _predictions(model: TextModel, sentences: Sequence[Sentence]) -> list[Prediction]:
    most = max((sentence.count for sentence in sentences), default=1)
    features = model.encoded([sentence.text.encode("utf-8", "replace") for sentence in sentences])
    return [
        (labels[: sentence.count], shares[: sentence.count])
        for sentence, (labels, shares) in zip(sentences, model.best(features, most), strict=True)
    ]
