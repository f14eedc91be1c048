"""How far an evaluation is: kept in S3 between two invocations of the function.

A state lies at a key named by its content, so an invocation that is repeated finds the one that it began from. The
continuation token names the state and its hash, and repeats its position for the log; it stays far below CodePipeline's
2,048 characters.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from inference_lambdas.aws.s3 import Bucket
from inference_lambdas.predicting.batching import Position
from inference_lambdas.predicting.champion import Champion
from inference_lambdas.predicting.latency import Latencies
from inference_lambdas.predicting.plan import Evaluation
from inference_lambdas.predicting.segments import Segments
from pipeline_lambdas.release.retries import RETRY_ALL
from pipeline_lambdas.runtime.failures import ConfigurationError

_SCHEMA = "slipway-evaluation-state/6"


@dataclass(frozen=True, slots=True)
class OwnJob:
    """The job that computes the config's own metrics, and the version of the predictions that are stored for it."""

    name: str
    version_id: str


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
    """What has been predicted up to `position`; `champion` is None where there is none to compare with."""

    segments: Segments
    champion: Champion | None = None
    latencies: Latencies = field(default_factory=Latencies)
    position: Position = field(default_factory=Position)
    counts: Counts = field(default_factory=Counts)
    finished: bool = False
    """Whether all rows are predicted."""
    timed: bool = False
    """Whether all requests that are to be timed are done, too."""
    own: OwnJob | None = None


def begin(evaluation: Evaluation) -> Progress:
    """Return the progress of an evaluation that has predicted nothing yet."""
    segments = Segments(evaluation.artifacts, evaluation.state_key, evaluation.kms_key_arn)
    segments.add(evaluation.predictions_columns.header())
    return Progress(segments, _champion(evaluation))


def save(evaluation: Evaluation, progress: Progress, served: str) -> str:
    """Store the state and return the token that continues it."""
    progress.segments.store()
    document = {
        "schema": _SCHEMA,
        "served": served,
        "segments": progress.segments.stored,
        "champion": progress.champion and progress.champion.to_json(),
        "latencies": progress.latencies.to_json(),
        "position": asdict(progress.position),
        "counts": asdict(progress.counts),
        "own": progress.own and asdict(progress.own),
    }
    content = json.dumps(document, separators=(",", ":")).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    place = _place(evaluation.state_key, sha256)
    evaluation.artifacts.write(place, content, "application/json", evaluation.kms_key_arn)
    token = {"state": place, "sha256": sha256, **asdict(progress.position)}
    return json.dumps(token, separators=(",", ":"))


def resume(evaluation: Evaluation, token: str, served: str) -> Progress:
    """Return the stored progress that `token` names; ConfigurationError as `load` raises it."""
    state = load(token, evaluation.artifacts, evaluation.state_key, served)
    segments = Segments(evaluation.artifacts, evaluation.state_key, evaluation.kms_key_arn, state["segments"])
    return Progress(
        segments,
        _champion(evaluation, state["champion"] or {}),
        Latencies(state["latencies"]),
        Position(**state["position"]),
        Counts(**state["counts"]),
        own=OwnJob(**state["own"]) if state["own"] else None,
    )


def _champion(evaluation: Evaluation, state: dict[str, str] | None = None) -> Champion | None:
    if not evaluation.compares:
        return None
    return Champion(evaluation.champion_endpoint, evaluation.champion_deployed, **(state or {}))


def load(token: str, bucket: Bucket, key: str, served: str) -> dict[str, Any]:
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
    content, uri = bucket.read(place), bucket.uri(place)
    if hashlib.sha256(content).hexdigest() != expected:
        raise ConfigurationError(f"{uri}: found another state than the token names. {again}")
    state: dict[str, Any] = json.loads(content)
    if state["schema"] != _SCHEMA:
        raise ConfigurationError(f"{uri}: found {state['schema']}; expected {_SCHEMA}. {again}")
    if state["served"] != served:
        raise ConfigurationError(
            f"The endpoint serves {served}, but {state['served']} when the evaluation began. {again}"
        )
    return state


def _place(key: str, sha256: str) -> str:
    return f"{key}-{sha256[:16]}"
