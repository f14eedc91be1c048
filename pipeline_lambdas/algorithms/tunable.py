"""What SageMaker's automatic model tuning may search in an algorithm, and what it may aim at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

RangeType = Literal["integer", "continuous", "categorical"]
Direction = Literal["Minimize", "Maximize"]

VALIDATION = "validation"
"""The channel whose metrics a tuning job looks at: those of the training rows would reward learning by heart."""


@dataclass(frozen=True, slots=True)
class Tunable:
    """What AWS documents of an algorithm's tuning.

    reference  where it documents it
    types      hyperparameter to the type of its range; a list of values is allowed for each
    metrics    the metrics that a job with these hyperparameters logs, as `validation:rmse`, with their directions
    """

    reference: str
    types: Mapping[str, RangeType]
    metrics: Callable[[Mapping[str, str]], dict[str, Direction]]


def directions(*, maximized: Iterable[str] = (), minimized: Iterable[str] = ()) -> dict[str, Direction]:
    """Return the metrics of the validation channel with their directions."""
    found: dict[str, Direction] = {f"{VALIDATION}:{name}": "Maximize" for name in maximized}
    return found | {f"{VALIDATION}:{name}": "Minimize" for name in minimized}
