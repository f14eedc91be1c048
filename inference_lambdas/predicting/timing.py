"""Times requests of the size that callers send, one after the other, once the rows are predicted.

What predicts the rows are large requests, two at a time: they say how fast a test is, not how long a caller waits.
By the time the first request here is sent, the endpoint has loaded its model and answered; what it took to get there,
which on a serverless endpoint may be a cold start, is told apart as the first request of the evaluation.
https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html#serverless-endpoints-how-it-works-containers
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

from inference_lambdas.predicting.answers import Sender
from inference_lambdas.predicting.batching import Position
from inference_lambdas.predicting.channel import channel_batches
from inference_lambdas.predicting.plan import Evaluation
from inference_lambdas.predicting.progress import Progress
from pipeline_lambdas.config.model import LatencyTest
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError

WARM_UP = 5
"""Requests that open the connection and are not counted; in each invocation of the function anew."""
_SAMPLE_BYTES = 1024 * 1024


def time_requests(sender: Sender, progress: Progress, near: Callable[[], bool]) -> bool:
    """Time the requests that the config asks for, or go on; return whether all are done.

    At least one is done, so that every invocation gets further. A request that the container refuses where rows may
    fail is not timed.
    """
    evaluation, counts = sender.evaluation, progress.counts
    asked = evaluation.test.latency
    # A container that predicted no row has no latency.
    if asked is None or counts.timed >= asked.requests or not counts.predicted_rows:
        return True
    bodies = _bodies(evaluation, asked, counts.timed)
    for _, body in zip(range(WARM_UP), bodies, strict=False):
        _latency_ms(sender, body)
        if near():
            break
    for body in bodies:
        latency_ms = _latency_ms(sender, body)
        if latency_ms is not None:
            progress.latencies.add(latency_ms)
        counts.timed += 1
        if counts.timed >= asked.requests:
            break
        if near():
            return False
    return True


def _latency_ms(sender: Sender, body: bytes) -> float | None:
    try:
        return sender.ask(sender.evaluation.endpoint, body).latency_ms
    except JobFailedError:
        if not sender.evaluation.test.allows_failed_rows:
            raise
        return None


def _bodies(evaluation: Evaluation, asked: LatencyTest, sent: int) -> Iterator[bytes]:
    """Yield requests without end, of rows in the order of the channel, from the first again after the last."""
    rows = _rows(evaluation, asked)
    for index in count(sent):
        body = b"\n".join(rows[place % len(rows)] for place in range(index * asked.rows, (index + 1) * asked.rows))
        if len(body) > evaluation.limit_bytes:
            raise ConfigurationError(
                f"tests.{evaluation.test.name}.latency.rows: {asked.rows} rows are {len(body)} bytes; a request to "
                f"{evaluation.endpoint} has at most {evaluation.limit_bytes}. Ask for fewer rows."
            )
        yield body


def _rows(evaluation: Evaluation, asked: LatencyTest) -> list[bytes]:
    """Return rows as they are sent, without labels: as many as are needed, or a MiB of them, or all."""
    rows: list[bytes] = []
    size = 0
    for batch in channel_batches(evaluation, Position()):
        rows += batch.body.split(b"\n")
        size += len(batch.body)
        if len(rows) >= asked.rows * asked.requests or (size >= _SAMPLE_BYTES and len(rows) >= asked.rows):
            break
        if size > evaluation.limit_bytes:
            break
    return rows
