"""How a model is trained and judged: `config.json` beside its data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.runtime.errors import InputError

_KEYS = frozenset({"threshold", "hyperparameters"})
# The models are judged by the area under the ROC curve, so they have to score and be validated for it.
_REQUIRED = {"objective": "binary:logistic", "eval_metric": "auc"}
_ONE_PARAMETER = (
    ("eta", "learning_rate"),
    ("gamma", "min_split_loss"),
    ("lambda", "reg_lambda"),
    ("alpha", "reg_alpha"),
)
"""Two names of one parameter: https://xgboost.readthedocs.io/en/stable/parameter.html"""
_CHANCE = 0.5


@dataclass(frozen=True, slots=True)
class Config:
    """`threshold` is the least area under the ROC curve on the hold-out rows, 0.5 to 1."""

    threshold: float
    hyperparameters: Mapping[str, str]


def read_config(uri: str, content: bytes) -> Config:
    """Read a config; InputError names all that is wrong with it.

    The container checks the hyperparameters themselves.
    """
    try:
        given = json.loads(content)
    except ValueError as error:
        raise InputError(f"{uri}: found text that is not JSON ({error}). Correct the file.") from error
    problems = list(_problems(given))
    if problems:
        raise InputError(f"{uri}: {'; '.join(problems)}. Correct the file.")
    hyperparameters = {name: _text(value) for name, value in given["hyperparameters"].items()}
    return Config(float(given["threshold"]), hyperparameters)


def _problems(given: Any) -> Iterator[str]:
    if not isinstance(given, dict) or set(given) != _KEYS:
        found = f"the keys {', '.join(sorted(given)) or 'of nothing'}" if isinstance(given, dict) else "no object"
        yield f"found {found}; expected an object of {', '.join(sorted(_KEYS))}"
        return
    threshold, hyperparameters = given["threshold"], given["hyperparameters"]
    if not _is_number(threshold) or not _CHANCE <= threshold < 1:
        yield f"threshold: found {threshold!r}; expected a number from 0.5, which is chance, to below 1"
    if not isinstance(hyperparameters, dict):
        yield f"hyperparameters: found {hyperparameters!r}; expected an object"
        return
    yield from _problems_of_training(hyperparameters)


def _problems_of_training(hyperparameters: Mapping[str, Any]) -> Iterator[str]:
    for name, value in hyperparameters.items():
        if not isinstance(value, str) and not _is_number(value):
            yield f"hyperparameters: {name}: found {value!r}; expected a text or a number"
    for name, expected in _REQUIRED.items():
        if hyperparameters.get(name) != expected:
            yield f"hyperparameters: {name}: found {hyperparameters.get(name)!r}; expected {expected!r}"
    for first, second in _ONE_PARAMETER:
        if first in hyperparameters and second in hyperparameters:
            yield f"hyperparameters: found {first} and {second}, which are one parameter; expected one of them"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html: values are texts."""
    return value if isinstance(value, str) else json.dumps(value)
