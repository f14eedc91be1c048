"""Which labels a problem has."""

from __future__ import annotations

from inference_lambdas.predicting.batching import Batch
from pipeline_lambdas.config.model import TrainingConfig


class Labels:
    """The labels of a config's problem; `words` say what is allowed."""

    def __init__(self, config: TrainingConfig) -> None:
        classes = {"regression": 0, "binary": 2}.get(config.problem, config.classes)
        self._allowed = frozenset(map(float, range(classes)))
        self._words = "0 or 1" if config.problem == "binary" else f"a class from 0 to {classes - 1}"

    def check(self, batch: Batch) -> None:
        """Raise RowError for the first label that the problem does not have."""
        if not self._allowed or self._allowed.issuperset(batch.labels):
            return
        row, label = next(found for found in enumerate(batch.labels) if found[1] not in self._allowed)
        raise batch.block.error(row, f"found the label {label:g}; expected {self._words} for this problem")
