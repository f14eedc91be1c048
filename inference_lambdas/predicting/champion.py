"""The champion, the model that prod serves, asked for the same rows as the model that is to replace it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference_lambdas.judging.comparison import Comparison
from inference_lambdas.predicting.predictions import Parsed
from inference_lambdas.predicting.serving import Deployed, served
from pipeline_lambdas.release.retries import RETRY_ALL
from pipeline_lambdas.runtime.failures import JobError


class Champion:
    """What the champion answered; after `failure` it is asked no more, and nothing is compared."""

    def __init__(
        self,
        endpoint: str,
        deployed: Deployed,
        comparison: Comparison,
        state: dict[str, Any] | None = None,
    ) -> None:
        state = state or {}
        self.endpoint, self.deployed = endpoint, deployed
        self.comparison = comparison
        self.failure: str = state.get("failure", "")
        self.rows: int = state.get("rows", 0)
        self._since: str = state.get("since", "")

    def check(self) -> None:
        """Note a failure unless the endpoint serves the champion, and has not changed since the first look."""
        try:
            found = served(self.endpoint, self.deployed)
        except JobError as error:
            self.failure = self.failure or str(error)
            return
        if self._since and found.since != self._since:
            self.failure = self.failure or f"Endpoint {self.endpoint} changed while it was asked. {RETRY_ALL}."
        self._since = self._since or found.since

    def fail(self, error: JobError) -> None:
        self.failure = self.failure or f"Endpoint {self.endpoint}: {error}"

    def add(self, labels: Sequence[float], parsed: Parsed, champion: Parsed) -> None:
        """Add the rows of one request that both models predicted; `labels` are of all its rows."""
        both = _both(parsed, champion)
        if both is None:
            self.comparison.add(labels, parsed.predictions, champion.predictions)
            self.rows += len(labels)
            return
        first, second = parsed.by_row(len(labels)), champion.by_row(len(labels))
        self.comparison.add([labels[row] for row in both], [first[row] for row in both], [second[row] for row in both])
        self.rows += len(both)

    def to_json(self) -> dict[str, Any]:
        return {
            "failure": self.failure,
            "rows": self.rows,
            "since": self._since,
            "comparison": self.comparison.to_json(),
        }


def _both(parsed: Parsed, champion: Parsed) -> list[int] | None:
    if parsed.kept is None or champion.kept is None:
        return parsed.kept if champion.kept is None else champion.kept
    return sorted(set(parsed.kept) & set(champion.kept))
