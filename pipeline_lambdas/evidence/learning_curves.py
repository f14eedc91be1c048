"""Reads learning curves from a training job's log, whose form depends on the algorithm."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pipeline_lambdas.algorithms.algorithm import LogPattern

MOST_POINTS = 500
MOST_CURVES = 50
"""Far more than the metrics of two channels; a container may log what it likes."""


def curves(lines: Iterable[str], pattern: LogPattern, most: int = MOST_POINTS) -> dict[str, list[float | None]]:
    """Map `channel:metric` to its value per step; None for a step whose value is missing or not finite.

    Of more than `most` steps, every second, third, ... is kept, beginning with the first, and the last one too. A value
    that is printed twice, as by a job that resumes from a checkpoint, counts once: the later one. Of the names, the
    first `MOST_CURVES` are kept.
    """
    steps: dict[int, dict[str, float | None]] = {}
    for line in lines:
        match = pattern.line.search(line)
        if match:
            values = filter(None, map(pattern.value.fullmatch, pattern.separator.split(match["values"].strip())))
            found = {f"{value['channel']}:{value['metric']}": _finite(value["value"]) for value in values}
            steps.setdefault(int(match["step"]), {}).update(found)
    kept = _thinned(sorted(steps), most)
    names = sorted({name for number in kept for name in steps[number]})[:MOST_CURVES]
    return {name: [steps[number].get(name) for number in kept] for name in names}


def _thinned(numbers: list[int], most: int) -> list[int]:
    if len(numbers) <= most:
        return numbers
    step = math.ceil(len(numbers) / (most - 1))
    kept = numbers[::step]
    return kept if kept[-1] == numbers[-1] else [*kept, numbers[-1]]


def _finite(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
