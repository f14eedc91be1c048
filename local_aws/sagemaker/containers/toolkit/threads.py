"""The number of threads for XGBoost.

XGBoost's threads synchronise after each small step. If one of them has to wait for a processor, all wait, and on a busy
machine a second thread makes training on a small data set ten times slower instead of faster. So small data gets one
thread, large data all processors.
"""

from __future__ import annotations

import os

_SMALL_CELLS = 1_000_000
"""Rows times columns; about 90,000 rows of the wine data. Below this one thread is as fast as two."""


def processors() -> int:
    """Return the number of processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def for_training(cells: int, nthread: int | None) -> int:
    """Return the number of threads for a matrix with this many cells; the hyperparameter nthread overrides it."""
    if nthread is not None:
        return nthread
    return 1 if cells < _SMALL_CELLS else processors()
