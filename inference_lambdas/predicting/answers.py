"""What came back for a batch, as predictions; where that may be, without the rows that cannot be predicted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from inference_lambdas.aws import sagemaker_runtime
from inference_lambdas.predicting.batching import Batch
from inference_lambdas.predicting.invocation import Answer, invoke_patiently
from inference_lambdas.predicting.plan import Evaluation
from inference_lambdas.predicting.predictions import Parsed, parse_predictions
from pipeline_lambdas.algorithms.answers import PredictionForm
from pipeline_lambdas.runtime.failures import JobError, JobFailedError

# For one batch, and for all of an evaluation: 14 requests or so find one row among 10,000, twice as many with the
# other halves.
MAX_SEARCH = 100
MAX_SEARCH_OF_ALL = 1000


@dataclass(frozen=True, slots=True)
class Sent:
    """A batch under way; `champion` is None where the champion is not asked."""

    batch: Batch
    answer: Future[Answer]
    champion: Future[Answer] | None = None


@dataclass(slots=True)
class Sender:
    """Sends requests from a few threads, patiently while `has_time` says yes."""

    evaluation: Evaluation
    has_time: Callable[[], bool]
    pool: ThreadPoolExecutor

    def submit(self, batch: Batch, champion: str | None) -> Sent:
        """Send a batch, and to the champion's endpoint too if there is one."""
        answer = self.pool.submit(self.ask, self.evaluation.endpoint, batch.body)
        return Sent(batch, answer, self.pool.submit(self.ask, champion, batch.body) if champion else None)

    def ask(self, endpoint: str, body: bytes) -> Answer:
        content_type, accept = self.evaluation.content_type, self.evaluation.prediction_form.accept
        return invoke_patiently(lambda: sagemaker_runtime.invoke(endpoint, body, content_type, accept), self.has_time)


@dataclass(slots=True)
class Search:
    """A search for the rows of a batch that cannot be predicted, half by half.

    Rows that are still together in a request when `budget` requests were made count as failed.
    """

    ask: Callable[[bytes], bytes]
    form: PredictionForm
    budget: int
    used: int = 0
    _kept: list[int] = field(default_factory=list)
    _predictions: list[Any] = field(default_factory=list)

    def predict(self, rows: Sequence[bytes]) -> Parsed:
        """Return the predictions of rows that were refused together."""
        middle = len(rows) // 2
        waiting = [(middle, len(rows)), (0, middle)] if middle else []
        while waiting and self.used < self.budget:
            low, high = waiting.pop()
            self.used += 1
            try:
                parsed = parse_predictions(self.ask(b"\n".join(rows[low:high])), high - low, self.form)
            except JobFailedError:
                middle = (low + high) // 2
                waiting += [(middle, high), (low, middle)] if high - low > 1 else []
            else:
                self._kept += parsed.of(list(range(low, high)))
                self._predictions += parsed.predictions
        return Parsed(self._predictions, self._kept)


def placed(error: JobError, endpoint: str, batch: Batch) -> JobError:
    """Return `error` with the endpoint and the lines that it is about."""
    block, last = batch.block, len(batch.labels) - 1
    error.args = (f"Endpoint {endpoint}, {block.uri} lines {block.line_of(0)}-{block.line_of(last)}: {error}",)
    return error
