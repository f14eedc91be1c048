"""The stand-in for Linear Learner: training from /opt/ml/input to a model, and what serves it, in this process."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from local_aws.sagemaker.containers import registry
from local_aws.sagemaker.containers.linear_learner import model as models
from local_aws.sagemaker.containers.linear_learner.hyperparameters import validate
from local_aws.sagemaker.containers.linear_learner.serve import ScoringService
from local_aws.sagemaker.containers.linear_learner.threshold import best_threshold
from local_aws.sagemaker.containers.linear_learner.train import train
from local_aws.sagemaker.containers.toolkit.http_server import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from local_aws.sagemaker.containers.contract import Ml

    MakeMl = Callable[..., Ml]

IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
JSON, JSON_LINES = "application/json", "application/jsonlines"


def rows(label: Callable[[float], float], count: int = 600, seed: int = 0) -> str:
    """Rows whose label follows from 2 a - b + 5, of features on very different scales."""
    draw = random.Random(seed)  # noqa: S311  # data, not a secret
    found = []
    for _ in range(count):
        a, b = draw.gauss(0, 1), draw.gauss(0, 1)
        found.append(f"{label(2 * a - b + 5 + draw.gauss(0, 0.1))},{a:.6f},{b * 1000 + 40:.4f}\n")
    return "".join(found)


def files(label: Callable[[float], float]) -> dict[str, str]:
    return {
        "train/train.csv": rows(label),
        "validation/validation.csv": rows(label, 200, 1),
        "test/test.csv": rows(label, 200, 2),
    }


def trained(make_ml: MakeMl, given: dict[str, str], label: Callable[[float], float]) -> models.LinearModel:
    ml = make_ml(given, files(label))
    assert train(ml) == 0, ml.failure_file.read_text()
    return models.load(ml.model_dir)


def metrics_of(log: str) -> dict[str, float]:
    """The last value of each metric, as SageMaker reads it from the log."""
    definitions = registry.find(IMAGE).metric_definitions
    return {
        name: float(match[1])
        for line in log.splitlines()
        for name, regex in definitions
        if (match := re.search(regex, line))
    }


def above(limit: float) -> Callable[[float], float]:
    return lambda value: int(value > limit)


def test_a_regressor_finds_the_line(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    model = trained(make_ml, {"predictor_type": "regressor"}, float)
    log = capfd.readouterr().out
    assert model.weights == [[pytest.approx(2, abs=0.1), pytest.approx(-0.001, abs=1e-4)]]
    assert model.bias == [pytest.approx(5.04, abs=0.1)]
    epochs = re.findall(r"#quality_metric: host=algo-1, epoch=(\d+), (train|validation) mse_objective <loss>=", log)
    assert epochs[:4] == [("0", "train"), ("0", "validation"), ("1", "train"), ("1", "validation")]
    found = metrics_of(log)
    assert found["test:mse"] == found["test:objective_loss"] < 0.05
    assert found["validation:objective_loss"] < 0.05
    assert found["train:absolute_loss"] < 0.2
    assert 0 < found["train:progress"] <= 100


@pytest.mark.parametrize(
    "loss",
    ["absolute_loss", "eps_insensitive_squared_loss", "eps_insensitive_absolute_loss", "huber_loss"],
)
def test_other_losses_of_a_regressor(make_ml: MakeMl, loss: str, capfd: pytest.CaptureFixture[str]) -> None:
    trained(make_ml, {"predictor_type": "regressor", "loss": loss}, float)
    log = capfd.readouterr().out
    assert f"train {loss}_objective <loss>=" in log
    assert metrics_of(log)["test:mse"] < 0.1


def test_a_binary_classifier_gives_probabilities(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    model = trained(make_ml, {"predictor_type": "binary_classifier"}, above(5))
    found = metrics_of(capfd.readouterr().out)
    assert found["test:binary_classification_accuracy"] > 0.9
    assert found["test:roc_auc_score"] > 0.97
    assert found["test:binary_f_beta"] > 0.9
    scores = model.scores(np.array([[3.0, 40.0], [-3.0, 40.0]]))
    assert scores[0] > 0.9
    assert scores[1] < 0.1


def test_a_hinge_loss_gives_no_probabilities(make_ml: MakeMl) -> None:
    model = trained(make_ml, {"predictor_type": "binary_classifier", "loss": "hinge_loss"}, above(5))
    scores = model.scores(np.array([[30.0, 40.0], [-30.0, 40.0]]))
    assert scores[0] > 1
    assert scores[1] < -1
    assert model.labels(scores).tolist() == [1, 0]


def test_several_classes(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    given = {"predictor_type": "multiclass_classifier", "num_classes": "4", "epochs": "40"}
    # No row is of class 3.
    model = trained(make_ml, given, lambda value: int(value > 4) + int(value > 6))
    found = metrics_of(capfd.readouterr().out)
    assert found["test:multiclass_accuracy"] > 0.85
    assert found["test:multiclass_top_k_accuracy"] == 1.0
    scores = model.scores(np.array([[3.0, 40.0], [-3.0, 40.0]]))
    assert scores.sum(axis=1).tolist() == [pytest.approx(1), pytest.approx(1)]
    assert model.labels(scores).tolist() == [2, 0]
    assert (scores[:, 3] < 1e-6).all()


def test_the_threshold_follows_the_criteria() -> None:
    labels = np.array([0, 0, 1, 0, 1, 1, 0, 1], dtype=float)
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])

    def taken(criteria: str, **more: str) -> int:
        given = {"predictor_type": "binary_classifier", "binary_classifier_model_selection_criteria": criteria, **more}
        return int((scores >= best_threshold(validate(given), labels, scores, 0.5)).sum())

    assert taken("loss_function") == 4
    assert taken("accuracy") == 4
    assert taken("f_beta", f_beta="5.0") == 6
    assert taken("precision_at_target_recall", target_recall="0.9") == 6
    assert taken("recall_at_target_precision", target_precision="0.9") == 1
    assert best_threshold(validate({"predictor_type": "binary_classifier"}), labels[:0], scores[:0], 0.5) == 0.5


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "No value(s) were specified for 'predictor_type' which are required hyperparameter(s)"),
        ({"predictor_type": "multiclass_classifier"}, "No value(s) were specified for 'num_classes' which are"),
        (
            {"predictor_type": "regressor", "num_round": "5"},
            "hyperparameters are not allowed ('num_round' was unexpected)",
        ),
        ({"predictor_type": "tree"}, "predictor_type: 'tree' is not 'regressor', 'binary_classifier'"),
        ({"predictor_type": "regressor", "epochs": "0"}, "epochs: '0' is not an integer from 1"),
        ({"predictor_type": "regressor", "epochs": "1.5"}, "epochs: '1.5' is not an integer from 1"),
        ({"predictor_type": "regressor", "wd": "nan"}, "wd: 'nan' is not 'auto' or a number from 0"),
        (
            {"predictor_type": "regressor", "loss": "logistic"},
            "loss: 'logistic' does not fit predictor_type 'regressor'",
        ),
        ({"predictor_type": "multiclass_classifier", "num_classes": "2"}, "num_classes: 2 is not an integer from 3"),
        (
            {"predictor_type": "regressor", "feature_dim": "3"},
            "feature_dim is 3, and the rows of channel 'train' have 2",
        ),
        ({"predictor_type": "regressor", "loss": "quantile_loss"}, "quantile_loss is not trained locally"),
        ({"predictor_type": "binary_classifier"}, "train/train.csv, line 1: found the label "),
    ],
)
def test_refused_hyperparameters(make_ml: MakeMl, given: dict[str, str], reason: str) -> None:
    ml = make_ml(given, files(lambda value: value + 100))
    assert train(ml) == 2
    assert reason in ml.failure_file.read_text()
    assert not ml.model_dir.exists()


@pytest.mark.parametrize(
    ("found", "content_type", "reason"),
    [
        ({"validation/v.csv": "1,2\n"}, "text/csv", "'train' is a required property"),
        ({"train/t.csv": "1,2\n", "more/m.csv": "1,2\n"}, "text/csv", "Channel 'more' is unknown"),
        (
            {"train/t.csv": "1,2\n"},
            "text/libsvm",
            "ContentType 'text/libsvm': allowed text/csv, application/x-recordio",
        ),
        ({"train/t.csv": "1,2\n"}, "application/x-recordio-protobuf", "local AWS reads text/csv"),
        ({"train/t.csv": "1,2\n"}, None, "local AWS reads text/csv"),
        ({"train/t.csv": "1\n"}, "text/csv", "train/t.csv: found 1 column, expected a label and features"),
        ({"train/t.csv": "1,2\n3,\n"}, "text/csv", "train/t.csv, line 2, column 2: not a finite number"),
        ({"train/t.csv": "y,x\n1,2\n"}, "text/csv", "train/t.csv, line 1, column 1: looks like a header"),
        (
            {"train/t.csv": "1,2\n", "test/t.csv": "1,2,3\n"},
            "text/csv",
            "test/t.csv, line 1: found 3 columns, expected 2",
        ),
        ({"train/": ""}, "text/csv", "Channel 'train' has no data"),
    ],
)
def test_refused_data(make_ml: MakeMl, found: dict[str, str], content_type: str | None, reason: str) -> None:
    ml = make_ml({"predictor_type": "regressor"}, found, content_type)
    assert train(ml) == 2
    assert reason in ml.failure_file.read_text()


def test_one_class_and_several_hosts_are_refused(make_ml: MakeMl) -> None:
    ml = make_ml({"predictor_type": "binary_classifier"}, {"train/t.csv": "1,2\n1,3\n"})
    assert train(ml) == 2
    assert "has one class, 1" in ml.failure_file.read_text()
    ml = make_ml({"predictor_type": "regressor"}, {"train/t.csv": "1,2\n1,3\n"}, hosts=2)
    assert train(ml) == 2
    assert "InstanceCount is 2" in ml.failure_file.read_text()


@pytest.fixture
def binary(tmp_path: Path) -> ScoringService:
    models.LinearModel("binary_classifier", True, [[1.0, -1.0]], [0.0], threshold=0.6).save(tmp_path)  # noqa: FBT003
    return ScoringService(tmp_path, {})


def post(service: ScoringService, body: bytes, kind: str = "text/csv", accept: str | None = None) -> Answer:
    headers = {"content-type": kind} | ({} if accept is None else {"accept": accept})
    return service.answer(Request("POST", "/invocations", headers, body, keep_alive=True))


BODIES = {
    "text/csv": b"0,0\n2,1\n",
    "text/csv;label_size=0": b"0,0\r\n2,1",
    JSON: b'{"instances": [{"features": [0, 0]}, {"data": {"features": {"values": [2, 1]}}}]}',
    JSON_LINES: b'{"features": [0, 0]}\n{"data": {"features": {"keys": [1, 0], "shape": [2], "values": [1, 2]}}}\n',
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("accept", [None, "*/*", JSON, JSON_LINES])
def test_answers_are_in_the_documented_forms(binary: ScoringService, kind: str, accept: str | None) -> None:
    answer = post(binary, BODIES[kind], kind, accept)
    expected = [
        {"score": 0.5, "predicted_label": 0},
        {"score": pytest.approx(0.731059, abs=1e-6), "predicted_label": 1},
    ]
    assert (answer.status, answer.content_type) == (200, JSON_LINES if accept == JSON_LINES else JSON)
    if accept == JSON_LINES:
        assert [json.loads(line) for line in answer.body.splitlines()] == expected
    else:
        assert json.loads(answer.body) == {"predictions": expected}


def test_answers_of_the_other_predictors(tmp_path: Path) -> None:
    def predictions(model: models.LinearModel) -> Any:
        model.save(tmp_path)
        return json.loads(post(ScoringService(tmp_path, {}), b"1,2\n").body)["predictions"]

    assert predictions(models.LinearModel("regressor", False, [[1.0, 2.0]], [0.5])) == [{"score": 5.5}]  # noqa: FBT003
    weights = [[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]
    (found,) = predictions(models.LinearModel("multiclass_classifier", True, weights, [0.0] * 3))  # noqa: FBT003
    assert found["predicted_label"] == 1
    assert found["score"] == [pytest.approx(share, abs=1e-6) for share in (0.211942, 0.576117, 0.211942)]


@pytest.mark.parametrize(
    ("body", "kind", "accept", "status", "text"),
    [
        (b"1,2\n", "text/csv", "text/csv", 406, "Accept type 'text/csv' is not supported"),
        (b"1,2\n", "text/libsvm", None, 415, "Content-type 'text/libsvm' is not supported"),
        (b"1,2\n", "text/csv;label_size=1", None, 415, "is not supported"),
        (b"1,2,3\n", "text/csv", None, 400, "unable to evaluate payload provided: found 3 features, expected 2"),
        (b"1,\n", "text/csv", None, 400, "unable to evaluate payload provided: found a missing value"),
        (b"1,x\n", "text/csv", None, 400, "unable to evaluate payload provided: could not convert"),
        (b"", "text/csv", None, 400, "unable to evaluate payload provided"),
        (b"{}", JSON, None, 400, "unable to evaluate payload provided: KeyError"),
        (b'{"instances": []}', JSON, None, 400, "unable to evaluate payload provided"),
        (b'{"instances": [{"features": [1, "a"]}]}', JSON, None, 400, "unable to evaluate payload provided"),
    ],
)
def test_refused_requests(
    binary: ScoringService, body: bytes, kind: str, accept: str | None, status: int, text: str
) -> None:
    answer = post(binary, body, kind, accept)
    assert answer.status == status
    assert text in answer.body


def test_a_ping_shows_whether_there_is_a_model(binary: ScoringService, tmp_path: Path) -> None:
    ping = Request("GET", "/ping", {}, b"", keep_alive=True)
    assert binary.answer(ping).status == 200
    (tmp_path / models.MODEL_NAME).write_text("{}")
    assert "was not trained by local AWS" in ScoringService(tmp_path, {}).answer(ping).body
    (tmp_path / models.MODEL_NAME).unlink()
    assert ScoringService(tmp_path, {}).answer(ping).status == 500
    parameters = binary.answer(Request("GET", "/execution-parameters", {}, b"", keep_alive=True))
    assert json.loads(parameters.body)["MaxPayloadInMB"] == 6
    assert binary.answer(Request("GET", "/other", {}, b"", keep_alive=True)).status == 404


def test_serving_needs_no_library_of_training() -> None:
    code = (
        "import sys; from local_aws.sagemaker.containers import registry;"
        f"registry.find({IMAGE!r}).load();"
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'scipy', 'xgboost')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
