"""How far an evaluation is: kept in S3 between two invocations of the function.

The continuation token names the state and its hash, and repeats its position for the log; it stays far below
CodePipeline's 2,048 characters.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from inference_lambdas.aws import s3
from inference_lambdas.batching import Position
from inference_lambdas.latency import Latencies
from inference_lambdas.metrics import Metrics
from pipeline_lambdas.failures import ConfigurationError

_SCHEMA = "slipway-evaluation-state/1"


@dataclass(slots=True)
class Progress:
    """What has been evaluated up to `position`. `first_non_finite` names the first such prediction's row."""

    metrics: Metrics
    latencies: Latencies = field(default_factory=Latencies)
    position: Position = field(default_factory=Position)
    largest_batch_rows: int = 0
    non_finite: int = 0
    first_non_finite: str = ""


def save(progress: Progress, endpoint_config: str, bucket: str, key: str, kms_key_arn: str) -> str:
    """Store the state and return the token that continues it."""
    state = {
        "schema": _SCHEMA,
        "endpoint_config": endpoint_config,
        "metrics": progress.metrics.to_json(),
        "latencies": progress.latencies.to_json(),
        "position": asdict(progress.position),
        "largest_batch_rows": progress.largest_batch_rows,
        "non_finite": progress.non_finite,
        "first_non_finite": progress.first_non_finite,
    }
    content = json.dumps(state, separators=(",", ":")).encode()
    s3.write_json(bucket, key, content, kms_key_arn)
    token = {"state": key, "sha256": hashlib.sha256(content).hexdigest(), **asdict(progress.position)}
    return json.dumps(token, separators=(",", ":"))


def load(token: str, bucket: str, key: str, endpoint_config: str) -> dict[str, Any]:
    """Return the stored state that `token` names.

    Raises ConfigurationError if it is not the one that was stored, or another model is served by now.
    """
    again = "Retry the stage to evaluate from the start."
    try:
        named = json.loads(token)
        expected, place = named["sha256"], named["state"]
    except (ValueError, KeyError, TypeError):
        raise ConfigurationError(f"The continuation token is none of this function. {again}") from None
    if place != key:
        raise ConfigurationError(f"The continuation token names {place}; allowed {key}. {again}")
    content = s3.read_object(bucket, key)
    if hashlib.sha256(content).hexdigest() != expected:
        raise ConfigurationError(f"s3://{bucket}/{key}: found another state than the token names. {again}")
    state: dict[str, Any] = json.loads(content)
    if state["endpoint_config"] != endpoint_config:
        raise ConfigurationError(
            f"The endpoint serves {endpoint_config}, but {state['endpoint_config']} when the evaluation began. {again}"
        )
    return state


def restore(state: dict[str, Any], metrics: Metrics) -> Progress:
    """Return the progress of a stored state; `metrics` is made from its `metrics`."""
    return Progress(
        metrics=metrics,
        latencies=Latencies(state["latencies"]),
        position=Position(**state["position"]),
        largest_batch_rows=state["largest_batch_rows"],
        non_finite=state["non_finite"],
        first_non_finite=state["first_non_finite"],
    )
