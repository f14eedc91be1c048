from __future__ import annotations

import math

import pytest

from inference_lambdas.predicting.predictions import Parsed, parse_predictions
from pipeline_lambdas.algorithms.answers import PredictionForm
from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.runtime.failures import JobFailedError

SCALAR = PredictionForm()


def prediction_form(objective: str, classes: int) -> PredictionForm:
    return ALGORITHMS["xgboost"].form({"objective": objective, "num_class": str(classes)})


def linear_learner(predictor: str, **more: str) -> PredictionForm:
    return ALGORITHMS["linear-learner"].form({"predictor_type": predictor, **more})


@pytest.mark.parametrize("content", [b"1.5\n2\n3e-1\n", b"1.5\n2\n3e-1", b"1.5,2,3e-1", b"1.5, 2, 0.3\n"])
def test_scalars_in_either_form(content: bytes) -> None:
    assert parse_predictions(content, 3, SCALAR) == Parsed([1.5, 2.0, 0.3])


def test_rows_of_probabilities() -> None:
    parsed = parse_predictions(b"0.1,0.2,0.7\n0.5,0.25,0.25\n", 2, prediction_form("multi:softprob", 3))
    assert parsed.predictions == [(0.1, 0.2, 0.7), (0.5, 0.25, 0.25)]


def test_margins_become_probabilities() -> None:
    parsed = parse_predictions(b"0\n2\n-800\n800\n", 4, prediction_form("binary:logitraw", 2))
    assert parsed.predictions == [0.5, pytest.approx(1 / (1 + math.exp(-2))), 0.0, 1.0]


@pytest.mark.parametrize("objective", ["reg:squarederror", "binary:hinge", "multi:softmax"])
def test_other_objectives_predict_a_number(objective: str) -> None:
    assert parse_predictions(b"2\n", 1, prediction_form(objective, 3)) == Parsed([2.0])


def test_rows_that_are_not_finite_are_left_out() -> None:
    assert parse_predictions(b"1\nnan\n2\n-inf\n", 4, SCALAR) == Parsed([1.0, 2.0], [0, 2])
    parsed = parse_predictions(b"0.5,0.5\nnan,0.5\n", 2, prediction_form("multi:softprob", 2))
    assert parsed == Parsed([(0.5, 0.5)], [0])


@pytest.mark.parametrize(
    ("content", "objective", "message"),
    [
        (b"1\n2\n", "reg:squarederror", "has 2 numbers; 3 rows need 3: '1\\n2\\n'"),
        (b"", "reg:squarederror", "has 0 numbers"),
        (b"0.1,0.2\n" * 3, "multi:softprob", "has 6 numbers; 3 rows need 9"),
        (b"<html>", "reg:squarederror", "is not numbers"),
        (b"0.5\n1.5\n0.1", "binary:logistic", "outside of 0 to 1, so no probabilities"),
    ],
)
def test_other_answers_are_refused(content: bytes, objective: str, message: str) -> None:
    with pytest.raises(JobFailedError) as caught:
        parse_predictions(content, 3, prediction_form(objective, 3))
    assert message in str(caught.value)


# The examples of https://docs.aws.amazon.com/sagemaker/latest/dg/LL-in-formats.html, twice each.
BINARY = b'{"score": 0.4, "predicted_label": 0}'
MULTICLASS = b'{"score": [0.1, 0.2, 0.4, 0.3], "predicted_label": 2}'


@pytest.mark.parametrize("layout", [b'{"predictions": [%s, %s]}', b'{\n "predictions":\n [%s,\n %s\n]\n}', b"%s\n%s\n"])
def test_answers_of_linear_learner_in_json_and_json_lines(layout: bytes) -> None:
    def predictions(one: bytes, form: PredictionForm) -> list[object]:
        return parse_predictions(layout % (one, one), 2, form).predictions

    assert predictions(b'{"score": 0.4}', linear_learner("regressor")) == [0.4, 0.4]
    assert predictions(BINARY, linear_learner("binary_classifier")) == [0.4, 0.4]
    assert predictions(BINARY, linear_learner("binary_classifier", loss="hinge_loss")) == [0.0, 0.0]
    criteria = {"binary_classifier_model_selection_criteria": "recall_at_target_precision"}
    assert predictions(BINARY, linear_learner("binary_classifier", **criteria)) == [0.0, 0.0]
    of_four = linear_learner("multiclass_classifier", num_classes="4")
    assert predictions(MULTICLASS, of_four) == [(0.1, 0.2, 0.4, 0.3)] * 2


def test_one_line_of_json() -> None:
    assert parse_predictions(BINARY, 1, linear_learner("binary_classifier")) == Parsed([0.4])


def test_scores_that_are_not_finite_are_left_out() -> None:
    content = b'{"predictions": [{"score": 1.5}, {"score": NaN}, {"score": -Infinity}, {"score": 2}]}'
    assert parse_predictions(content, 4, linear_learner("regressor")) == Parsed([1.5, 2.0], [0, 3])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"predictions": [{"score": 0.5}]}', "has 1 numbers; 2 rows need 2"),
        (b'{"predictions": [{"label": 1}, {"label": 1}]}', 'no predictions with a number or numbers as "score"'),
        (b'{"predictions": [0.5, 0.5]}', "no predictions"),
        (b'{"predictions": 5}', "no predictions"),
        (b'{"score": null}\n{"score": {}}', "no predictions"),
        (b'{"score": "high"}\n{"score": 1}', "is not numbers"),
        (b"0.5\n0.5\n", "no predictions"),
        (b"5", "no predictions"),
        (b"[" * 100_000, "the answer is not numbers"),
        (b"<html>", "is not numbers"),
        (b'{"score": 1.5}\n{"score": 0.5}', "outside of 0 to 1, so no probabilities"),
    ],
)
def test_other_answers_in_json_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(JobFailedError) as caught:
        parse_predictions(content, 2, linear_learner("binary_classifier"))
    assert message in str(caught.value)
