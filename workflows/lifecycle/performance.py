"""How well a model ranks the rows of a hold-out set, from the files that a transform job wrote.

The job writes for each file of its input one with a line for each row, under the same name with `.out` at the end:
https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any

from inference_lambdas.statistics.score_ranking import ScoreRanking
from pipeline_lambdas.aws import s3
from workflows.aws.lines import lines
from workflows.runtime.errors import DataError, InputError
from workflows.runtime.task_input import read_input

PREDICTED = ".out"
_ROWS_AT_ONCE = 10_000
_DIGITS = 6

Pair = tuple[float, bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """Where predictions and targets lie, as S3 prefixes that end in a slash, and the least area that is good enough."""

    Predictions: str
    Targets: str
    Threshold: float


def judge(event: Any) -> dict[str, Any]:
    """Return the area under the ROC curve of the predictions and whether it is below the threshold.

    `Interval` has the area's limits with 95 % confidence; null where a class has one row only.
    Raises DataError for files that do not fit together, for a prediction or a target that is none, and where one class
    has no row.
    """
    asked = read_input(Asked, event, "What the state passes")
    ranking, rows, positives = ScoreRanking(), 0, 0
    pairs = _pairs(asked)
    while chunk := list(islice(pairs, _ROWS_AT_ONCE)):
        scores = [score for score, positive in chunk if positive]
        ranking.add([score for score, positive in chunk if not positive], scores)
        rows, positives = rows + len(chunk), positives + len(scores)
    area, _ = ranking.area()
    if area is None:
        raise DataError(
            f"{asked.Targets}: found {rows} rows, {positives} of them of class 1; expected rows of both classes, 0 and "
            "1, as a ranking needs both. Upload hold-out data with both."
        )
    interval = ranking.interval()
    return {
        "Auc": round(area, _DIGITS),
        "Interval": interval and [round(interval.low, _DIGITS), round(interval.high, _DIGITS)],
        "Threshold": asked.Threshold,
        "IsBelowThreshold": area < asked.Threshold,
        "Rows": rows,
        "Positives": positives,
    }


def _pairs(asked: Asked) -> Iterator[Pair]:
    """Each row's score and whether it is of class 1."""
    (bucket, prefix), (targets_bucket, targets_prefix) = _place(asked.Predictions), _place(asked.Targets)
    predicted = {name.removesuffix(PREDICTED) for name in _names(bucket, prefix) if name.endswith(PREDICTED)}
    targets = _names(targets_bucket, targets_prefix)
    if missing := sorted(targets ^ predicted):
        raise DataError(
            f"{asked.Predictions}: found other files than in {asked.Targets}: {', '.join(missing)}; expected for each "
            f"file of targets one of predictions, with {PREDICTED} after its name. Upload targets for all files, and "
            "start again."
        )
    for name in sorted(targets):
        yield from _pairs_of(f"{asked.Predictions}{name}{PREDICTED}", f"{asked.Targets}{name}")


def _pairs_of(predictions: str, targets: str) -> Iterator[Pair]:
    both = zip_longest(_rows(predictions), _rows(targets))
    for number, (score, target) in enumerate(both, 1):
        if score is None or target is None:
            short, long = (predictions, targets) if score is None else (targets, predictions)
            raise DataError(
                f"{short}: found {number - 1} rows, and more in {long}; expected a row of targets for each row of "
                "hold-out data, in its order. Upload both again."
            )
        yield _score(predictions, number, score), _class(targets, number, target)


def _rows(uri: str) -> Iterator[str]:
    """The lines of a file that are not blank."""
    bucket, key = _place(uri)
    return (line.strip() for line in lines(bucket, key) if line.strip())


def _score(uri: str, number: int, text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not 0 <= score <= 1:
        raise DataError(
            f"{uri}: line {number}: found {text[:40]!r}; expected a score from 0 to 1. Train the model with the "
            "objective binary:logistic."
        )
    return score


def _class(uri: str, number: int, text: str) -> bool:
    if text not in {"0", "1", "0.0", "1.0"}:
        raise DataError(f"{uri}: line {number}: found {text[:40]!r}; expected 0 or 1. Correct the file of targets.")
    return float(text) == 1


def _names(bucket: str, prefix: str) -> set[str]:
    found = {key.removeprefix(prefix) for key in s3.list_sizes(bucket, prefix)}
    return {name for name in found if name and not name.endswith("/")}


def _place(uri: str) -> tuple[str, str]:
    scheme, _, place = uri.partition("://")
    bucket, _, key = place.partition("/")
    if scheme != "s3" or not bucket:
        raise InputError(f"found {uri!r}; expected s3://BUCKET/PREFIX/. Correct the definition of the state machine.")
    return bucket, key
