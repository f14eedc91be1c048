"""What the job of a config's own metrics runs: its program, the files of the model's folder, and the settings.

The settings, slipway_metrics.json, schema slipway-own-metrics-settings/1:

    file, functions      the file, and the names of its functions
    form, classes        number | probability | probabilities | class; the names of the classes, none of numbers
    probabilities        how many a row has; 1 for a number or a class alone
    predictions          {"file": name, "sha256": of its content}
    files                the files of the tested rows, below the folder of their channel
    columns              [{"name", "kind": number | text | "", where the cells decide}], the label first; none of libsvm
    slices               [{"column": place, "ranges": [...]} or {"column": place, "values": [...]}]
    seed, draws          of the rows drawn for the intervals, and how many draws there are at most
    seconds              how long the program may work
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_lambdas.config.columns import column_index
from pipeline_lambdas.config.features import CSV
from pipeline_lambdas.config.model import EvaluationTest, OwnMetrics, TrainingConfig
from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.steps.source import Source, folder_problems, packed

SCHEMA = "slipway-own-metrics-settings/1"
PROGRAM, SETTINGS, FOLDER = "slipway_metrics.py", "slipway_metrics.json", "program"
MOST_DRAWS = 1000
_TOP = Path(__file__).parents[1]
_MEASURING = "measuring"
_WORKING_SHARE = 0.6
"""Of metrics.max_runtime_s, the time in which the program works: the inputs are fetched before, the output after it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tested: the dataset's columns, the label first, and the files, below the folder of their channel.

    `predictions` are the name of their file and the SHA-256 of its content.
    """

    test: EvaluationTest
    columns: Sequence[str]
    files: Sequence[str]
    predictions: tuple[str, str]
    seed: int
    draws: int = MOST_DRAWS


def source_of_metrics(
    config: TrainingConfig, metrics: OwnMetrics, tested: Subject, folder: Mapping[str, bytes]
) -> Source:
    """Return what the job runs; ConfigurationError if the model's folder lacks the file."""
    problems = list(folder_problems(config, folder))
    if problems:
        raise ConfigurationError("\n".join(problems))
    names = ["__init__.py", *(f"{_MEASURING}/{path.name}" for path in (_TOP / _MEASURING).glob("*.py"))]
    files = {f"{_TOP.name}/{name}": (_TOP / name).read_bytes() for name in names}
    settings = json.dumps(settings_of(config, metrics, tested), indent=2, ensure_ascii=False) + "\n"
    own = {f"{FOLDER}/{name}": content for name, content in folder.items()}
    entry = (_TOP / _MEASURING / "entry.py").read_bytes()
    return Source(packed({**files, **own, PROGRAM: entry, SETTINGS: settings.encode()}))


def settings_of(config: TrainingConfig, metrics: OwnMetrics, tested: Subject) -> dict[str, Any]:
    """Return the settings; they depend on nothing but the arguments."""
    file, sha256 = tested.predictions
    return {
        "schema": SCHEMA,
        "file": metrics.file,
        "functions": list(metrics.functions),
        "form": form_of(config),
        "classes": list(config.class_names),
        "probabilities": config.prediction_form.width,
        "predictions": {"file": file, "sha256": sha256},
        "files": list(tested.files),
        "columns": _columns(config, tested),
        "slices": [_slice(column, tested.columns) for column in tested.test.slices],
        "seed": tested.seed,
        "draws": tested.draws,
        "seconds": _WORKING_SHARE * metrics.max_runtime_s,
    }


def form_of(config: TrainingConfig) -> str:
    """Return what a prediction is, in the words of `script.answers`."""
    if config.problem == "regression":
        return "number"
    if config.prediction_form.names_classes:
        return "class"
    return "probability" if config.problem == "binary" else "probabilities"


def _columns(config: TrainingConfig, tested: Subject) -> list[dict[str, str]]:
    if config.content_type(tested.test.channel) != CSV:
        return []
    types = config.column_types
    kinds = {name: "number" if kind == "number" else "text" for name, kind in types.items()}
    return [{"name": name, "kind": kinds.get(name, "" if config.own_program else "number")} for name in tested.columns]


def _slice(column: Any, names: Sequence[str]) -> dict[str, Any]:
    place = column_index(column.column, names)
    if place is None:
        raise ValueError(f"{column.column} was not checked")
    cuts = {"ranges": list(column.ranges)} if column.ranges else {"values": list(column.values)}
    return {"column": place, **cuts}
