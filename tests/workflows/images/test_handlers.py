from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from pipeline_lambdas.runtime.failures import ConfigurationError
from tests.pipeline_lambdas.aws_doubles import Context
from tests.workflows.images.folders import CATS_AND_DOGS, DATA, KEY, MODELS, PLACE, PREFIX, put
from workflows.images.handlers import judge_images, list_images
from workflows.runtime.errors import InputError

pytestmark = pytest.mark.usefixtures("buckets")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"DATA_BUCKET": DATA, "MODEL_BUCKET": MODELS, "KMS_KEY_ARN": KEY, "INSTANCE_TYPE": "ml.m5.large"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def task(step: str, **more: Any) -> dict[str, Any]:
    return {"step": step, "execution": "run-1", "input": {"prefix": PREFIX}, **more}


def test_all_steps_give_what_one_does(capsys: pytest.CaptureFixture[str]) -> None:
    put(CATS_AND_DOGS)
    at_once = list_images.handler(task("all"), Context())
    assert at_once["train"]["images"] == 3
    assert at_once["transform_instance_type"] == "ml.m5.large"
    assert list_images.handler(task("plan"), Context()) == {"shards": 4}
    for index in range(4):
        assert list_images.handler(task("shard", shard=index), Context()) is None
    assert list_images.handler(task("join"), Context()) == at_once
    assert json.loads(capsys.readouterr().out.splitlines()[0]) == {"step": "all", "remaining_ms": 900_000}


def test_a_model_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    put(CATS_AND_DOGS)
    list_images.handler(task("all"), Context())
    for path, answer in (("cats/d.bmp", "[0.9, 0.1]"), ("dogs/e.png", "[0.8, 0.2]")):
        key = f"{PLACE.folder}predictions/{path}.out"
        boto3.client("s3").put_object(Bucket=MODELS, Key=key, Body=answer.encode())
    gates = {"min_accuracy": 0.6, "min_class_accuracy": 0}
    event = {"execution": "run-1", "test_uri": f"s3://{DATA}/{PREFIX}/test/", **gates}
    judged = judge_images.handler(event, Context())
    assert not judged["passed"]
    assert judged["failures"].startswith("accuracy is 0.5000 (1 of 2 test images)")
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said == {"passed": False, "images": 2, "accuracy": 0.5}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (task("some"), "The input has step 'some'; expected all, plan, shard or join"),
        (task("all", colour=1), "has the unknown key colour"),
        ({"step": "all"}, "lacks execution, lacks input"),
        (task("all") | {"input": {}}, "lacks prefix"),
    ],
)
def test_a_wrong_event_is_told(event: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        list_images.handler(event, Context())


def test_a_missing_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KMS_KEY_ARN")
    with pytest.raises(ConfigurationError, match="lacks KMS_KEY_ARN"):
        list_images.handler(task("all"), Context())
