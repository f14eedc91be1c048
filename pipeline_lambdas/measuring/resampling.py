"""Calls the functions on rows drawn with replacement, again and again, while there is time: the bootstrap's replicates.

Each draw is of as many rows as there are, for all functions and both models the same. Efron, B. (1979), Bootstrap
methods: another look at the jackknife, https://doi.org/10.1214/aos/1176344552.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Callable, Optional

import numpy as np

from pipeline_lambdas.measuring.functions import FunctionError, OutOfTimeError, until
from pipeline_lambdas.measuring.tested import Sample

Value = Callable[[Sample], float]
"""A function with the predictions of one model; raises FunctionError."""
Replicates = dict[str, list[Optional[float]]]


def replicates(values: dict[str, Value], tested: Sample, seed: int, most: int, deadline: float) -> Replicates:
    """Return each value of each draw, None where it cannot be computed; fewer than `most` where the time is up.

    The same seed draws the same rows. `deadline` is a time of the monotonic clock, seconds.
    """
    generator = np.random.default_rng(seed)
    found: Replicates = {name: [] for name in values}
    if len(tested) < 2:
        return found
    for _ in range(most):
        if time.monotonic() >= deadline:
            break
        drawn = tested.pick(generator.integers(0, len(tested), len(tested)))
        try:
            with until(deadline):
                row = [_value(value, drawn) for value in values.values()]
        except OutOfTimeError:
            break
        _add(found, row)
    return found


def _value(value: Value, drawn: Sample) -> float | None:
    try:
        return value(drawn)
    except FunctionError:
        return None


def _add(found: Replicates, row: Sequence[float | None]) -> None:
    for values, value in zip(found.values(), row):
        values.append(value)
