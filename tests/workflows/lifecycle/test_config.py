from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.lifecycle.buckets import CONFIG
from workflows.lifecycle.config import read_config
from workflows.runtime.errors import InputError

URI = "s3://data/config.json"
TRAINING = CONFIG["hyperparameters"]


def read(**changes: Any) -> Any:
    return read_config(URI, json.dumps({**CONFIG, **changes}).encode())


def test_hyperparameters_become_texts() -> None:
    config = read()
    assert config.threshold == 0.75
    assert config.hyperparameters == {
        "objective": "binary:logistic",
        "eval_metric": "auc",
        "num_round": "20",
        "eta": "0.2",
    }


def test_the_config_of_the_sample_is_valid() -> None:
    path = Path(__file__).parents[3] / "workflows" / "lifecycle" / "config.json"
    assert read_config(URI, path.read_bytes()).threshold == 0.8


@pytest.mark.parametrize("threshold", [0.49, 1, 1.5, "0.8", True, None, -1])
def test_a_threshold_lies_between_chance_and_perfection(threshold: Any) -> None:
    with pytest.raises(
        InputError, match=r"threshold: found .*; expected a number from 0\.5, which is chance, to below 1"
    ):
        read(threshold=threshold)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"objective": "reg:squarederror"}, "objective: found 'reg:squarederror'; expected 'binary:logistic'"),
        ({"eval_metric": "error"}, "eval_metric: found 'error'; expected 'auc'"),
        ({"learning_rate": 0.1}, "found eta and learning_rate, which are one parameter; expected one of them"),
        ({"num_round": [1]}, "num_round: found [1]; expected a text or a number"),
        ({"num_round": True}, "num_round: found True; expected a text or a number"),
    ],
)
def test_hyperparameters_that_contradict_how_the_model_is_judged(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as refused:
        read(hyperparameters={**TRAINING, **changes})
    assert str(refused.value).startswith(f"{URI}: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", f"{URI}: found text that is not JSON"),
        (b"\xff", f"{URI}: found text that is not JSON"),
        (b"[]", "found no object; expected an object of hyperparameters, threshold"),
        (b'{"treshold": 0.8}', "found the keys treshold; expected an object of hyperparameters, threshold"),
        (b'{"threshold": 0.4, "hyperparameters": 1}', "hyperparameters: found 1; expected an object"),
    ],
)
def test_a_file_that_is_no_config(content: bytes, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read_config(URI, content)
    assert said in str(refused.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InputError) as refused:
        read(threshold=2, hyperparameters={})
    assert all(name in str(refused.value) for name in ("threshold", "objective", "eval_metric"))
