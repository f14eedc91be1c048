"""Predicts a channel of the dataset against a live endpoint and judges the result.

While a request is under way the next batch is made ready and the last one is added to the metrics. Before the
function's time is up its state is stored and the evaluation continues in the next invocation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from inference_lambdas import progress as progress_store
from inference_lambdas.aws import s3, sagemaker_runtime
from inference_lambdas.batching import (
    INSTANCE_LIMIT_BYTES,
    SERVERLESS_LIMIT_BYTES,
    TARGET_BYTES,
    Batch,
    BatchPlan,
    Stream,
    batches,
)
from inference_lambdas.gates import judge
from inference_lambdas.invocation import Answer, invoke_patiently
from inference_lambdas.predictions import parse_predictions
from inference_lambdas.problems import form_of, metrics_of
from inference_lambdas.progress import Progress
from inference_lambdas.report import metrics_text, report_json
from inference_lambdas.rows import RowFormat
from pipeline_lambdas.aws import sagemaker
from pipeline_lambdas.config_model import EvaluationTest, ServerlessVariant, TrainingConfig, config_sha256
from pipeline_lambdas.dataset import DataFile, Dataset
from pipeline_lambdas.failures import ConfigurationError, JobError, JobFailedError
from pipeline_lambdas.names import Release
from pipeline_lambdas.outcome import Continue, Done, Outcome

# Enough for the batches under way, each with its 60 seconds at the container, and for storing the state.
MARGIN_MS = 120_000
# A pause, a request that times out, and the report of the failure.
RETRY_MS = 90_000
# One request is computed while the next one travels. More would only queue before a small endpoint's workers
# and show as latency.
MAX_IN_FLIGHT = 2


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one Evaluate action asks for."""

    release: Release
    environment: str
    test: EvaluationTest
    config: TrainingConfig
    dataset: Dataset
    data_bucket: str
    artifact_bucket: str
    kms_key_arn: str
    target_bytes: int = TARGET_BYTES

    @property
    def endpoint(self) -> str:
        return self.release.endpoint(self.environment)

    @property
    def files(self) -> tuple[DataFile, ...]:
        return self.dataset.channel(self.test.channel)

    def key(self, ending: str) -> str:
        """Return the key in the artifact bucket of this evaluation's `ending`."""
        folder = f"releases/{self.config.model}/{self.release.execution_id}"
        return f"{folder}/{self.environment}-evaluation.{ending}"


