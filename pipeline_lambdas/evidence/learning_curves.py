"""Reads learning curves from a training job's log, whose form depends on the algorithm."""

from __future__ import annotations

import math
import re
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from pipeline_lambdas.algorithms.algorithm import LogPattern

MOST_POINTS = 500
MOST_CURVES = 50
"""Far more than the metrics of two channels; a container may log what it likes."""
_LONGEST_LINE = 500
"""Of a program's log, in characters: its config gives the expressions, and a bad one may take long."""
_LONGEST_S = 10.0
"""For all expressions of a program, for the same reason."""


class _SlowError(Exception):
    """The time is over."""


def curves(lines: Iterable[str], pattern: LogPattern | None, most: int = MOST_POINTS) -> dict[str, list[float | None]]:
    """Map `channel:metric` to its value per step; None for a step whose value is missing or not finite.

    Of more than `most` steps, every second, third, ... is kept, beginning with the first, and the last one too. A value
    that is printed twice, as by a job that resumes from a checkpoint, counts once: the later one. Of the names, the
    first `MOST_CURVES` are kept. Without a pattern there are none.
    """
    if pattern is None:
        return {}
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


def curves_of_metrics(
    lines: Iterable[str], metrics: Mapping[str, str], most: int = MOST_POINTS
) -> dict[str, list[float | None]]:
    """Map each metric of a program to its values in the order of the log, thinned as those of `curves`.

    `metrics` maps names to regular expressions whose group is the value. One that takes longer than its share of
    `_LONGEST_S` has what it found until then.
    """
    patterns = {name: re.compile(regex) for name, regex in sorted([*metrics.items()][:MOST_CURVES])}
    found: dict[str, list[float | None]] = {name: [] for name in patterns}
    cut = [line[:_LONGEST_LINE] for line in lines]
    for name, pattern in patterns.items():
        with suppress(_SlowError), _within(_LONGEST_S / len(patterns)):
            for line in cut:
                found[name] += (_finite(match[1] or "") for match in pattern.finditer(line))
    longest = max(map(len, found.values()), default=0)
    kept = _thinned(list(range(longest)), most)
    return {name: [values[at] if at < len(values) else None for at in kept] for name, values in found.items() if values}


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """End the block after this time. Only a signal interrupts a match, and only on the main thread, as in Lambda."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise _SlowError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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
