"""The function that scores: labels against predictions, on moto's S3."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.events import DATA_BUCKET
from tests.pipeline_lambdas.aws_doubles import Context, client_of
from workflows.runtime.errors import DataError, InputError
from workflows.text.handlers.score_predictions import handler

ONE, TWO = "__label__1", "__label__2"
TEST, PREDICTIONS = f"s3://{DATA_BUCKET}/test.txt", f"s3://{DATA_BUCKET}/test.jsonl.out"

pytestmark = pytest.mark.usefixtures("buckets")


def put(labels: Sequence[str], predicted: Sequence[str] | bytes) -> None:
    s3 = client_of("s3")
    s3.put_object(
        Bucket=DATA_BUCKET, Key="test.txt", Body="".join(f"{label} a sentence\n" for label in labels).encode()
    )
    if not isinstance(predicted, bytes):
        predicted = "".join(json.dumps({"label": [label], "prob": [0.9]}) + "\n" for label in predicted).encode()
    s3.put_object(Bucket=DATA_BUCKET, Key="test.jsonl.out", Body=predicted)


def call(**event: Any) -> dict[str, Any]:
    return handler({"test": TEST, "predictions": PREDICTIONS, **event}, Context())


def test_accuracy_and_the_recall_of_each_label() -> None:
    put([ONE, ONE, ONE, TWO, TWO], [ONE, ONE, TWO, TWO, ONE])
    assert call() == {
        "sentences": 5,
        "accuracy": pytest.approx(0.6),
        "recall": {ONE: pytest.approx(2 / 3), TWO: 0.5},
        "largest_share": 0.6,
    }


def test_a_model_that_knows_one_label_finds_none_of_the_other() -> None:
    put([ONE] * 9 + [TWO], [ONE] * 10)
    assert call() == {"sentences": 10, "accuracy": 0.9, "recall": {ONE: 1.0, TWO: 0.0}, "largest_share": 0.9}


@pytest.mark.parametrize(
    ("labels", "predicted", "message"),
    [
        ([ONE, TWO], [ONE], rf"^{PREDICTIONS}: ends after 1 lines; expected as many as {TEST} has\."),
        ([ONE], [ONE, TWO], rf"^{TEST}: ends after 1 lines; expected as many as {PREDICTIONS} has\."),
        ([], [], rf"^{TEST}: found no sentence"),
        ([ONE], b'{"label": []}\n', rf"^{PREDICTIONS}: line 1 is no prediction"),
        ([ONE], b"nonsense\n", rf"^{PREDICTIONS}: line 1 is no prediction"),
        ([ONE], b"[]\n", rf"^{PREDICTIONS}: line 1 is no prediction"),
    ],
)
def test_what_does_not_belong_together(labels: list[str], predicted: list[str] | bytes, message: str) -> None:
    put(labels, predicted)
    with pytest.raises(DataError, match=message):
        call()


def test_what_is_not_there_and_what_is_no_address() -> None:
    put([ONE], [ONE])
    with pytest.raises(DataError, match=rf"^s3://{DATA_BUCKET}/none: found no such object"):
        call(predictions=f"s3://{DATA_BUCKET}/none")
    with pytest.raises(InputError, match=r"^https://a/b: is no address of an object"):
        call(test="https://a/b")
    with pytest.raises(InputError, match="unknown key more"):
        call(more="x")
