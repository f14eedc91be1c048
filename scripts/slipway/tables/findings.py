"""What is found in a table: plain values, from which the config, the printed lines and the JSON document are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline_lambdas.config.model import Problem

Kind = Literal["number", "category", "text", "date", "boolean", "id", "constant", "empty"]
Feature = Literal["number", "category", "text", "date", "ignore"]
"""How a config treats a column, in its section `features`."""
SplitMethod = Literal["random", "stratified", "time", "group"]
Side = Literal["min", "max"]


@dataclass(frozen=True)
class Bound:
    """The bound of a metric's gate, and how it came about."""

    metric: str
    side: Side
    value: float
    why: str = ""


@dataclass(frozen=True)
class Counts:
    """What was counted in the cells of one column; `values` is how many different ones there are, without gaps."""

    name: str
    rows: int
    gaps: int
    values: int
    numbers: int = 0
    """Cells that are numbers; likewise the next ones."""
    whole: int = 0
    zero_led: int = 0
    """Numbers such as 007, whose zeros a number would lose."""
    with_commas: int = 0
    """Numbers with a decimal comma or commas between thousands, such as 1,5 and 26,238.50."""
    dates: int = 0
    other_dates: int = 0
    """Dates that are not written as ISO 8601, such as 31.12.2026."""
    markers: int = 0
    """Cells that stand for a gap where numbers are expected, such as NA."""
    mean_words: float = 0.0
    low: float | None = None
    high: float | None = None
    common: tuple[tuple[str, int], ...] = ()
    """The commonest values, each with its number of cells."""

    @property
    def filled(self) -> int:
        return self.rows - self.gaps


@dataclass(frozen=True)
class Column:
    """A column, what it is, how the config treats it, and why where that is not plain."""

    counts: Counts
    kind: Kind
    feature: Feature
    note: str = ""

    @property
    def name(self) -> str:
        return self.counts.name


@dataclass(frozen=True)
class Task:
    """What is to be learned: the problem, why it is that one, and the classes in the config's order."""

    problem: Problem
    why: str
    classes: tuple[str, ...] = ()
    rows_of: Mapping[str, int] = field(default_factory=dict)
    """Class to its number of rows."""


@dataclass(frozen=True)
class Split:
    """How rows were put into channels; rows per channel, in the order of the channels."""

    method: SplitMethod
    column: str
    """The column of the time or the group; empty for the other methods."""
    seed: int
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Leak:
    """A column that gives the label away, and how far, from 0 to 1."""

    name: str
    share: float


@dataclass(frozen=True)
class Baseline:
    """What knows nothing of the features reaches on the validation rows, and the bounds of gates that follow."""

    told: str
    """One line."""
    metrics: Mapping[str, float]
    gates: tuple[Bound, ...]
    smoke: Bound


@dataclass(frozen=True)
class Findings:
    """All that is known of a table once its rows are in channels."""

    source: str
    label: str
    rows: int
    duplicates: int
    unlabelled: int
    columns: tuple[Column, ...]
    """The features' columns in the order of the file."""
    task: Task
    split: Split
    baseline: Baseline
    leaks: tuple[Leak, ...] = ()
    notes: tuple[str, ...] = ()
