from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pipeline_lambdas.aws import clients, s3
from pipeline_lambdas.runtime.failures import AwsRequestError
from tests.pipeline_lambdas.aws_doubles import Context
from tests.workflows.lifecycle.buckets import DATA, MODELS, put
from workflows.lifecycle import performance
from workflows.lifecycle.handlers import monitor_model
from workflows.lifecycle.performance import judge
from workflows.runtime.errors import DataError, InputError

PREDICTIONS, TARGETS = "predictions/1/", "holdout-targets/"


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "Predictions": f"s3://{MODELS}/{PREDICTIONS}",
        "Targets": f"s3://{DATA}/{TARGETS}",
        "Threshold": 0.8,
        **changes,
    }


def rows(values: Any) -> str:
    return "".join(f"{value}\n" for value in values)


def store(predictions: str, targets: str, name: str = "a.csv") -> None:
    put(MODELS, {f"{PREDICTIONS}{name}.out": predictions})
    put(DATA, {f"{TARGETS}{name}": targets})


@pytest.mark.usefixtures("buckets")
def test_files_are_judged_together() -> None:
    store("0.9\n0.2\n", "1\n0\n", "a.csv")
    store("0.4\n0.3", "0\n1", "b/c.csv")
    judged = judge(asked())
    assert {key: judged[key] for key in ("Auc", "Threshold", "IsBelowThreshold", "Rows", "Positives")} == {
        "Auc": 0.75,
        "Threshold": 0.8,
        "IsBelowThreshold": True,
        "Rows": 4,
        "Positives": 2,
    }
    low, high = judged["Interval"]
    assert low < 0.75 < high


@pytest.mark.usefixtures("buckets")
@pytest.mark.parametrize(("threshold", "below"), [(0.75, False), (0.7500001, True)])
def test_the_threshold_itself_is_good_enough(threshold: float, *, below: bool) -> None:
    store("0.9\n0.4\n0.3\n0.2\n", "1\n0\n1\n0\n")
    assert judge(asked(Threshold=threshold))["IsBelowThreshold"] is below


@pytest.mark.usefixtures("buckets")
def test_ties_count_one_half() -> None:
    store("0.5\n0.5\n0.5\n", "1\n0\n0\n")
    assert judge(asked())["Auc"] == 0.5


@pytest.mark.usefixtures("buckets")
def test_one_row_of_a_class_has_no_interval() -> None:
    store("0.5\n0.4\n0.3\n", "1\n0\n0\n")
    assert judge(asked())["Interval"] is None


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), st.booleans()), min_size=2, max_size=40))
def test_as_scikit_learn_has_it(pairs: list[tuple[float, bool]]) -> None:
    targets = [positive for _, positive in pairs]
    if len(set(targets)) < 2:
        return
    files = {
        f"{PREDICTIONS}a.csv.out": [str(score) for score, _ in pairs],
        f"{TARGETS}a.csv": [str(int(one)) for one in targets],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(s3, "list_sizes", lambda _, prefix: {key: 1 for key in files if key.startswith(prefix)})
        patch.setattr(performance, "lines", lambda _, key: iter(files[key]))
        expected = roc_auc_score(targets, [score for score, _ in pairs])
        assert judge(asked())["Auc"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.usefixtures("buckets")
def test_more_rows_than_are_held_at_once() -> None:
    drawn = random.Random(1)  # noqa: S311 - data, not cryptography
    targets = [drawn.random() < 0.3 for _ in range(25_000)]
    scores = [round(min(1, max(0, drawn.gauss(0.6 if one else 0.4, 0.2))), 3) for one in targets]
    store(rows(scores), rows(int(one) for one in targets))
    judged = judge(asked())
    assert (judged["Rows"], judged["Positives"]) == (25_000, sum(targets))
    assert judged["Auc"] == pytest.approx(roc_auc_score(targets, scores), abs=1e-6)


@pytest.mark.usefixtures("buckets")
@pytest.mark.parametrize(
    ("predictions", "targets", "said"),
    [
        ("0.1\n0.2\n", "0\n0\n", "found 2 rows, 0 of them of class 1; expected rows of both classes"),
        ("0.1\n0.2\n", "1\n1\n", "found 2 rows, 2 of them of class 1; expected rows of both classes"),
        ("", "", "found 0 rows"),
        ("0.1\n", "0\n1\n", f"s3://{MODELS}/{PREDICTIONS}a.csv.out: found 1 rows, and more in s3://{DATA}/"),
        ("0.1\n0.2\n", "0\n", f"s3://{DATA}/{TARGETS}a.csv: found 1 rows, and more in s3://{MODELS}/"),
        ("0.1\n1.2\n", "0\n1\n", "a.csv.out: line 2: found '1.2'; expected a score from 0 to 1"),
        ("0.1\nnan\n", "0\n1\n", "line 2: found 'nan'"),
        ("0.1\n0.2,0.8\n", "0\n1\n", "line 2: found '0.2,0.8'"),
        ("0.1\n0.2\n", "0\n2\n", f"{TARGETS}a.csv: line 2: found '2'; expected 0 or 1"),
        ("0.1\n0.2\n", "churned\n1\n", "line 1: found 'churned'; expected 0 or 1"),
    ],
)
def test_rows_that_cannot_be_judged(predictions: str, targets: str, said: str) -> None:
    store(predictions, targets)
    with pytest.raises(DataError) as refused:
        judge(asked())
    assert said in str(refused.value)


@pytest.mark.usefixtures("buckets")
def test_bytes_that_are_no_text() -> None:
    store("0.1\n", "0\n")
    clients.client("s3").put_object(Bucket=DATA, Key=f"{TARGETS}a.csv", Body=b"\xff\xfe\n")
    with pytest.raises(DataError, match="found bytes that are not UTF-8"):
        judge(asked())


@pytest.mark.usefixtures("buckets")
def test_files_without_a_counterpart_are_named() -> None:
    store("0.1\n", "0\n")
    put(DATA, {f"{TARGETS}b.csv": "1\n"})
    put(MODELS, {f"{PREDICTIONS}c.csv.out": "1\n"})
    with pytest.raises(DataError, match=r"found other files than in .*: b\.csv, c\.csv;"):
        judge(asked())


@pytest.mark.usefixtures("buckets")
def test_a_bucket_that_does_not_exist() -> None:
    with pytest.raises(AwsRequestError, match="NoSuchBucket"):
        judge(asked(Targets="s3://no-such-bucket/targets/"))


def test_a_place_that_is_not_in_s3() -> None:
    with pytest.raises(InputError, match="found 'data/targets/'; expected s3://BUCKET/PREFIX/"):
        judge(asked(Targets="data/targets/"))


@pytest.mark.usefixtures("buckets")
def test_the_function(capsys: pytest.CaptureFixture[str]) -> None:
    store("0.9\n0.2\n", "1\n0\n")
    assert monitor_model.handler(asked(), Context())["Auc"] == 1.0
    assert '"Rows": 2' in capsys.readouterr().out
