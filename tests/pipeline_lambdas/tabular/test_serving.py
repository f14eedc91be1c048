"""What a caller may ask, and what it is answered."""

from __future__ import annotations

import json
import math
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline_lambdas.tabular import requests
from pipeline_lambdas.tabular.requests import RequestError
from tests.pipeline_lambdas.tabular.answering import Endpoint
from tests.pipeline_lambdas.tabular.tables import churn_job, document, lay_out

ROW = '3,monthly,2023-05-01,"never again, very angry",c-1'
RECORD = {"tenure": 3, "contract": "monthly", "signup": "2023-05-01", "notes": "never again, very angry"}


@pytest.fixture(scope="module")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Endpoint:
    job = churn_job(tmp_path_factory.mktemp("churn"))
    assert job.train(num_round=5, objective="binary:logistic") == 0
    return job.endpoint()


def test_csv_is_answered_with_a_number_a_row(churn: Endpoint) -> None:
    answer = churn.ask(f"{ROW}\n70,yearly,,all fine,\n")
    first, second = map(float, answer.splitlines())
    assert 0 < second < 0.5 < first < 1
    assert churn.ask(f"{ROW}\r\n".encode(), "text/csv; charset=utf-8", None) == f"{first}\n"
    assert churn.ask(ROW, None, "*/*") == f"{first}\n"
    for body in (f"\ufeff{ROW}", f"\ufeff{ROW}".encode()):
        assert churn.ask(body) == f"{first}\n"


@pytest.mark.parametrize(
    "document",
    [
        {"instances": [RECORD]},
        {"instances": [{**RECORD, "customer": "c-1", "tenure": "3"}]},
        [RECORD],
        {"instances": [[3, "monthly", "2023-05-01", RECORD["notes"], None]]},
    ],
)
def test_json_is_answered_with_names(churn: Endpoint, document: object) -> None:
    score = float(churn.ask(ROW))
    assert churn.predictions(document) == [
        {"score": score, "predicted_label": "yes", "probabilities": {"no": 1 - score, "yes": score}}
    ]


def test_null_is_a_missing_value(churn: Endpoint) -> None:
    record = {"tenure": None, "contract": None, "signup": None, "notes": None}
    assert [one["score"] for one in churn.predictions([record])] == churn.scores([["", "", "", "", ""]])


