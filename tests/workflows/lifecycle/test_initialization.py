from __future__ import annotations

import re
from typing import Any

import boto3
import pytest

from tests.pipeline_lambdas.aws_doubles import Context
from tests.workflows.lifecycle.buckets import DATA, DAY, MODELS, put
from tests.workflows.lifecycle.requests import ARN, MODEL, REQUEST, event
from workflows.lifecycle.handlers import initialize_lifecycle
from workflows.lifecycle.initialization import Site, initialize
from workflows.runtime.errors import DataError, InputError

SITE = Site("slipway-x-lifecycle", DATA, MODELS)
pytestmark = pytest.mark.usefixtures("buckets")


def begin(machine: str = "training", **more: Any) -> dict[str, Any]:
    return initialize(event(machine, **more), SITE)


def delete(key: str) -> None:
    boto3.client("s3").delete_object(Bucket=DATA, Key=key)


def test_training_is_told_where_its_data_and_its_model_lie() -> None:
    begun = begin()
    name = begun["Training"]["JobName"]
    mark = name.removeprefix("slipway-x-lifecycle-")
    assert re.fullmatch("[0-9a-f]{12}", mark)
    assert begun == {
        "Request": REQUEST,
        "DataDate": "2019-10-01",
        "RunDate": "2026-01-31",
        "Training": {
            "JobName": name,
            "HyperParameters": {
                "objective": "binary:logistic",
                "eval_metric": "auc",
                "num_round": "20",
                "eta": "0.2",
            },
            "Inputs": {
                "train": f"s3://{DATA}/{DAY}train/",
                "validation": f"s3://{DATA}/{DAY}validation/",
            },
            "OutputPath": f"s3://{MODELS}/workflows/lifecycle/{mark}/model/2019-10-01/20260131T235958Z",
        },
    }


def test_inference_is_told_where_its_rows_and_targets_lie() -> None:
    told = begin("inference")["Inference"]
    mark = told["JobName"].rpartition("-")[2]
    assert told == {
        "JobName": f"slipway-x-lifecycle-{mark}",
        "Threshold": 0.75,
        "Input": f"s3://{DATA}/{DAY}holdout/",
        "Targets": f"s3://{DATA}/{DAY}holdout-targets/",
        "OutputPath": f"s3://{MODELS}/workflows/lifecycle/{mark}/predictions/2019-10-01",
    }


def test_executions_and_their_redrives_have_names_of_their_own() -> None:
    begun = [begin(), begin(ExecutionArn=f"{ARN}-2"), begin(RedriveCount=1)]
    names = [one["Training"]["JobName"] for one in begun]
    assert len(set(names)) == 3
    assert max(len(name) for name in names) <= 63 - len("-r99-2")


@pytest.mark.parametrize(
    ("machine", "key", "said"),
    [
        ("training", f"{DAY}train/a.csv", f"s3://{DATA}/{DAY}train/: found no file; expected CSV files"),
        ("training", f"{DAY}validation/a.csv", f"s3://{DATA}/{DAY}validation/: found no file"),
        ("inference", f"{DAY}holdout/a.csv", f"s3://{DATA}/{DAY}holdout/: found no file"),
        ("inference", f"{DAY}holdout-targets/a.csv", f"s3://{DATA}/{DAY}holdout-targets/: found no file"),
        ("training", f"workflows/lifecycle/{MODEL}/config.json", "config.json: found no object"),
        ("inference", f"workflows/lifecycle/{MODEL}/config.json", "config.json: found no object"),
    ],
)
def test_what_is_missing_is_named(machine: str, key: str, said: str) -> None:
    delete(key)
    with pytest.raises(DataError) as refused:
        begin(machine)
    assert said in str(refused.value)


def test_the_mark_of_a_folder_is_no_data() -> None:
    delete(f"{DAY}train/a.csv")
    put(DATA, {f"{DAY}train/": "", f"{DAY}train/more/": ""})
    with pytest.raises(DataError, match="found no file"):
        begin()


def test_an_empty_file_is_named() -> None:
    put(DATA, {f"{DAY}train/b.csv": ""})
    with pytest.raises(DataError, match=re.escape("train/: found no row in b.csv")):
        begin()


def test_hold_out_files_have_targets_of_their_names() -> None:
    put(DATA, {f"{DAY}holdout/b.csv": "1\n", f"{DAY}holdout-targets/c.csv": "1\n"})
    with pytest.raises(DataError, match=r"found other files in holdout/ than in holdout-targets/: b\.csv, c\.csv"):
        begin("inference")


def test_a_machine_that_is_none() -> None:
    with pytest.raises(InputError, match="Machine: found 'both'; expected training or inference"):
        begin("both")


def test_a_state_that_passes_something_else() -> None:
    with pytest.raises(InputError, match="What the state passes has RedriveCount as a text instead of a whole number"):
        begin(RedriveCount="0")


def test_the_function(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in {"NAME_PREFIX": "slipway-x-lifecycle", "DATA_BUCKET": DATA, "MODEL_BUCKET": MODELS}.items():
        monkeypatch.setenv(name, value)
    begun = initialize_lifecycle.handler(event(), Context())
    assert begun == begin()
    assert '"machine": "training"' in capsys.readouterr().out
