"""Permutation importance: how much worse the model predicts once a column's values are shuffled among the rows.

Breiman (2001), Random Forests, https://doi.org/10.1023/A:1010933404324. The live endpoint predicts a sample of the
tested rows, once as they are and once for each column; the increase of the error is the column's importance.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from inference_lambdas.judging.problems import metrics_of
from inference_lambdas.predicting.plan import Evaluation
from inference_lambdas.predicting.predictions import parse_predictions
from inference_lambdas.predicting.quoting import shown
from inference_lambdas.predicting.rows import labels_of
from pipeline_lambdas.config.columns import column_name
from pipeline_lambdas.runtime.failures import JobError, JobFailedError

MAX_ROWS = 500
MAX_COLUMNS = 100
_TOO_LATE = "left out: the function's time was nearly up"

Rows = Sequence[list[bytes]]


def permutation_importance(
    evaluation: Evaluation, rows: Sequence[bytes], send: Callable[[bytes], bytes], near: Callable[[], bool]
) -> dict[str, Any]:
    """Return the importance of each feature, the greatest first, as the evaluation's document has it.

    `rows` are raw rows of CSV, `send` returns the endpoint's answer to a request's body. What keeps it from being
    measured stands in `note`.
    """
    cells = [row.split(b",") for row in rows]
    features = range(1 + evaluation.row_format.weights, len(cells[0]) if cells else 0)
    found: dict[str, Any] = {"method": "permutation", "metric": _metric(evaluation), "rows": 0, "columns": []}
    note = unsuitable(evaluation, features.stop)
    if note or not cells:
        return {**found, "note": note or "left out: no row was predicted"}

    def increase(place: int) -> float | None:
        if near():
            return None
        return _error(evaluation, _shuffled(cells, place, evaluation.seed), features.start, send) - error

    try:
        error = _error(evaluation, cells, features.start, send)
        with ThreadPoolExecutor(evaluation.in_flight) as pool:
            increases = list(pool.map(increase, features))
    except JobError as failure:
        return {**found, "note": f"left out: {failure}"}
    if None in increases:
        return {**found, "note": _TOO_LATE}
    names = [column_name(place, evaluation.dataset.columns) for place in features]
    ordered = sorted(zip(names, increases, strict=True), key=lambda column: -(column[1] or 0.0))
    columns = [{"column": name, "increase": value} for name, value in ordered]
    return {**found, "rows": len(cells), "columns": columns, "note": ""}


def unsuitable(evaluation: Evaluation, columns: int) -> str:
    """Return why the importance of columns is not measured; nothing if it is."""
    if evaluation.content_type != "text/csv":
        return f"left out: rows of {evaluation.content_type} have no columns"
    if columns > MAX_COLUMNS:
        return f"left out: {columns} columns, of which each takes a request; up to {MAX_COLUMNS} are measured"
    return ""


def _metric(evaluation: Evaluation) -> str:
    if evaluation.config.problem == "regression":
        return "rmse"
    return "error_rate" if evaluation.prediction_form.names_classes else "logloss"


def _error(evaluation: Evaluation, cells: Rows, first: int, send: Callable[[bytes], bytes]) -> float:
    body, form = b"\n".join([b",".join(row[first:]) for row in cells]), evaluation.row_format
    parsed = parse_predictions(send(shown(body) if form.table else body), len(cells), evaluation.prediction_form)
    labels = labels_of([row[0] for row in cells], form)
    metrics = metrics_of(evaluation.config)
    metrics.add(parsed.of(labels), parsed.predictions)
    values, name = metrics.values(), _metric(evaluation)
    value = values["accuracy"] if name == "error_rate" else values[name]
    if value is None:
        raise JobFailedError(f"{name} of the sample cannot be computed")
    return 1.0 - value if name == "error_rate" else value


def _shuffled(cells: Rows, place: int, seed: int) -> Rows:
    values = [row[place] for row in cells]
    random.Random(f"{seed} {place}").shuffle(values)  # noqa: S311 - an order that can be repeated, no secret
    return [[*row[:place], value, *row[place + 1 :]] for row, value in zip(cells, values, strict=True)]
