from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from local_aws.sagemaker.containers.image_classification import features, model
from local_aws.sagemaker.containers.image_classification.hyperparameters import Shape
from local_aws.sagemaker.containers.image_classification.pictures import CONTENT_TYPES as TYPES
from local_aws.sagemaker.containers.image_classification.serve import PredictionService
from local_aws.sagemaker.containers.toolkit.http_server import Answer, Request
from local_aws.sagemaker.containers.toolkit.model_service import JSON, JSON_LINES
from tests.local_aws.sagemaker.containers.image_classification.drawn import IMAGE, drawn

SHAPE = Shape(3, 32, 32)
PARAMS = "image-classification-0003.params"
SYMBOL = "image-classification-symbol.json"


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """A model that tells a light image (class 1) from a dark one (class 0) by the sum of its colours."""
    weights = np.zeros((features.count(3), 2), np.float32)
    weights[-192:, 1] = 1.0
    model.save(model.Softmax(SHAPE, weights, np.array([96.0, 0.0], np.float32)), 3, tmp_path, alone=True)
    return tmp_path


@pytest.fixture
def service(model_dir: Path) -> PredictionService:
    return PredictionService(model_dir, {})


def post(service: PredictionService, body: bytes, kind: str | None = TYPES[0], accept: str | None = None) -> Answer:
    given = {"content-type": kind, "accept": accept}
    headers = {name: value for name, value in given.items() if value is not None}
    return service.answer(Request("POST", "/invocations", headers, body, keep_alive=True))


@pytest.mark.parametrize("kind", [*TYPES, "image/JPEG", "application/x-image; charset=binary"])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP"])
def test_an_image_is_answered_with_probabilities(service: PredictionService, kind: str, form: str) -> None:
    answer = post(service, drawn("plain", form=form), kind)
    assert (answer.status, answer.content_type) == (200, JSON)
    found = json.loads(answer.body)
    assert sum(found) == pytest.approx(1, abs=1e-6)
    assert found[0] > 0.99


def test_an_image_of_any_size_is_resized(service: PredictionService) -> None:
    small, large = (json.loads(post(service, drawn("plain", size=size)).body) for size in ((5, 7), (300, 150)))
    assert small == pytest.approx(large, abs=1e-6)


@pytest.mark.parametrize("accept", [None, "*/*", JSON, JSON_LINES])
@pytest.mark.parametrize("batch", [False, True])
def test_the_form_follows_accept_and_batch_transform(model_dir: Path, accept: str | None, batch: bool) -> None:
    service = PredictionService(model_dir, {"SAGEMAKER_BATCH": "true"} if batch else {})
    answer = post(service, drawn("plain"), accept=accept)
    lines = accept == JSON_LINES or (batch and accept in (None, "*/*"))
    assert answer.content_type == (JSON_LINES if lines else JSON)
    found = json.loads(answer.body)
    assert answer.body.endswith("\n") is lines
    assert len(found["prediction"] if lines else found) == 2


@pytest.mark.parametrize(
    ("body", "kind", "accept", "status", "text"),
    [
        (drawn("rows"), "image/bmp", None, 415, "Content-type 'image/bmp' is not supported: allowed application/x-im"),
        (b"1,2", "text/csv", None, 415, "Content-type 'text/csv' is not supported"),
        (drawn("rows"), None, None, 415, "Content-type '' is not supported"),
        (
            drawn("rows"),
            TYPES[0],
            "text/csv",
            406,
            "Accept type 'text/csv' is not supported: allowed application/json",
        ),
        (b"", TYPES[0], None, 400, "unable to evaluate payload provided: not an image that can be read"),
        (
            drawn("rows", form="JPEG")[:300],
            TYPES[1],
            None,
            400,
            "unable to evaluate payload provided: not an image",
        ),
    ],
)
def test_refused_requests(
    service: PredictionService, body: bytes, kind: str | None, accept: str | None, status: int, text: str
) -> None:
    answer = post(service, body, kind, accept)
    assert answer.status == status
    assert text in answer.body


def test_the_other_routes(service: PredictionService) -> None:
    def get(path: str) -> Answer:
        return service.answer(Request("GET", path, {}, b"", keep_alive=True))

    assert get("/ping").status == 200
    parameters = json.loads(get("/execution-parameters").body)
    assert parameters["BatchStrategy"] == "SINGLE_RECORD"
    assert parameters["MaxPayloadInMB"] == 6
    assert get("/other").status == 404


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (PARAMS, None, "expected image-classification-0001.params or a later epoch in model.tar.gz"),
        (PARAMS, b"parameters of MXNet", "was not trained by local AWS: ValueError"),
        (SYMBOL, b'{"nodes": []}', "was not trained by local AWS: KeyError: 'kind'"),
        (SYMBOL, None, "was not trained by local AWS: FileNotFoundError"),
        (SYMBOL, b'{"kind": "local-aws-hog-softmax", "features": 0}', "train the model again"),
        (
            SYMBOL,
            b'{"kind": "local-aws-hog-softmax", "features": 1, "image_shape": "1,8,8"}',
            "the weights are of the shape (1956, 2)",
        ),
    ],
)
def test_a_model_that_cannot_be_loaded_is_unhealthy(
    model_dir: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is None:
        (model_dir / name).unlink()
    else:
        (model_dir / name).write_bytes(content)
    service = PredictionService(model_dir, {})
    ping = service.answer(Request("GET", "/ping", {}, b"", keep_alive=True))
    assert (ping.status, post(service, drawn("rows")).status) == (500, 500)
    assert reason in ping.body


def test_the_libraries_of_other_algorithms_are_not_loaded() -> None:
    code = (
        "import sys; from local_aws.sagemaker.containers import registry;"
        f"registry.find({IMAGE!r}).load();"
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'scipy', 'xgboost')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
