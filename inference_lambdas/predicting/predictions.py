"""Predictions out of what a container answers, in the form of its algorithm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pipeline_lambdas.algorithms.answers import PredictionForm, csv_numbers, csv_texts
from pipeline_lambdas.runtime.failures import JobFailedError

T = TypeVar("T")

_SHOWN_BYTES = 200


@dataclass(frozen=True, slots=True)
class Parsed:
    """Predictions of the rows `kept`; `kept` is None where every row's prediction is finite.

    `texts` are the predictions as they were answered, where that is what they are; only to write them again takes time.
    """

    predictions: list[Any]
    kept: list[int] | None = None
    texts: Sequence[bytes] = field(default=(), compare=False)

    def of(self, items: list[T]) -> list[T]:
        """Return those of one item per row that belong to the predictions."""
        return items if self.kept is None else [items[row] for row in self.kept]

    def whole(self, rows: int) -> Sequence[Any]:
        """Return the prediction of each of `rows` rows, None where there is none."""
        if self.kept is None:
            return self.predictions
        found = dict(zip(self.kept, self.predictions, strict=True))
        return [found.get(row) for row in range(rows)]


@dataclass(frozen=True, slots=True)
class Predicted:
    """Consecutive rows of the channel and what was predicted for them; `first` is the number of rows before them.

    `rows` are as the channel has them. `champion` is None where the champion gave no answer.
    """

    first: int
    rows: list[bytes]
    labels: list[float]
    parsed: Parsed
    champion: Parsed | None


def parse_predictions(content: bytes, rows: int, form: PredictionForm) -> Parsed:
    """Parse an answer to `rows` rows; JobFailedError if it does not hold exactly their predictions."""
    texts: Sequence[bytes] = ()
    try:
        if form.read is csv_numbers:
            texts = csv_texts(content)
            values = list(map(float, texts))
        else:
            values = form.read(content)
    except ValueError as error:
        raise JobFailedError(f"the answer is not numbers ({error}): {_shown(content)}") from None
    if len(values) != rows * form.width:
        raise JobFailedError(
            f"the answer has {len(values)} numbers; {rows} rows need {rows * form.width}: {_shown(content)}"
        )
    kept = None
    if not all(map(math.isfinite, values)):
        kept = [row for row in range(rows) if all(map(math.isfinite, _row(values, row, form.width)))]
        values = [value for row in kept for value in _row(values, row, form.width)]
    if form.probability and values and (min(values) < 0.0 or max(values) > 1.0):
        raise JobFailedError(f"the answer has numbers outside of 0 to 1, so no probabilities: {_shown(content)}")
    if form.convert:
        values = form.convert(values)
    if form.width == 1:
        # Python reads 1_0 as a number.
        as_answered = not form.convert and kept is None and b"_" not in content
        return Parsed(values, kept, texts if as_answered else ())
    return Parsed(list(zip(*[iter(values)] * form.width, strict=True)), kept)


def _row(values: list[float], row: int, width: int) -> list[float]:
    return values[row * width : (row + 1) * width]


def _shown(content: bytes) -> str:
    return repr(content[:_SHOWN_BYTES].decode(errors="replace"))
