"""BlazingText's server: GET /ping, GET /execution-parameters, POST /invocations.

https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html#blazingtext-artifacts-inference: the answer has the
request's content type, whatever Accept says. A model of word vectors is asked in JSON only; the names in its answer are
those that AWS's example reads (https://github.com/aws/amazon-sagemaker-examples,
blazingtext_word2vec_subwords_text8.ipynb). AWS does not document its messages about unusable bodies; here they are 400
with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from local_aws.sagemaker.containers.blazingtext.fasttext.binary import MODEL_NAME, SUPERVISED, VECTORS_NAME, read
from local_aws.sagemaker.containers.blazingtext.fasttext.model import TextModel
from local_aws.sagemaker.containers.blazingtext.fasttext.words import word_vectors
from local_aws.sagemaker.containers.blazingtext.payloads import (
    PayloadError,
    Prediction,
    Sentence,
    parsed,
    words_in,
    written,
    written_vectors,
)
from local_aws.sagemaker.containers.contract import Door
from local_aws.sagemaker.containers.toolkit.http_server import Answer, HttpServer, Request
from local_aws.sagemaker.containers.toolkit.model_service import (
    JSON,
    JSON_LINES,
    MAX_CONTENT_LENGTH,
    UNUSABLE,
    ModelService,
    RefusedError,
)


def serve(model_dir: Path, environment: Mapping[str, str], door: Door) -> None:
    """Load the model and answer requests at the door until SIGTERM."""
    del environment  # none of its settings is documented
    HttpServer(door, TextService(model_dir).answer, MAX_CONTENT_LENGTH).run()


class TextService(ModelService[TextModel]):
    """Predicts the labels of sentences, or returns the vectors of words."""

    def __init__(self, model_dir: Path) -> None:
        super().__init__(lambda: read(_file_in(model_dir)))

    def _invoke(self, model: TextModel, request: Request) -> Answer:
        content_type = request.headers.get("content-type", "")
        kind = content_type.partition(";")[0].strip().lower()
        allowed = (JSON, JSON_LINES) if model.arguments.kind == SUPERVISED else (JSON,)
        if kind not in allowed:
            raise RefusedError(415, f"Content-type {content_type!r} is not supported: allowed {', '.join(allowed)}")
        try:
            return Answer(200, _answered(model, request.body, kind), kind)
        except PayloadError as error:
            raise RefusedError(400, f"{UNUSABLE}: {error}") from None


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
