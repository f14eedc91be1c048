"""The end of an evaluation: verdicts, the document, and what the action answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from inference_lambdas.judging.gates import Verdict
from inference_lambdas.judging.measured import Measured
from inference_lambdas.judging.own import NO_OWN, Own
from inference_lambdas.judging.report import Judgement, document_of
from inference_lambdas.judging.verdicts import (
    Course,
    bound_verdicts,
    champion_verdicts,
    compared,
    drift_verdicts,
    slice_verdicts,
)
from inference_lambdas.predicting.plan import Evaluation
from inference_lambdas.predicting.progress import Progress
from pipeline_lambdas.evidence.judgement import WORSE, state_of, words_of
from pipeline_lambdas.evidence.keys import pinned
from pipeline_lambdas.runtime.failures import JobFailedError
from pipeline_lambdas.runtime.outcome import Done, Outcome

# CodePipeline cuts a long message; the document has all reasons.
_SHOWN_REASONS = 8
CANNOT_ANSWER = "the champion cannot answer"


def conclude(
    evaluation: Evaluation,
    progress: Progress,
    measured: Measured,
    importance: dict[str, Any] | None,
    own: Own = NO_OWN,
) -> Outcome:
    """Store the predictions, judge, store the document and return the outcome; JobFailedError if a gate failed."""
    key, rows = evaluation.predictions_key, progress.position.rows
    predictions = {
        "uri": evaluation.evidence.uri(key),
        # What own metrics were computed of is stored already.
        "version_id": progress.own.version_id if progress.own else progress.segments.publish(evaluation.evidence, key),
        "rows": rows,
        "columns": evaluation.predictions_columns.names,
    }
    judgement = judged(evaluation, measured, _course(progress), own)
    document = document_of(evaluation, progress, judgement, predictions, importance)
    content = (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()
    uri = evaluation.evidence.uri(evaluation.report_key)
    version = evaluation.evidence.write(evaluation.report_key, content, "application/json", evaluation.kms_key_arn)
    reasons = [verdict.reason for verdict in judgement.verdicts if verdict.failed]
    if reasons:
        listed = "; ".join(reasons[:_SHOWN_REASONS])
        more = f"; and {len(reasons) - _SHOWN_REASONS} more" if len(reasons) > _SHOWN_REASONS else ""
        # A failure has no output variables, so its external id names the version.
        raise JobFailedError(
            f"tests.{evaluation.test.name} failed: {listed}{more}. Report: {uri}", pinned(uri, version)
        )
    variables = {
        "Verdict": words_of(document),
        "Rows": str(rows),
        "Metrics": _metrics_text(
            {**judgement.metrics, **(progress.latencies.values() if evaluation.test.latency else {})}
        ),
        "ReportUri": uri,
        "ReportVersionId": version,
    }
    summary = f"{rows} rows, {_passed_text(judgement.verdicts)}"
    # The first words are seen everywhere, so what a person has to decide about comes first.
    worse = f"{words_of(document)}; " if state_of(document) == WORSE else ""
    return Done(variables, f"{worse}{summary}", evaluation.endpoint)


def judged(evaluation: Evaluation, measured: Measured, course: Course, own: Own = NO_OWN) -> Judgement:
    """Hold what was measured, and what the config's own metrics came to, against the gates of the evaluation's test."""
    test, metrics = evaluation.test, {**measured.metrics.values(), **own.values}
    # What is left after leaving rows out would flatter the model, unless the config allows for some.
    flattered = course.failed_rows > 0 and not test.allows_failed_rows
    if flattered:
        metrics = dict.fromkeys(metrics)
    verdicts = [*bound_verdicts(test, metrics, course, own)]
    comparison = compared(evaluation, measured, course, own, flattered=flattered)
    if test.champion and comparison:
        verdicts += champion_verdicts(test.champion, comparison)
    slices = own.in_slices(measured.slices.results() if measured.slices else [])
    verdicts += slice_verdicts(slices, flattered=flattered)
    if test.drift and measured.drift:
        verdicts += drift_verdicts(test.drift.max_psi, measured.drift.results())
    return Judgement(measured, metrics, tuple(verdicts), comparison, slices, own, flattered=flattered)


def _course(progress: Progress) -> Course:
    counts, champion = progress.counts, progress.champion
    failure = champion.failure if champion else ""
    return Course(
        rows=progress.position.rows,
        failed_rows=counts.failed_rows,
        first_failed_row=counts.first_failed_row,
        latencies=progress.latencies.values(),
        timed=progress.latencies.invocations,
        failure=counts.failure,
        champion_failure=f"{CANNOT_ANSWER}: {failure}" if failure else "",
    )


def _passed_text(verdicts: Sequence[Verdict]) -> str:
    applicable = sum(verdict.applies for verdict in verdicts)
    rest = len(verdicts) - applicable
    return f"all gates passed ({applicable})" + (f", {rest} not applicable" if rest else "")


def _metrics_text(metrics: Mapping[str, float | None]) -> str:
    """Return the metrics to six digits, as a person reads them in the approval; the document has all digits."""
    metrics = {name: None if value is None else float(f"{value:.6g}") for name, value in metrics.items()}
    return json.dumps(metrics, separators=(",", ":"), allow_nan=False)