class Deadline:
    """Tells when the time left falls below a margin; a short-lived function's margin is half of its time."""

    def __init__(self, remaining_ms: Callable[[], int], margin_ms: int = MARGIN_MS) -> None:
        self._remaining_ms = remaining_ms
        self._margin_ms = min(margin_ms, remaining_ms() // 2)

    def near(self) -> bool:
        return self._remaining_ms() < self._margin_ms

    def allows_retry(self) -> bool:
        """Whether one more request fits in, however long it takes, with time left to report."""
        return self._remaining_ms() > RETRY_MS


def evaluate(evaluation: Evaluation, token: str | None, deadline: Deadline) -> Outcome:
    """Evaluate, or go on where `token` says; the report is stored before the outcome is known to anyone.

    Raises JobError for data, an endpoint or a model that cannot be evaluated.
    """
    if not evaluation.files:
        raise ConfigurationError(
            f"{evaluation.dataset.prefix}: found no file of channel {evaluation.test.channel}, which "
            f"tests.{evaluation.test.name} names. Upload the dataset with it."
        )
    endpoint_config = _serving(evaluation)
    progress = _progress(evaluation, token, endpoint_config)
    finished = _run(evaluation, progress, deadline)
    if _serving(evaluation) != endpoint_config:
        raise JobFailedError(f"Endpoint {evaluation.endpoint} changed while it was evaluated. Retry the stage.")
    if finished:
        return _conclude(evaluation, progress, endpoint_config)
    token = progress_store.save(
        progress, endpoint_config, evaluation.artifact_bucket, evaluation.key("state"), evaluation.kms_key_arn
    )
    return Continue(
        token, f"{progress.position.rows} rows predicted", _percent(evaluation, progress), evaluation.endpoint
    )


def _serving(evaluation: Evaluation) -> str:
    """Return the endpoint config that is served; it has to be this release's."""
    description = sagemaker.describe_endpoint(evaluation.endpoint)
    if description is None:
        raise JobFailedError(f"Endpoint {evaluation.endpoint} does not exist. Deploy first.")
    status, serving = description["EndpointStatus"], str(description.get("EndpointConfigName"))
    if status != "InService" or not evaluation.release.owns_endpoint_config(evaluation.environment, serving):
        raise JobFailedError(
            f"Endpoint {evaluation.endpoint} is {status} with {serving}; this release is evaluated InService with a "
            f"config of its own, {evaluation.endpoint}-{evaluation.release.short}. Deploy again."
        )
    return serving


def _progress(evaluation: Evaluation, token: str | None, endpoint_config: str) -> Progress:
    if token is None:
        return Progress(metrics_of(evaluation.config))
    state = progress_store.load(token, evaluation.artifact_bucket, evaluation.key("state"), endpoint_config)
    return progress_store.restore(state, metrics_of(evaluation.config, state["metrics"]))


def _run(evaluation: Evaluation, progress: Progress, deadline: Deadline) -> bool:
    """Evaluate until the end or the deadline; return whether the end was reached.

    At least one batch is done, so that every invocation gets further. Answers are added in the order of the
    rows.
    """
    waiting: deque[tuple[Batch, Future[Answer]]] = deque()
    in_flight = _in_flight(evaluation)
    with ThreadPoolExecutor(in_flight) as pool:
        finished = True
        for batch in _batches(evaluation, progress):
            _check_labels(batch, progress)
            if len(waiting) == in_flight:
                _settle(evaluation, progress, *waiting.popleft())
            waiting.append((batch, pool.submit(_send, evaluation, batch, deadline)))
            if deadline.near():
                finished = False
                break
        while waiting:
            _settle(evaluation, progress, *waiting.popleft())
    return finished


def _batches(evaluation: Evaluation, progress: Progress) -> Iterator[Batch]:
    config, files = evaluation.config, evaluation.files

    def open_file(index: int, offset: int, etag: str | None) -> Stream:
        file = files[index]
        stream = s3.ObjectStream(evaluation.data_bucket, evaluation.dataset.key(file), offset, etag)
        if stream.size_bytes != file.size_bytes:
            raise ConfigurationError(
                f"{stream.uri}: found {stream.size_bytes} bytes; allowed {file.size_bytes}, the size in the manifest. "
                "Upload the dataset again."
            )
        return stream

    serverless = isinstance(config.environments.get(evaluation.environment), ServerlessVariant)
    plan = BatchPlan(
        sizes=tuple(file.size_bytes for file in files),
        form=RowFormat(
            config.content_type(evaluation.test.channel), weights=config.hyperparameters.get("csv_weights") == "1"
        ),
        limit_bytes=SERVERLESS_LIMIT_BYTES if serverless else INSTANCE_LIMIT_BYTES,
        open_file=open_file,
        max_rows=evaluation.test.max_rows,
        columns=len(evaluation.dataset.columns) or None,
        target_bytes=evaluation.target_bytes,
    )
    return batches(plan, progress.position)


def _in_flight(evaluation: Evaluation) -> int:
    variant = evaluation.config.environments.get(evaluation.environment)
    return min(MAX_IN_FLIGHT, variant.max_concurrency) if isinstance(variant, ServerlessVariant) else MAX_IN_FLIGHT


def _send(evaluation: Evaluation, batch: Batch, deadline: Deadline) -> Answer:
    content_type = evaluation.config.content_type(evaluation.test.channel)
    return invoke_patiently(
        lambda: sagemaker_runtime.invoke(evaluation.endpoint, batch.body, content_type), deadline.allows_retry
    )


def _check_labels(batch: Batch, progress: Progress) -> None:
    bad = progress.metrics.bad_label(batch.labels)
    if bad is not None:
        raise batch.block.error(
            bad, f"found the label {batch.labels[bad]:g}; allowed {progress.metrics.label_words} for this problem"
        )


def _settle(evaluation: Evaluation, progress: Progress, batch: Batch, answer: Future[Answer]) -> None:
    """Add one batch's answer to the progress."""
    try:
        content, latency_ms = answer.result().content, answer.result().latency_ms
        parsed = parse_predictions(content, len(batch.labels), form_of(evaluation.config))
    except JobError as error:
        block, last = batch.block, len(batch.labels) - 1
        place = f"{block.uri} lines {block.line_of(0)}-{block.line_of(last)}"
        error.args = (f"Endpoint {evaluation.endpoint}, {place}: {error}",)
        raise
    labels = batch.labels
    if parsed.kept is not None:
        kept = set(parsed.kept)
        first = next(row for row in range(len(labels)) if row not in kept)
        progress.first_non_finite = progress.first_non_finite or f"{batch.block.uri} line {batch.block.line_of(first)}"
        progress.non_finite += len(labels) - len(kept)
        labels = [labels[row] for row in parsed.kept]
    progress.metrics.add(labels, parsed.predictions)
    progress.latencies.add(latency_ms)
    progress.largest_batch_rows = max(progress.largest_batch_rows, len(batch.labels))
    progress.position = batch.end


def _percent(evaluation: Evaluation, progress: Progress) -> int:
    sizes = [file.size_bytes for file in evaluation.files]
    done = sum(sizes[: progress.position.file]) + progress.position.offset
    return min(99, done * 100 // sum(sizes))


def _conclude(evaluation: Evaluation, progress: Progress, endpoint_config: str) -> Outcome:
    metrics = progress.metrics.values()
    if progress.non_finite:
        # What is left after leaving rows out would flatter the model.
        metrics = dict.fromkeys(metrics)
    verdicts = judge(evaluation.test.gates, {**metrics, **progress.latencies.values()})
    report = report_json(_subject(evaluation, endpoint_config), progress, metrics, verdicts)
    uri = s3.write_json(evaluation.artifact_bucket, evaluation.key("json"), report, evaluation.kms_key_arn)
    failures = [verdict.reason for verdict in verdicts if not verdict.passed]
    if progress.non_finite:
        failures.insert(
            0,
            f"{progress.non_finite} of {progress.position.rows} predictions are not finite numbers, the first for "
            f"{progress.first_non_finite}",
        )
    if failures:
        raise JobFailedError(f"tests.{evaluation.test.name} failed: {'; '.join(failures)}. Report: {uri}")
    variables = {
        "Verdict": "passed",
        "Rows": str(progress.position.rows),
        "Metrics": metrics_text({**metrics, **progress.latencies.values()}),
        "ReportUri": uri,
    }
    return Done(variables, f"{progress.position.rows} rows, all gates passed ({len(verdicts)})", evaluation.endpoint)


def _subject(evaluation: Evaluation, endpoint_config: str) -> dict[str, object]:
    return {
        "model": evaluation.config.model,
        "execution_id": evaluation.release.execution_id,
        "environment": evaluation.environment,
        "test": evaluation.test.name,
        "endpoint": evaluation.endpoint,
        "endpoint_config": endpoint_config,
        "config_sha256": config_sha256(evaluation.config),
        "dataset_sha256": evaluation.dataset.sha256,
        "channel": evaluation.test.channel,
        "files": [file.path for file in evaluation.files],
    }
