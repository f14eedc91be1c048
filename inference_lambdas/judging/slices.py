"""Metrics of the rows apart by a column's value."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from inference_lambdas.predicting.cells import numbers_of, written_cells
from inference_lambdas.predicting.quoting import values
from inference_lambdas.statistics.metrics import Metrics
from pipeline_lambdas.config.model import SliceColumn


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice's rows; `label` reads like `alcohol < 10`."""

    column: SliceColumn
    label: str
    rows: int
    metrics: Metrics

    @property
    def judged(self) -> bool:
        return self.rows >= self.column.min_rows


class Slices:
    """An accumulator of metrics for each slice of each column.

    `places` are where the columns stand in a row, `make` returns an empty accumulator.
    """

    def __init__(self, columns: Sequence[SliceColumn], places: Sequence[int], make: Callable[[], Metrics]) -> None:
        self._places = places
        self._columns = [_Column(column, make) for column in columns]

    def add(self, rows: Sequence[bytes], labels: Sequence[float], predictions: Sequence[Any]) -> None:
        """Add raw rows of CSV with the labels and predictions that belong to them."""
        for column, cells in zip(self._columns, written_cells(rows, self._places), strict=True):
            column.add(cells, labels, predictions)

    def results(self) -> list[Slice]:
        """Return every slice of the config, and those of other or missing values that have rows."""
        return [found for column in self._columns for found in column.results()]


class _Column:
    """Slices are numbered in the order of the config; the last two hold other and missing values."""

    def __init__(self, column: SliceColumn, make: Callable[[], Metrics]) -> None:
        self._column = column
        self._labels = labels_of_slices(column)
        self._missing = len(self._labels) - 1
        self._numbers = {value: number for number, value in enumerate(column.values)}
        self._texts = {value.encode(): number for number, value in enumerate(column.values) if isinstance(value, str)}
        self._rows = [0] * len(self._labels)
        self._metrics = [make() for _ in self._labels]

    def add(self, cells: Sequence[bytes], labels: Sequence[float], predictions: Sequence[Any]) -> None:
        parts: list[tuple[list[float], list[Any]]] = [([], []) for _ in self._labels]
        for number, label, prediction in zip(self._slices_of(cells), labels, predictions, strict=True):
            part = parts[number]
            part[0].append(label)
            part[1].append(prediction)
        for number, part in enumerate(parts):
            if part[0]:
                self._rows[number] += len(part[0])
                self._metrics[number].add(*part)

    def _slices_of(self, cells: Sequence[bytes]) -> list[int]:
        cuts, missing = self._column.ranges, self._missing
        if self._texts:
            texts = values(cells)
            places = {text: self._texts.get(text, missing - 1) if text else missing for text in set(texts)}
            return [places[text] for text in texts]
        found = numbers_of(cells)
        if not cuts:
            numbers, other = self._numbers, missing - 1
            return [missing if value is None else numbers.get(value, other) for value in found]
        return [missing if value is None else bisect_right(cuts, value) for value in found]

    def results(self) -> list[Slice]:
        found = zip(self._labels, self._rows, self._metrics, strict=True)
        return [
            Slice(self._column, label, rows, metrics)
            for number, (label, rows, metrics) in enumerate(found)
            if rows or number < self._missing - 1
        ]


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.15g}"


def labels_of_slices(column: SliceColumn) -> list[str]:
    """Return the labels of a column's slices, at last those of other and of missing values.

    Ranges leave no other value, so theirs of that kind stays empty.
    """
    name, cuts = column.column, [f"{cut:.15g}" for cut in column.ranges]
    if cuts:
        between = [f"{low} <= {name} < {high}" for low, high in pairwise(cuts)]
        labels = [f"{name} < {cuts[0]}", *between, f"{name} >= {cuts[-1]}"]
    else:
        labels = [f"{name} = {_text(value)}" for value in column.values]
    return [*labels, f"{name} other", f"{name} missing"]
