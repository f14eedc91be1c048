"""Predicts a channel of the dataset against a live endpoint, and has the predictions judged.

While a request is under way the next batch is made ready and the last one is written and measured. Before the
function's time is up its state is stored and the evaluation continues in the next invocation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from inference_lambdas.judging.conclusion import conclude
from inference_lambdas.judging.importance import permutation_importance
from inference_lambdas.judging.measured import Measured, measure, stored
from inference_lambdas.predicting.answers import MAX_SEARCH, MAX_SEARCH_OF_ALL, Search, Sender, Sent, placed
from inference_lambdas.predicting.batching import Batch
from inference_lambdas.predicting.channel import channel_batches
from inference_lambdas.predicting.invocation import Answer
from inference_lambdas.predicting.labels import Labels
from inference_lambdas.predicting.own_metrics import can_compute, own_ended, own_found, start_own
from inference_lambdas.predicting.plan import Evaluation
from inference_lambdas.predicting.predictions import Parsed, Predicted, parse_predictions
from inference_lambdas.predicting.predictions_file import PredictionsReader
from inference_lambdas.predicting.progress import Counts, Progress, begin, resume, save
from inference_lambdas.predicting.serving import served
from inference_lambdas.predicting.timing import time_requests
from pipeline_lambdas.release.retries import RETRY_ALL
from pipeline_lambdas.runtime.failures import ConfigurationError, JobError, JobFailedError
from pipeline_lambdas.runtime.outcome import Continue, Outcome

# Enough for the batches under way, each with its 60 seconds at the container, and for storing the state.
MARGIN_MS = 120_000
# A pause, a request that times out, and the report of the failure.
RETRY_MS = 90_000


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
    began = served(evaluation.endpoint, evaluation.deployed)
    progress = begin(evaluation) if token is None else resume(evaluation, token, str(began))
    if progress.champion:
        progress.champion.check()
    if progress.own and not own_ended(evaluation, progress.own):
        return Continue(str(token), f"Processing job {progress.own.name} computes metrics", 99, evaluation.endpoint)
    pool_size = evaluation.in_flight * (2 if progress.champion else 1)
    importance = None
    with ThreadPoolExecutor(pool_size) as pool:
        sender = Sender(evaluation, deadline.allows_retry, pool)
        measured = _measured(sender, progress, deadline, again=token is not None)
        if measured and evaluation.test.name == "full":
            rows = [row for (row,) in measured.sample.items] if measured.sample else []
            importance = permutation_importance(
                evaluation, rows, lambda body: sender.ask(evaluation.endpoint, body).content, deadline.near
            )
    if served(evaluation.endpoint, evaluation.deployed) != began:
        raise JobFailedError(f"Endpoint {evaluation.endpoint} changed while it was evaluated. {RETRY_ALL}.")
    if progress.champion:
        progress.champion.check()
    if measured:
        return conclude(evaluation, progress, measured, importance, own_found(evaluation, progress.own))
    if progress.timed and not progress.own and can_compute(evaluation, progress):
        progress.own = start_own(evaluation, progress)
    return Continue(
        save(evaluation, progress, str(began)),
        f"{progress.position.rows} rows predicted",
        _percent(evaluation, progress),
        evaluation.endpoint,
    )


def _measured(sender: Sender, progress: Progress, deadline: Deadline, *, again: bool) -> Measured | None:
    """Predict and time requests; return what the predictions come to, None if that is for another invocation.

    Of an evaluation that ends in the invocation it began in, rows are measured while the next ones are predicted. Else
    they are read again when all are there, for which there is an invocation of its own.
    """
    evaluation, counts = sender.evaluation, progress.counts
    before = progress.position.rows, counts.timed
    parts = _predict(sender, progress, deadline)
    measured = None
    # The job of own metrics takes a while, and what is measured is not kept until it ends.
    again = again or evaluation.own_metrics is not None
    if again:
        deque(parts, maxlen=0)
    else:
        measured = measure(evaluation, parts)
    progress.timed = progress.finished and time_requests(sender, progress, deadline.near)
    if not progress.timed or (not progress.own and can_compute(evaluation, progress)):
        return None
    if again and before == (progress.position.rows, counts.timed):
        uri = evaluation.artifacts.uri(evaluation.state_key)
        reader = PredictionsReader(uri, progress.segments.content(), evaluation.predictions_columns)
        measured = measure(evaluation, stored(evaluation, reader))
    return measured


def _predict(sender: Sender, progress: Progress, deadline: Deadline) -> Iterator[Predicted]:
    """Predict until the end or the deadline; yield rows that are written, in their order.

    At least one batch is done, so that every invocation gets further.
    """
    evaluation, champion, labels = sender.evaluation, progress.champion, Labels(sender.evaluation.config)
    waiting: deque[Sent] = deque()
    for batch in channel_batches(evaluation, progress.position):
        labels.check(batch)
        if len(waiting) == evaluation.in_flight:
            yield _settle(sender, progress, waiting.popleft())
        asked = champion.endpoint if champion and not champion.failure else None
        waiting.append(sender.submit(batch, asked))
        if deadline.near():
            break
    else:
        progress.finished = True
    while waiting:
        yield _settle(sender, progress, waiting.popleft())


def _settle(sender: Sender, progress: Progress, sent: Sent) -> Predicted:
    """Write one batch's answers to the file of predictions."""
    batch, counts, champion = sent.batch, progress.counts, progress.champion
    parsed, answered = _predicted(sender, progress, sent), None
    if parsed.kept is not None:
        _count_failed(progress, batch, parsed.kept)
    if champion and sent.champion and not champion.failure:
        try:
            answered, _ = _parsed(sender, counts, champion.endpoint, sent.champion, batch)
        except JobError as error:
            champion.fail(error)
    first, columns = progress.position.rows, sender.evaluation.predictions_columns
    progress.segments.add(columns.lines(first, batch.label_texts, parsed, answered))
    counts.predicted_rows += len(parsed.predictions)
    counts.largest_batch_rows = max(counts.largest_batch_rows, len(batch.labels))
    progress.position = batch.end
    return Predicted(first, batch.rows, batch.labels, parsed, answered)


