"""How far an evaluation is: kept in S3 between two invocations of the function.

A state lies at a key named by its content, so an invocation that is repeated finds the one that it began from. The
continuation token names the state and its hash, and repeats its position for the log; it stays far below CodePipeline's
2,048 characters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from inference_lambdas.aws import s3
from inference_lambdas.judging.drift import Drift
from inference_lambdas.judging.plots import Plots
from inference_lambdas.judging.slices import Slices
from inference_lambdas.predicting.batching import Position
from inference_lambdas.predicting.champion import Champion
from inference_lambdas.predicting.latency import Latencies
from inference_lambdas.statistics.metrics import Metrics
from inference_lambdas.statistics.sampling import RowSample
from pipeline_lambdas.release.retries import RETRY_ALL
from pipeline_lambdas.runtime.failures import ConfigurationError

_SCHEMA = "slipway-evaluation-state/4"


@dataclass(slots=True)
class Counts:
    """`failed_rows` got no finite prediction; `failure` says why the first of them did not.

    `first_ms` is how long the evaluation's first request took, which had `first_rows`; `timed` counts the requests that
    were sent to be timed.
    """

    largest_batch_rows: int = 0
    predicted_rows: int = 0
    failed_rows: int = 0
    first_failed_row: str = ""
    failure: str = ""
    searched: int = 0
    first_ms: float | None = None
    first_rows: int = 0
    timed: int = 0


@dataclass(slots=True)
class Progress:
    """What has been evaluated up to `position`. What the config does not ask for is None."""

    metrics: Metrics
    plots: Plots
    slices: Slices
    sample: RowSample | None = None
    drift: Drift | None = None
    champion: Champion | None = None
    latencies: Latencies = field(default_factory=Latencies)
    position: Position = field(default_factory=Position)
    counts: Counts = field(default_factory=Counts)

    def to_json(self) -> dict[str, Any]:
        return {
            "metrics": self.metrics.to_json(),
            "plots": self.plots.to_json(),
            "slices": self.slices.to_json(),
            "sample": self.sample and self.sample.to_json(),
            "drift": self.drift and self.drift.to_json(),
            "champion": self.champion and self.champion.to_json(),
            "latencies": self.latencies.to_json(),
            "position": asdict(self.position),
            "counts": asdict(self.counts),
        }


def save(state: Mapping[str, Any], served: str, bucket: str, key: str, kms_key_arn: str) -> str:
    """Store the state and return the token that continues it."""
    document = {"schema": _SCHEMA, "served": served, **state}
    content = json.dumps(document, separators=(",", ":")).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    place = _place(key, sha256)
    s3.write_json(bucket, place, content, kms_key_arn)
    token = {"state": place, "sha256": sha256, **state["position"]}
    return json.dumps(token, separators=(",", ":"))


def load(token: str, bucket: str, key: str, served: str) -> dict[str, Any]:
    """Return the stored state that `token` names.

    Raises ConfigurationError if it is not the one that was stored, or the endpoint was updated since.
    """
    again = f"{RETRY_ALL} to evaluate from the start."
    try:
        named = json.loads(token)
        expected, place = named["sha256"], named["state"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ConfigurationError(f"The continuation token is none of this function. {again}") from None
    if place != _place(key, str(expected)):
        raise ConfigurationError(
            f"The continuation token names {place}; expected {_place(key, str(expected))}. {again}"
        )
    content = s3.read_object(bucket, place)
    if hashlib.sha256(content).hexdigest() != expected:
        raise ConfigurationError(f"s3://{bucket}/{place}: found another state than the token names. {again}")
    state: dict[str, Any] = json.loads(content)
    if state["schema"] != _SCHEMA:
        raise ConfigurationError(f"s3://{bucket}/{place}: found {state['schema']}; expected {_SCHEMA}. {again}")
    if state["served"] != served:
        raise ConfigurationError(
            f"The endpoint serves {served}, but {state['served']} when the evaluation began. {again}"
        )
    return state


def _place(key: str, sha256: str) -> str:
    return f"{key}-{sha256[:16]}"
