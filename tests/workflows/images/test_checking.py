from __future__ import annotations

import json

import boto3
import pytest

from tests.workflows.images.folders import MODELS, PLACE, PREFIX, text
from workflows.images.checking import Check, check_model
from workflows.runtime.errors import DataError

pytestmark = pytest.mark.usefixtures("buckets")

CHECK = Check(0.7, 0.0, f"{PREFIX}/test/")
RIGHT = {"cats/a.png": [0.9, 0.1], "cats/b.png": [0.4, 0.6], "dogs/c.png": [0.2, 0.8], "dogs/deep/d.png": [0.1, 0.9]}


def put(name: str, content: str) -> None:
    boto3.client("s3").put_object(Bucket=MODELS, Key=PLACE.folder + name, Body=content.encode())


def predict(folder: str = "", **more: str) -> None:
    put("lists/classes.json", '{"dogs": 1, "cats": 0}')
    rows = [f"{index}\t{int(path.startswith('dogs'))}\t{path}\n" for index, path in enumerate(RIGHT)]
    put("lists/test.lst", "".join(rows))
    for path, probabilities in RIGHT.items():
        content = more.get(path, json.dumps({"prediction": probabilities}))
        if content:
            put(f"predictions/{folder}{path}.out", content)


@pytest.mark.parametrize("folder", ["", "test/", f"{PREFIX}/test/"])
def test_scores_wherever_sagemaker_puts_the_outputs(folder: str) -> None:
    predict(folder)
    found = check_model(CHECK, PLACE)
    assert found["passed"]
    assert found["metrics"]["accuracy"] == 0.75
    assert found["metrics"]["worst_class"] == {"name": "cats", "accuracy": 0.5}
    assert json.loads(text("metrics.json"))["classes"]["dogs"] == {"images": 2, "right": 2, "accuracy": 1.0}


def test_a_gate_that_fails() -> None:
    predict()
    found = check_model(Check(0.8, 0.0, f"{PREFIX}/test/"), PLACE)
    assert not found["passed"]
    assert "accuracy is 0.7500 (3 of 4 test images)" in found["failures"]
    assert json.loads(text("metrics.json"))["accuracy"] == 0.75


def test_many_classes_are_only_in_the_file() -> None:
    numbers = {f"c{number:02}": number for number in range(51)}
    put("lists/classes.json", json.dumps(numbers))
    put("lists/test.lst", "".join(f"{number}\t{number}\t{name}/a.png\n" for name, number in numbers.items()))
    for name, number in numbers.items():
        put(f"predictions/{name}/a.png.out", json.dumps([float(other == number) for other in range(51)]))
    found = check_model(CHECK, PLACE)
    assert "classes" not in found["metrics"]
    assert len(json.loads(text("metrics.json"))["classes"]) == 51


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        (
            "cats/a.png",
            "",
            "predictions/cats/a.png.out: found no prediction for the test image cats/a.png; see the log",
        ),
        ("dogs/c.png", "", "predictions/dogs/c.png.out: found no prediction for the test image dogs/c.png"),
        ("dogs/c.png", "[0.5]", r"dogs/c.png: found the prediction '\[0.5\]'; expected 2 probabilities"),
        ("dogs/c.png", '{"label": 1}', "expected 2 probabilities"),
        ("dogs/c.png", "oops", "found the prediction 'oops'"),
        ("dogs/c.png", '["a", "b"]', "expected 2 probabilities"),
    ],
)
def test_wrong_predictions_are_named(path: str, content: str, message: str) -> None:
    predict(**{path: content})
    with pytest.raises(DataError, match=message):
        check_model(CHECK, PLACE)
