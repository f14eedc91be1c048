"""Judges an evaluation again by its predictions, with other gates: nothing is predicted and nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from inference_lambdas.judging.conclusion import CANNOT_ANSWER, judged
from inference_lambdas.judging.measured import measure, stored
from inference_lambdas.judging.own import stored_own
from inference_lambdas.judging.report import judged_part
from inference_lambdas.judging.verdicts import Course
from inference_lambdas.predicting.plan import NO_CHAMPION, Evaluation
from inference_lambdas.predicting.predictions_file import Columns, PredictionsReader
from pipeline_lambdas.config.schema import LATENCIES


def judge_again(evaluation: Evaluation, document: Mapping[str, Any], content: Iterable[bytes]) -> dict[str, Any]:
    """Return the document as it would be with the evaluation's gates; `content` are the predictions that it names.

    Latencies, and the values of functions of the config's own, are those that were measured. Raises ConfigurationError
    for predictions that are of other rows.
    """
    names = document["predictions"]["columns"]
    columns = Columns.of(evaluation.prediction_form, champion="champion" in names)
    reader = PredictionsReader(document["predictions"]["uri"], content, columns)
    measured, own = measure(evaluation, stored(evaluation, reader)), stored_own(evaluation.config.metrics, document)
    return {**document, **judged_part(evaluation, judged(evaluation, measured, _course(evaluation, document), own))}


def champion_of(document: Mapping[str, Any]) -> str:
    """Return the model that the predictions of the champion are of, or NO_CHAMPION."""
    asked = "champion" in document["predictions"]["columns"]
    return str(document["champion"]["model"]) if asked else NO_CHAMPION


def _course(evaluation: Evaluation, document: Mapping[str, Any]) -> Course:
    latency, champion = document["latency"], document["champion"] or {}
    asked = evaluation.test.latency
    timed = asked is not None and asked.rows == latency["rows_per_request"]
    reason = champion.get("reason", "")
    return Course(
        rows=document["rows"],
        failed_rows=document["failed_rows"],
        first_failed_row=document["first_failed_row"],
        latencies={name: latency[name] for name in LATENCIES} if timed else {},
        timed=latency["invocations"] if timed else 0,
        champion_failure=reason if reason.startswith(CANNOT_ANSWER) else "",
    )
