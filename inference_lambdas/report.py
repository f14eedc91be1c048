"""The report of an evaluation: JSON, schema slipway-evaluation/1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from inference_lambdas.gates import Verdict
from inference_lambdas.latency import RESOLUTION
from inference_lambdas.progress import Progress

SCHEMA = "slipway-evaluation/1"


def report_json(
    subject: Mapping[str, Any], progress: Progress, metrics: Mapping[str, float | None], verdicts: tuple[Verdict, ...]
) -> bytes:
    """Return the report's text. `subject` says what was evaluated: model, release, data, endpoint."""
    passed = not progress.non_finite and all(verdict.passed for verdict in verdicts)
    document = {
        "schema": SCHEMA,
        **subject,
        "verdict": "passed" if passed else "failed",
        "rows": progress.position.rows,
        "non_finite_predictions": progress.non_finite,
        "metrics": metrics,
        "gates": [
            {
                "metric": verdict.gate.metric,
                "value": verdict.value,
                "min": verdict.gate.min,
                "max": verdict.gate.max,
                "verdict": "passed" if verdict.passed else "failed",
                "reason": verdict.reason,
            }
            for verdict in verdicts
        ],
        "latency": {
            **progress.latencies.values(),
            "invocations": progress.latencies.invocations,
            "resolution": RESOLUTION,
            "largest_batch_rows": progress.largest_batch_rows,
        },
    }
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def metrics_text(metrics: Mapping[str, float | None]) -> str:
    """Return the metrics as compact JSON, for an output variable."""
    return json.dumps(metrics, separators=(",", ":"), allow_nan=False)
