from __future__ import annotations

import math

import pytest

from inference_lambdas.predicting.predictions import Parsed, PredictionForm, parse_predictions, prediction_form
from pipeline_lambdas.runtime.failures import JobFailedError

SCALAR = PredictionForm()


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