@pytest.mark.parametrize(
    ("body", "content_type", "status", "message"),
    [
        ("1,2\n", "text/csv", 400, "Row 1: found 2 values; expected 5: 'tenure', 'contract', 'signup', 'notes', 'cust"),
        (f"{ROW}\nyes,{ROW}\n", "text/csv", 400, "Row 2: found 6 values; expected 5"),
        (f"{ROW}\n\n", "text/csv", 400, "Row 2: found 0 values; expected 5"),
        ("", "text/csv", 400, "The request has no rows"),
        ('1,"2"x,3,4,5', "text/csv", 400, "The request is no text/csv: "),
        (b"\xff,2,3,4,5", "text/csv", 400, "The request is no text/csv: 'utf-8' codec"),
        ("{", "application/json", 400, "The request is no application/json: Expecting"),
        ("[" * 100_000, "application/json", 400, "The request is no application/json: "),
        ('{"rows": []}', "application/json", 400, 'The request has no rows; expected {"instances"'),
        ("[]", "application/json", 400, "The request has no rows"),
        ("[3]", "application/json", 400, "Row 1: found no row: 3; expected 5"),
        ("[null]", "application/json", 400, "Row 1: found no row: null; expected 5"),
        (
            json.dumps([RECORD, {"tenur": 1, "contract": "x", "notes": ""}]),
            "application/json",
            400,
            "Row 2: found unknown columns 'tenur' and lacks 'tenure', 'signup'; a missing value is null",
        ),
        (
            json.dumps([{**RECORD, "tenure": [3]}]),
            "application/json",
            400,
            "Row 1: column 'tenure': found [3]; expected one value",
        ),
        (ROW, "text/libsvm", 415, "Content-Type: found text/libsvm; expected text/csv or application/json"),
    ],
)
def test_what_is_refused(churn: Endpoint, body: str | bytes, content_type: str, status: int, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        churn.ask(body, content_type)
    assert str(caught.value).startswith(message)
    assert caught.value.status_code == status
    assert caught.value.message == caught.value.phrase == str(caught.value)


def test_the_toolkit_of_the_image_knows_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own error is looked for where the program is imported: the toolkit answers any other with status 500."""

    class BaseInferenceToolkitError(Exception):
        pass

    toolkit = ModuleType("sagemaker_inference.errors")
    monkeypatch.setattr(toolkit, "BaseInferenceToolkitError", BaseInferenceToolkitError, raising=False)
    monkeypatch.setitem(sys.modules, "sagemaker_inference", ModuleType("sagemaker_inference"))
    monkeypatch.setitem(sys.modules, toolkit.__name__, toolkit)
    error = runpy.run_path(requests.__file__)["RequestError"](400, "Row 1: no")
    assert isinstance(error, BaseInferenceToolkitError)
    assert error.args == (400, "Row 1: no", "Row 1: no")
    assert not isinstance(RequestError(400, ""), BaseInferenceToolkitError)


def test_an_answer_of_another_type_is_refused(churn: Endpoint) -> None:
    with pytest.raises(RequestError, match="Accept: found application/xml; expected text/csv or application/json") as e:
        churn.ask(ROW, accept="application/xml")
    assert e.value.status_code == 406


def test_a_table_with_one_column_takes_an_empty_row(tmp_path: Path) -> None:
    rows = [[place % 2, place % 2 * 5 or ""] for place in range(40)]
    job = lay_out(tmp_path, document({"n": "number"}, classes=("0", "1")), train=rows)
    assert job.train(num_round=5) == 0
    missing, known = job.endpoint().scores([[""], [5]])
    assert missing < 0.5 < known


def trained(folder: Path, problem: str, classes: tuple[str, ...], objective: str) -> Endpoint:
    """A model of a number and a category, which tell the label."""
    names = classes or ("10", "20", "30")
    rows: list[list[Any]] = [[names[place % len(names)], place % len(names), place % 7] for place in range(90)]
    job = lay_out(folder, document({"n": "number", "c": "category"}, problem=problem, classes=classes), train=rows)
    assert job.train(num_round=20, objective=objective) == 0
    return job.endpoint()


RECORDS = [{"n": place, "c": 0} for place in range(3)]


def test_probabilities_of_several_classes(tmp_path: Path) -> None:
    endpoint = trained(tmp_path, "multiclass", ("low", "mid", "high"), "multi:softprob")
    found = endpoint.predictions(RECORDS)
    assert [one["predicted_label"] for one in found] == ["low", "mid", "high"]
    assert all(math.isclose(sum(one["score"]), 1, abs_tol=1e-5) for one in found)
    assert [list(one["probabilities"]) for one in found] == [["low", "mid", "high"]] * 3
    assert [list(one["probabilities"].values()) for one in found] == [one["score"] for one in found]
    lines = endpoint.ask("0,0\n1,0\n2,0\n").splitlines()
    assert [[float(number) for number in line.split(",")] for line in lines] == [one["score"] for one in found]


@pytest.mark.parametrize(
    ("problem", "classes", "objective", "labels"),
    [
        ("multiclass", ("low", "mid", "high"), "multi:softmax", ["low", "mid", "high"]),
        ("binary", ("no", "yes"), "binary:hinge", ["no", "yes"]),
        ("binary", ("no", "yes"), "binary:logitraw", ["no", "yes"]),
        ("regression", (), "reg:squarederror", [None, None, None]),
    ],
)
def test_answers_without_probabilities(
    tmp_path: Path, problem: str, classes: tuple[str, ...], objective: str, labels: list[str | None]
) -> None:
    endpoint = trained(tmp_path, problem, classes, objective)
    found = endpoint.predictions(RECORDS[: len(labels)])
    assert [one.get("predicted_label") for one in found] == labels
    assert [one["score"] for one in found] == endpoint.scores([[one["n"], 0] for one in RECORDS[: len(labels)]])
    assert not any("probabilities" in one for one in found)
    if problem == "regression":
        assert [one["score"] for one in found] == pytest.approx([10, 20, 30], abs=0.5)