def _predicted(sender: Sender, progress: Progress, sent: Sent) -> Parsed:
    try:
        parsed, latency_ms = _parsed(sender, progress.counts, sender.evaluation.endpoint, sent.answer, sent.batch)
    except JobError as error:
        raise placed(error, sender.evaluation.endpoint, sent.batch) from error
    counts = progress.counts
    if latency_ms is not None and counts.first_ms is None:
        counts.first_ms, counts.first_rows = latency_ms, len(sent.batch.labels)
    return parsed


def _parsed(
    sender: Sender, counts: Counts, endpoint: str, answer: Future[Answer], batch: Batch
) -> tuple[Parsed, float | None]:
    """Return a batch's predictions and the latency of its request.

    With the gate failed_share rows that cannot be predicted are looked for; there is no latency then.
    """
    evaluation = sender.evaluation
    try:
        found = answer.result()
        return parse_predictions(found.content, len(batch.labels), evaluation.prediction_form), found.latency_ms
    except JobFailedError as error:
        if not evaluation.test.allows_failed_rows:
            raise
        counts.failure = counts.failure or str(error)
    search = Search(
        lambda body: sender.ask(endpoint, body).content,
        evaluation.prediction_form,
        min(MAX_SEARCH, MAX_SEARCH_OF_ALL - counts.searched),
    )
    parsed = search.predict(batch.body.split(b"\n"))
    counts.searched += search.used
    return parsed, None


def _count_failed(progress: Progress, batch: Batch, kept: list[int]) -> None:
    predicted, counts = set(kept), progress.counts
    if len(predicted) == len(batch.labels):
        return
    first = next(row for row in range(len(batch.labels)) if row not in predicted)
    counts.first_failed_row = counts.first_failed_row or f"{batch.block.uri} line {batch.block.line_of(first)}"
    counts.failed_rows += len(batch.labels) - len(predicted)


def _percent(evaluation: Evaluation, progress: Progress) -> int:
    sizes = [file.size_bytes for file in evaluation.files]
    done = sum(sizes[: progress.position.file]) + progress.position.offset
    return min(99, done * 100 // sum(sizes))
