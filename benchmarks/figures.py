"""What a benchmark found: a figure, what it is compared with, and what was aimed at."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One row of the table. `target` reads like `at most 3.0`; `met` compares `value` with its bound, None without."""

    name: str
    value: float
    unit: str
    target: str
    met: bool | None
    detail: str = ""


def at_most(name: str, value: float, unit: str, bound: float, detail: str = "") -> Figure:
    """A figure that should not be above a bound."""
    return Figure(name, value, unit, f"at most {bound:g}", value <= bound, detail)


def at_least(name: str, value: float, unit: str, bound: float, detail: str = "") -> Figure:
    """A figure that should not be below a bound."""
    return Figure(name, value, unit, f"at least {bound:g}", value >= bound, detail)


def untargeted(name: str, value: float, unit: str, detail: str = "") -> Figure:
    """A figure that is told and not judged."""
    return Figure(name, value, unit, "", None, detail)


def paired_ratio(run: Callable[[], float], baseline: Callable[[], float], times: int) -> tuple[float, float, float]:
    """Run both in turn; returns the median ratio pair by pair, and the medians of the two, in seconds.

    Pairs are compared because a machine's speed drifts while the two are measured.
    """
    pairs = [(run(), baseline()) for _ in range(times)]
    ratio = statistics.median(a / b for a, b in pairs)
    return ratio, statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def process_s(arguments: Sequence[str]) -> float:
    """Wall time of a whole Python process, from start to exit, in seconds."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started
