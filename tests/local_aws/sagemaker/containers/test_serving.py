"""The scoring service without a socket: statuses, texts, forms of answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xgboost as xgb

from local_aws.sagemaker.containers.toolkit.http_server import Answer, Request
from local_aws.sagemaker.containers.xgboost.serve import ScoringService

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

RNG = np.random.default_rng(0)
FEATURES = RNG.random((200, 3), dtype=np.float32)
LABELS = (FEATURES[:, 0] * 3).astype(np.int64)
CSV_BODY = b"0.1,0.2,0.3\n0.9,,0.5\n"
CSV_ROWS = np.array([[0.1, 0.2, 0.3], [0.9, np.nan, 0.5]], dtype=np.float32)
SCORES = '["0.1", "0.9"]'


def fit(directory: Path, objective: str, labels: NDArray[np.generic], name: str = "xgboost-model") -> xgb.Booster:
    parameters = {"objective": objective, "nthread": 1, "max_depth": 3}
    if objective.startswith("multi:"):
        parameters["num_class"] = 3
    booster = xgb.train(parameters, xgb.DMatrix(FEATURES, label=labels), 5)
    directory.mkdir(exist_ok=True)
    (directory / name).write_bytes(booster.save_raw("ubj"))
    return booster


def floats(body: str) -> list[float]:
    values: list[float] = np.array(body.split(), dtype=np.float32).tolist()
    return values


def post(
    service: ScoringService, body: bytes, content_type: str | None = "text/csv", accept: str | None = None
) -> Answer:
    headers = {"content-type": content_type, "accept": accept}
    given = {name: value for name, value in headers.items() if value is not None}
    return service.answer(Request("POST", "/invocations", given, body, keep_alive=True))


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return tmp_path / "model"


@pytest.fixture
def regression(model_dir: Path) -> tuple[ScoringService, list[float]]:
    booster = fit(model_dir, "reg:squarederror", LABELS)
    return ScoringService(model_dir, {}), booster.predict(xgb.DMatrix(CSV_ROWS)).tolist()


def test_csv_answers_have_one_line_per_row(regression: tuple[ScoringService, list[float]]) -> None:
    service, expected = regression
    for accept in (None, "*/*", "text/csv", "text/csv; charset=utf-8"):
        answer = post(service, CSV_BODY, accept=accept)
        assert (answer.status, answer.content_type) == (200, "text/csv")
        assert answer.body == "".join(f"{value!r}\n" for value in expected)


def test_json_answers_hold_scores(regression: tuple[ScoringService, list[float]]) -> None:
    service, expected = regression
    answer = post(service, CSV_BODY, accept="application/json")
    assert answer.content_type == "application/json"
    assert json.loads(answer.body) == {"predictions": [{"score": value} for value in expected]}


@pytest.mark.parametrize("content_type", ["text/libsvm", "text/x-libsvm", None])
@pytest.mark.parametrize(
    "body",
    [b"0:0.1 1:0.2 2:0.3\n0:0.9 2:0.5", b"1:0.1 2:0.2 3:0.3\n1:0.9 3:0.5", b"7 0:0.1 1:0.2 2:0.3\n7 0:0.9 2:0.5"],
    ids=["from 0", "from 1", "with a label"],
)
def test_libsvm_bodies(regression: tuple[ScoringService, list[float]], body: bytes, content_type: str | None) -> None:
    service, expected = regression
    assert post(service, body, content_type).body == "".join(f"{value!r}\n" for value in expected)


@pytest.mark.parametrize("rows", [1, 100, 20_000])
def test_bodies_of_any_size_get_the_numbers_of_predict(model_dir: Path, rows: int) -> None:
    booster = fit(model_dir, "binary:logistic", LABELS > 1)
    features = RNG.random((rows, 3)).round(5)
    body = "\n".join(",".join(map(repr, row)) for row in features.tolist())
    answer = post(ScoringService(model_dir, {}), body.encode())
    expected = booster.predict(xgb.DMatrix(features.astype(np.float32)))
    assert floats(answer.body) == expected.tolist()


CSV_UNREADABLE = (
    "Loading csv data failed with Exception, please ensure data is in csv format:\n <class 'ValueError'>\n "
)
NOT_ACCEPTED = (
    "is not an accepted ContentType: csv, libsvm, parquet, recordio-protobuf, text/csv, text/libsvm, text/x-libsvm, "
    "application/x-parquet, application/x-recordio-protobuf."
)


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "text"),
    [
        (b"", "text/csv", None, 204, ""),
        (b"{}", "application/json", None, 415, f"application/json {NOT_ACCEPTED}"),
        (b"1", "application/x-parquet", None, 415, "Content-type application/x-parquet is not supported."),
        (
            b"1,2,3\n1,two,3\n",
            "text/csv",
            None,
            415,
            CSV_UNREADABLE + "could not convert string to float: 'two' (row 2, column 2)",
        ),
        (b"1,2,3\n1,2\n", "text/csv", None, 415, CSV_UNREADABLE + "found 2 columns, expected 3 (row 2)"),
        (b"\n", "text/csv", None, 415, CSV_UNREADABLE + "the body has no rows"),
        (
            b"1\t2",
            "text/csv",
            None,
            400,
            "Unable to evaluate payload provided: Feature shape mismatch, expected: 3, got 2",
        ),
        (
            b"0:one",
            "text/libsvm",
            None,
            415,
            "Loading libsvm data failed with Exception, please ensure data is in libsvm format:\n "
            "<class 'ValueError'>\n could not convert string to float: 'one' (row 1)",
        ),
        (
            b"1,2,3,4",
            "text/csv",
            None,
            400,
            "Unable to evaluate payload provided: Feature shape mismatch, expected: 3, got 4",
        ),
        (
            b"1,2",
            "text/csv",
            None,
            400,
            "Unable to evaluate payload provided: Feature shape mismatch, expected: 3, got 2",
        ),
        (
            b"1,2,3",
            "text/csv",
            "image/png",
            406,
            "Accept type image/png is not supported. Please use supported accept types: ['application/json', "
            "'application/jsonlines', 'application/x-recordio-protobuf', 'text/csv'].",
        ),
        (
            b"1,2,3",
            "text/csv",
            "application/jsonlines",
            500,
            "Accept type application/jsonlines needs the environment variable SAGEMAKER_INFERENCE_OUTPUT",
        ),
    ],
)
def test_a_request_that_cannot_be_answered(
    regression: tuple[ScoringService, list[float]],
    body: bytes,
    content_type: str,
    accept: str | None,
    status: int,
    text: str,
) -> None:
    answer = post(regression[0], body, content_type, accept)
    assert (answer.status, answer.body) == (status, text)


def test_a_missing_value_may_stand_at_either_end_of_a_body(regression: tuple[ScoringService, list[float]]) -> None:
    service, _ = regression
    tabs = post(service, b"\t0.2\t0.3\n0.9\t0.1\t\n").body
    assert tabs == post(service, b",0.2,0.3\n0.9,0.1,\n").body
    assert tabs.count("\n") == 2


def test_too_many_libsvm_columns_have_xgboosts_message(
    regression: tuple[ScoringService, list[float]],
) -> None:
    answer = post(regression[0], b"0:1 5:1", "text/libsvm")
    assert answer.status == 400
    assert "(3 vs. 6) : Number of columns does not match number of features in booster." in answer.body
    assert "Stack trace" not in answer.body


@pytest.mark.parametrize(
    ("environment", "content_length_mb"), [({}, 6), ({"MAX_CONTENT_LENGTH": str(20 * 1024 * 1024)}, 20)]
)
def test_the_other_routes(model_dir: Path, environment: Mapping[str, str], content_length_mb: int) -> None:
    fit(model_dir, "reg:squarederror", LABELS)
    service = ScoringService(model_dir, environment)

    def get(path: str) -> Answer:
        return service.answer(Request("GET", path, {}, b"", keep_alive=True))

    assert get("/ping") == Answer(200)
    parameters = json.loads(get("/execution-parameters").body)
    assert parameters["MaxConcurrentTransforms"] >= 1
    assert parameters["BatchStrategy"] == "MULTI_RECORD"
    assert parameters["MaxPayloadInMB"] == content_length_mb
    assert get("/models").status == 404


def test_batch_transform_prints_each_prediction_on_a_line(model_dir: Path) -> None:
    booster = fit(model_dir, "multi:softprob", LABELS)
    answer = post(ScoringService(model_dir, {"SAGEMAKER_BATCH": "true"}), CSV_BODY, accept="application/json")
    expected = booster.predict(xgb.DMatrix(CSV_ROWS)).tolist()
    assert answer.body == f"{expected[0]}\n{expected[1]}\n"
    plain = post(ScoringService(model_dir, {}), CSV_BODY)
    assert plain.body == "".join(",".join(map(repr, row)) + "\n" for row in expected)


def test_selectable_inference_of_a_binary_model(model_dir: Path) -> None:
    booster = fit(model_dir, "binary:logistic", LABELS > 1)
    scores = booster.predict(xgb.DMatrix(CSV_ROWS)).tolist()
    keys = "predicted_label, probabilities,predicted_score"
    service = ScoringService(model_dir, {"SAGEMAKER_INFERENCE_OUTPUT": keys})
    lines = post(service, CSV_BODY, accept="text/csv").body.split("\n")
    assert lines == [f'{int(score > 0.5)},"{[1.0 - score, score]}",nan' for score in scores]
    records = [json.loads(line) for line in post(service, CSV_BODY, accept="application/jsonlines").body.splitlines()]
    assert [record["predicted_label"] for record in records] == [int(score > 0.5) for score in scores]
    assert [record["probabilities"] for record in records] == [[1.0 - score, score] for score in scores]
    whole = json.loads(post(service, CSV_BODY, accept="application/json").body)
    assert list(whole["predictions"][0]) == ["predicted_label", "probabilities", "predicted_score"]


def test_selectable_inference_of_a_multi_class_model(model_dir: Path) -> None:
    booster = fit(model_dir, "multi:softprob", LABELS)
    rows = booster.predict(xgb.DMatrix(CSV_ROWS)).tolist()
    service = ScoringService(model_dir, {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,labels,probability"})
    answer = json.loads(post(service, CSV_BODY, accept="application/json").body)
    assert answer["predictions"] == [
        {"predicted_label": row.index(max(row)), "labels": [0, 1, 2], "probability": max(row)} for row in rows
    ]


def test_selectable_inference_needs_a_known_objective(model_dir: Path) -> None:
    fit(model_dir, "count:poisson", LABELS)
    service = ScoringService(model_dir, {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_score"})
    answer = post(service, CSV_BODY)
    assert answer.status == 500
    assert answer.body == "Objective `count:poisson` unsupported for selectable inference predictions."


def test_several_models_are_an_ensemble(model_dir: Path) -> None:
    first = fit(model_dir, "reg:squarederror", LABELS, "xgboost-model-0")
    second = fit(model_dir, "reg:squarederror", LABELS * 2, "xgboost-model-1")
    both = [model.predict(xgb.DMatrix(CSV_ROWS)) for model in (first, second)]
    mean = np.mean(both, axis=0)
    assert floats(post(ScoringService(model_dir, {}), CSV_BODY).body) == mean.tolist()
    alone = ScoringService(model_dir, {"SAGEMAKER_INFERENCE_ENSEMBLE": "false"})
    assert floats(post(alone, CSV_BODY).body) == both[0].tolist()


def test_classes_are_voted_on(model_dir: Path) -> None:
    for number, shift in enumerate((0, 1, 1)):
        fit(model_dir, "multi:softmax", (LABELS + shift) % 3, f"xgboost-model-{number}")
    (model_dir / ".hidden").write_bytes(b"no model")
    odd = fit(model_dir, "multi:softmax", (LABELS + 1) % 3, "xgboost-model-1").predict(xgb.DMatrix(CSV_ROWS))
    assert floats(post(ScoringService(model_dir, {}), CSV_BODY).body) == odd.tolist()


def test_a_linear_model_is_served(model_dir: Path) -> None:
    booster = xgb.train({"booster": "gblinear", "nthread": 1}, xgb.DMatrix(FEATURES, label=LABELS), 5)
    model_dir.mkdir()
    (model_dir / "xgboost-model").write_bytes(booster.save_raw("ubj"))
    answer = post(ScoringService(model_dir, {}), b"0.1,0.2,0.3")
    assert float(answer.body) == booster.predict(xgb.DMatrix(CSV_ROWS[:1]))[0]


@pytest.mark.parametrize("content", [b"not a model", None], ids=["unreadable", "absent"])
def test_a_model_that_cannot_be_loaded_is_not_healthy(model_dir: Path, content: bytes | None) -> None:
    model_dir.mkdir()
    if content is not None:
        (model_dir / "xgboost-model").write_bytes(content)
    service = ScoringService(model_dir, {})
    ping = service.answer(Request("GET", "/ping", {}, b"", keep_alive=True))
    assert ping.status == 500
    assert ping.body.startswith("Unable to load model: ")
    assert post(service, CSV_BODY) == ping
