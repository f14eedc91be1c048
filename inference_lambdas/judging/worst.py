"""The rows that were predicted worst, with their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import ne, sub
from typing import Any

from inference_lambdas.predicting.predictions import Predicted
from inference_lambdas.predicting.quoting import value
from inference_lambdas.predicting.rows import RowFormat
from pipeline_lambdas.config.columns import column_name

MOST = 10
# A document stays small, and no reader looks further.
MOST_VALUES = 50
_MOST_TEXT = 200

Errors = Callable[[Sequence[float], Sequence[Any]], list[float]]
"""From labels and predictions to how far off each is, 0 for what is right."""


def distances(labels: Sequence[float], predictions: Sequence[float]) -> list[float]:
    """Return how far numbers, or probabilities of class 1, are from the labels."""
    return list(map(abs, map(sub, labels, predictions)))


def missing_probabilities(labels: Sequence[float], predictions: Sequence[Sequence[float]]) -> list[float]:
    """Return how far each row's probability of the class that it has is from 1."""
    return [1.0 - row[int(label)] for label, row in zip(labels, predictions, strict=True)]


def wrong_classes(labels: Sequence[float], predictions: Sequence[float]) -> list[float]:
    """Return 1 for each row whose class is another one."""
    return list(map(float, map(ne, labels, predictions)))


@dataclass(frozen=True, slots=True)
class _Row:
    row: int
    error: float
    label: float
    prediction: Any
    text: bytes


class WorstRows:
    """The ten rows with the greatest error; of equal ones the first. Rows without a prediction are not among them."""

    def __init__(self, errors: Errors, form: RowFormat) -> None:
        self._errors, self._form = errors, form
        self._worst: list[_Row] = []
        self._least = 0.0

    def add(self, part: Predicted) -> None:
        """Add consecutive rows."""
        labels = part.parsed.of(part.labels)
        errors = self._errors(labels, part.parsed.predictions)
        least = self._least
        if not errors or max(errors) <= least:
            return
        places = [place for place, error in enumerate(errors) if error > least]
        places = sorted(places, key=errors.__getitem__, reverse=True)[:MOST]
        numbers, rows = part.parsed.kept or range(len(labels)), part.parsed.of(part.rows)
        found = [
            _Row(
                part.first + numbers[place] + 1,
                errors[place],
                labels[place],
                part.parsed.predictions[place],
                rows[place],
            )
            for place in places
        ]
        self._worst = sorted([*self._worst, *found], key=lambda row: (-row.error, row.row))[:MOST]
        if len(self._worst) == MOST:
            self._least = self._worst[-1].error

    def document(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the evaluation document's `worst`, the worst row first; `names` are those of the dataset's columns."""
        rows: list[dict[str, Any]] = [
            {
                "row": found.row,
                "label": found.label,
                "prediction": _prediction(found.prediction),
                "error": found.error if math.isfinite(found.error) else None,
                "values": self._values(found.text),
            }
            for found in self._worst
        ]
        most, first = max((len(row["values"]) for row in rows), default=0), 1 + self._form.weights
        named = range(first, first + most) if self._csv else ()
        return {"columns": [column_name(place, names) for place in named], "rows": rows}

    @property
    def _csv(self) -> bool:
        return self._form.content_type == "text/csv"

    def _values(self, row: bytes) -> list[str]:
        """Return the features as they are written; of libsvm each with its index."""
        cells = row.split(b",")[1 + self._form.weights :] if self._csv else row.split()[1:]
        if self._form.table:
            cells = list(map(value, cells))
        return [cell.decode(errors="replace")[:_MOST_TEXT] for cell in cells[:MOST_VALUES]]


def _prediction(prediction: Any) -> float:
    """Return the number, or the most probable of several classes."""
    return float(prediction.index(max(prediction)) if isinstance(prediction, tuple) else prediction)
