"""The processing job: reads its settings and inputs, calls the functions, and writes metrics.json.

The settings, slipway_metrics.json beside the program, are written by `pipeline_lambdas/steps/own_metrics.py`, which
describes them. What a function gets wrong stands in metrics.json; what keeps the whole job from its work ends it, with
a sentence in /opt/ml/output/message, which SageMaker shows as the job's exit message:
https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_lambdas.measuring.functions import Function, FunctionError, OutOfTimeError, call, load, until
from pipeline_lambdas.measuring.resampling import Value, replicates
from pipeline_lambdas.measuring.slices import members
from pipeline_lambdas.measuring.tested import (
    Array,
    Form,
    Sample,
    decided,
    fixed,
    read_columns,
    read_predictions,
)

SCHEMA = "slipway-own-metrics/1"
SETTINGS, OUTPUT, FOLDER = "slipway_metrics.json", "metrics.json", "program"
_PLAIN_SHARE = 0.4
"""Of the time, what the values of all rows and of slices may take; the rest is for the draws."""
_CHAMPION = "champion of "
MESSAGE = Path("/opt/ml/output/message")


@dataclass(frozen=True)
class _Inputs:
    """All predicted rows; `both` are those that the champion predicted too, and `slices` the rows of each slice."""

    tested: Sample
    both: Sample | None
    slices: list[list[Array]]


@dataclass(frozen=True)
class _Draws:
    """How rows are drawn: at most `most` times, until `end`, a time of the monotonic clock, seconds."""

    seed: int
    most: int
    end: float


@dataclass
class _Found:
    """What came of one function."""

    value: float | None = None
    failure: str = ""
    slices: list[list[float | None]] = field(default_factory=list)
    compared: dict[str, Any] | None = None
    replicates: list[float | None] = field(default_factory=list)


def main(top: Path, predictions: Path, data: Path, output: Path, message: Path = MESSAGE) -> int:
    """Compute the metrics; 0, or 1 if there is nothing to be written."""
    started = time.monotonic()
    try:
        settings = json.loads((top / SETTINGS).read_text(encoding="utf-8"))
        document = compute(settings, top / FOLDER, predictions, data, started)
    except (OSError, ValueError, EOFError) as error:
        text = f"{type(error).__name__}: {error}"
        sys.stderr.write(f"{text}\n")
        message.parent.mkdir(parents=True, exist_ok=True)
        message.write_text(text[:1000], encoding="utf-8")
        return 1
    output.mkdir(parents=True, exist_ok=True)
    (output / OUTPUT).write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
    for name, found in document["metrics"].items():
        _tell(f"{name}: {found['failure'] or found['value']}")
    return 0


def compute(settings: Mapping[str, Any], folder: Path, predictions: Path, data: Path, started: float) -> dict[str, Any]:
    """Return metrics.json; `folder` has the file of functions, `predictions` and `data` are folders of inputs."""
    seconds, names = float(settings["seconds"]), list(settings["functions"])
    found = {name: _Found() for name in names}
    inputs = _read(settings, predictions, data)
    _tell(f"{len(inputs.tested):,} rows, read in {time.monotonic() - started:.1f} s")
    plain_end = max(started + _PLAIN_SHARE * seconds, time.monotonic() + _PLAIN_SHARE / 2 * seconds)
    file = settings["file"]
    try:
        with until(plain_end):
            functions = load(folder, file, names)
    except (FunctionError, OutOfTimeError) as error:
        text = str(error) or f"{file}: took too long to be imported"
        functions = {}
        for one in found.values():
            one.failure = text
    for name, function in functions.items():
        _plain(found[name], partial(call, function, folder=folder, file=file), inputs, plain_end, file, name)
    working = {name: functions[name] for name in functions if not found[name].failure}
    draws = _Draws(int(settings["seed"]), int(settings["draws"]), started + seconds)
    _draw(found, working, inputs, draws, partial(call, folder=folder, file=file))
    return {
        "schema": SCHEMA,
        "rows": len(inputs.tested),
        "compared_rows": len(inputs.both) if inputs.both else 0,
        "metrics": {name: vars(one) for name, one in found.items()},
    }


def _read(settings: Mapping[str, Any], predictions: Path, data: Path) -> _Inputs:
    file = predictions / settings["predictions"]["file"]
    if hashlib.sha256(file.read_bytes()).hexdigest() != settings["predictions"]["sha256"]:
        raise ValueError(f"{file.name}: found other predictions than were made; expected those of this evaluation")
    form = Form(settings["form"], settings["classes"], settings["probabilities"])
    found = {name: np.concatenate(parts) for name, parts in read_predictions(file, form).items()}
    names, kinds = [one["name"] for one in settings["columns"]], [one["kind"] for one in settings["columns"]]
    paths = [data / name for name in settings["files"]]
    columns = read_columns(paths, names, kinds, len(found["labels"])) if names else []
    shown = {name: decided(column, kind) for name, column, kind in zip(names[1:], columns[1:], kinds[1:])}
    predicted = found["predicted"]
    champion = fixed(found["champion"]) if "champion" in found else None
    whole = Sample(fixed(found["labels"]), fixed(found["predictions"]), shown, champion)
    both = None
    if champion is not None:
        both = _of(whole, predicted & found["answered"])
    slices = [
        [np.intersect1d(rows, np.flatnonzero(predicted)) for rows in members(one, columns[one["column"]])]
        for one in settings["slices"]
    ]
    # The places in a slice count among the predicted rows.
    place = np.cumsum(predicted) - 1
    return _Inputs(_of(whole, predicted), both, [[place[rows] for rows in column] for column in slices])


def _of(whole: Sample, wanted: Array) -> Sample:
    return whole if wanted.all() else whole.pick(np.flatnonzero(wanted))


def _plain(found: _Found, value: Any, inputs: _Inputs, end: float, file: str, name: str) -> None:
    """Call one function on all rows, on those that both models predicted, and on each slice."""
    both = inputs.both
    if time.monotonic() >= end:
        found.failure = f"{file}: no time was left for {name}, after what came before it"
        return
    try:
        with until(end):
            found.value = value(tested=inputs.tested, predictions=inputs.tested.predictions)
            if both:
                found.compared = {
                    "value": value(tested=both, predictions=both.predictions),
                    "champion": value(tested=both, predictions=both.champion),
                }
            for column in inputs.slices:
                found.slices.append([_of_slice(value, inputs.tested, rows) for rows in column])
    except FunctionError as error:
        found.failure = str(error)
    except OutOfTimeError:
        found.failure = f"{file}: {name} took too long; raise metrics.max_runtime_s, or make it quicker"
    if found.failure:
        found.value, found.compared, found.slices = None, None, []


def _of_slice(value: Any, tested: Sample, rows: Array) -> float | None:
    """Return the value of a slice; None of one without rows, or of which there is none."""
    if not len(rows):
        return None
    part = tested.pick(rows)
    try:
        return float(value(tested=part, predictions=part.predictions))
    except FunctionError:
        return None


def _draw(
    found: dict[str, _Found], functions: Mapping[str, Function], inputs: _Inputs, draws: _Draws, call_one: Any
) -> None:
    """Draw rows for the intervals: where the champion predicted the same ones, for both models at once."""
    tested, both, end = inputs.tested, inputs.both, draws.end
    ours = {name: _ours(call_one, function) for name, function in functions.items()}
    theirs = {f"{_CHAMPION}{name}": _theirs(call_one, function) for name, function in functions.items()}
    alike = both is not None and len(both) == len(tested)
    if both and not alike:
        middle = time.monotonic() + (end - time.monotonic()) / 2
        _compare(found, replicates({**ours, **theirs}, both, draws.seed, draws.most, middle))
    drawn = replicates({**ours, **(theirs if alike else {})}, tested, draws.seed, draws.most, end)
    if alike:
        _compare(found, drawn)
    for name in functions:
        found[name].replicates = drawn[name]


def _ours(call_one: Any, function: Function) -> Value:
    return lambda drawn: float(call_one(function, drawn, drawn.predictions))


def _theirs(call_one: Any, function: Function) -> Value:
    return lambda drawn: float(call_one(function, drawn, drawn.champion))


def _compare(found: dict[str, _Found], drawn: Mapping[str, list[float | None]]) -> None:
    for name, one in found.items():
        if one.compared is not None:
            one.compared["replicates"] = drawn[name]
            one.compared["champion_replicates"] = drawn[f"{_CHAMPION}{name}"]


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
