"""The document of an evaluation: JSON, schema slipway-evaluation/2. Its numbers are finite, or null."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from inference_lambdas.judging.gates import Verdict
from inference_lambdas.judging.measured import Measured
from inference_lambdas.judging.own import Own
from inference_lambdas.judging.slices import Slice
from inference_lambdas.judging.verdicts import Compared
from inference_lambdas.predicting.latency import RESOLUTION
from inference_lambdas.predicting.plan import NO_CHAMPION, Evaluation
from inference_lambdas.predicting.progress import Progress
from inference_lambdas.predicting.timing import WARM_UP
from inference_lambdas.statistics.intervals import Interval
from pipeline_lambdas.config.model import config_sha256

SCHEMA = "slipway-evaluation/2"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was measured, and what it came to.

    `flattered` says that rows failed and none may, so that metrics are not shown.
    """

    measured: Measured
    metrics: Mapping[str, float | None]
    verdicts: tuple[Verdict, ...]
    comparison: Compared | None
    slices: Sequence[Slice]
    own: Own
    flattered: bool


def document_of(
    evaluation: Evaluation,
    progress: Progress,
    judgement: Judgement,
    predictions: Mapping[str, Any],
    importance: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the document."""
    counts = progress.counts
    return {
        "schema": SCHEMA,
        **_subject(evaluation),
        "rows": progress.position.rows,
        "failed_rows": counts.failed_rows,
        "first_failed_row": counts.first_failed_row,
        "predictions": predictions,
        **judged_part(evaluation, judgement),
        "importance": importance,
        "latency": {
            **progress.latencies.values(),
            "invocations": progress.latencies.invocations,
            "rows_per_request": evaluation.test.latency and evaluation.test.latency.rows,
            "warm_up": WARM_UP if evaluation.test.latency else 0,
            "first_ms": counts.first_ms,
            "first_rows": counts.first_rows,
            "serverless": evaluation.serverless,
            "resolution": RESOLUTION,
            "largest_batch_rows": counts.largest_batch_rows,
            "histogram": progress.latencies.histogram(),
        },
    }


def judged_part(evaluation: Evaluation, judgement: Judgement) -> dict[str, Any]:
    """Return what of the document follows from predictions, rows and gates."""
    measured, seed = judgement.measured, evaluation.seed
    return {
        "verdict": "failed" if any(verdict.failed for verdict in judgement.verdicts) else "passed",
        "metrics": judgement.metrics,
        "intervals": {}
        if judgement.flattered
        else _intervals({**measured.metrics.intervals(seed), **judgement.own.intervals}),
        **({"own_metrics": judgement.own.document()} if judgement.own.functions else {}),
        "gates": [_gate(verdict) for verdict in judgement.verdicts],
        "champion": judgement.comparison and _champion(evaluation, judgement.comparison),
        "slices": [_slice(found, seed, flattered=judgement.flattered) for found in judgement.slices],
        "drift": measured.drift and measured.drift.document(),
        "worst": measured.worst.document(evaluation.dataset.columns),
        "plots": measured.plots.document(),
    }


def _subject(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "model": evaluation.config.model,
        "execution_id": evaluation.release.execution_id,
        "environment": evaluation.environment,
        "test": evaluation.test.name,
        "endpoint": evaluation.endpoint,
        "endpoint_config": evaluation.deployed.endpoint_config,
        "config_sha256": config_sha256(evaluation.config),
        "dataset_sha256": evaluation.dataset.sha256,
        "channel": evaluation.test.channel,
        "files": [file.path for file in evaluation.files],
        "columns": list(evaluation.dataset.columns),
        "problem": evaluation.config.problem,
        "classes": list(evaluation.config.class_names),
    }


def _gate(verdict: Verdict) -> dict[str, Any]:
    return {
        "kind": verdict.kind,
        "metric": verdict.metric,
        "subject": verdict.subject,
        "value": verdict.value,
        "min": verdict.min,
        "max": verdict.max,
        "low": verdict.low,
        "high": verdict.high,
        "verdict": verdict.word,
        "reason": verdict.reason,
    }


def _intervals(intervals: Mapping[str, Interval]) -> dict[str, Any]:
    return {name: asdict(interval) for name, interval in intervals.items()}


def _champion(evaluation: Evaluation, found: Compared) -> dict[str, Any]:
    asked = evaluation.test.champion
    return {
        "require": asked.require if asked else None,
        "status": found.status,
        "reason": found.reason,
        "model": None if evaluation.champion == NO_CHAMPION else evaluation.champion,
        "rows": found.rows,
        "metrics": dict(found.metrics),
        "differences": {name: asdict(difference) for name, difference in found.differences.items()},
    }


def _slice(found: Slice, seed: int, *, flattered: bool) -> dict[str, Any]:
    values = found.metrics.values()
    return {
        "column": found.column.column,
        "label": found.label,
        "rows": found.rows,
        "judged": found.judged,
        "metrics": dict.fromkeys(values) if flattered else values,
        "intervals": {} if flattered else _intervals(found.metrics.intervals(seed)),
    }
