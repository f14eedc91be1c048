"""Computes a config's own metrics on a few rows of its dataset, with made-up predictions, in a process of their own."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from inference_lambdas.predicting.predictions import Parsed
from inference_lambdas.predicting.predictions_file import Columns
from pipeline_lambdas.config.columns import column_name
from pipeline_lambdas.config.features import CSV
from pipeline_lambdas.config.model import EvaluationTest, OwnMetrics, TrainingConfig
from pipeline_lambdas.release.affected import program_folder
from pipeline_lambdas.steps.own_metrics import PROGRAM, Subject, form_of, source_of_metrics
from pipeline_lambdas.steps.source import folder_problems, unpacked
from slipway.datasets.columns import read_columns
from slipway.programs.folder import read_program
from slipway.programs.process import LONGEST_S, missing_module, run_python
from slipway.programs.trial import ROWS, Tried

_PREDICTIONS, _DATA = "predictions.csv.gz", "rows.csv"
_DRAWS = 3


def try_metrics(config: TrainingConfig, configs: Path, dataset: Path) -> Tried:
    """Call the functions on the first tested rows of a dataset; without one, look only whether their file is there."""
    place, started, metrics = program_folder(config.model), time.monotonic(), config.metrics
    files = read_program(configs / config.model)
    problems = tuple(folder_problems(config, files))
    if problems or metrics is None:
        # Those of a script are told where it is tried.
        return Tried(() if config.script else problems)
    test = config.tests["full"]
    rows = _rows(config, dataset / test.channel)
    if not rows:
        return Tried()
    with tempfile.TemporaryDirectory() as made:
        failures = _computed(config, metrics, test, files, rows, read_columns(dataset), Path(made))
    name = missing_module(" ".join(failures), files)
    if name:
        return Tried(
            warning=f"{place}{metrics.file}: not tried, as this Python has no {name}; the image may have it. Install "
            "it here to try the functions before a push"
        )
    if failures:
        return Tried(tuple(f"{place}{failure}" for failure in dict.fromkeys(failures)))
    named, seconds = ", ".join(metrics.functions), time.monotonic() - started
    return Tried(
        done=f"{place}{metrics.file}: computed {named} of {len(rows)} rows and made-up predictions, in {seconds:.1f} s"
    )


def _computed(
    config: TrainingConfig,
    metrics: OwnMetrics,
    test: EvaluationTest,
    files: dict[str, bytes],
    rows: list[list[str]],
    names: Sequence[str],
    base: Path,
) -> list[str]:
    """Return what failed, as the job of a release would say it."""
    predictions = _predictions(config, test, [row[0] for row in rows])
    (base / _PREDICTIONS).write_bytes(predictions)
    (base / _DATA).write_text("".join(map(_line, rows)), encoding="utf-8")
    tested = Subject(
        test=test,
        columns=names or [column_name(place, ()) for place in range(len(rows[0]))],
        files=[_DATA],
        predictions=(_PREDICTIONS, hashlib.sha256(predictions).hexdigest()),
        seed=0,
        draws=_DRAWS,
    )
    source = source_of_metrics(config, replace(metrics, max_runtime_s=LONGEST_S), tested, files)
    code = base / "code"
    code.mkdir()
    unpacked(source, code)
    message = base / "message"
    try:
        done = run_python([PROGRAM, str(base), str(base), str(base), str(message)], code, base, LONGEST_S)
    except subprocess.TimeoutExpired:
        return [f"{metrics.file}: found no end after {LONGEST_S} s on {len(rows)} rows; expected one in seconds"]
    if done.code:
        return [f"{metrics.file}: {done.reason}"]
    try:
        document = json.loads((base / "metrics.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [f"{metrics.file}: ended the process; expected functions that return a number"]
    return [found["failure"] for found in document["metrics"].values() if found["failure"]]


def _rows(config: TrainingConfig, channel: Path) -> list[list[str]]:
    """Return the first rows of a channel; of libsvm their labels alone."""
    rows: list[list[str]] = []
    paths = sorted(path for path in channel.rglob("*") if path.is_file() and not path.name.startswith((".", "_")))
    for path in paths[:1]:
        with path.open(encoding="utf-8", newline="") as file:
            if config.content_type(channel.name) == CSV:
                rows += islice((row for row in csv.reader(file) if row), ROWS)
            else:
                rows += [[line.split(None, 1)[0].partition(":")[0]] for line in islice(file, ROWS) if line.strip()]
    return rows


def _line(row: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()


def _predictions(config: TrainingConfig, test: EvaluationTest, labels: Sequence[str]) -> bytes:
    """Return a file of made-up predictions, of the champion too if the test asks it."""
    columns = Columns.of(config.prediction_form, champion=test.champion is not None)
    ours = Parsed([_made_up(config, place, label) for place, label in enumerate(labels)])
    theirs = Parsed([_made_up(config, place + 1, label) for place, label in enumerate(labels)])
    written = [_line([label]).rstrip("\n").encode() for label in labels]
    return columns.header() + columns.lines(0, written, ours, theirs)


def _made_up(config: TrainingConfig, place: int, label: str) -> Any:
    """Return a prediction of a row: off by a tenth, or of one class after the other."""
    match form_of(config):
        case "number":
            return float(label) * (1.1 if place % 2 else 0.9)
        case "probability":
            return (place % 10 + 0.5) / 10
        case "class":
            return float(place % config.classes)
        case _:
            whole = config.prediction_form.width + 1
            return tuple((2 if place % (whole - 1) == one else 1) / whole for one in range(whole - 1))
