"""The section `tuning` of a training config as typed values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline_lambdas.algorithms.tunable import Direction, RangeType

Strategy = Literal["Bayesian", "Random", "Grid", "Hyperband"]


@dataclass(frozen=True, slots=True)
class Range:
    """What is tried of one hyperparameter: from `min` to `max`, or each of `values`."""

    type: RangeType
    min: float | int | None = None
    max: float | int | None = None
    scaling: str = "Auto"
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Objective:
    """The metric that decides, as `validation:rmse`, and whether it should be small or large."""

    metric: str
    type: Direction


@dataclass(frozen=True, slots=True)
class Resource:
    """What Hyperband gives a training job: `min` to `max` values of the metric in its log, such as rounds."""

    min: int
    max: int


@dataclass(frozen=True, slots=True)
class Tuning:
    """A search for hyperparameters; `max_jobs` is None for Grid, which tries each combination."""

    strategy: Strategy
    objective: Objective
    ranges: Mapping[str, Range]
    max_jobs: int | None = None
    max_parallel_jobs: int = 1
    early_stopping: str = "Off"
    seed: int | None = None
    max_runtime_s: int | None = None
    resource: Resource | None = None

    @property
    def sample(self) -> dict[str, str]:
        """Hyperparameters that a training job may have: the least of each range, or the first value."""
        return {name: one.values[0] if one.values else str(one.min) for name, one in self.ranges.items()}

    @property
    def jobs(self) -> int:
        """The number of training jobs, at most."""
        return self.max_jobs or math.prod(len(one.values) for one in self.ranges.values())
