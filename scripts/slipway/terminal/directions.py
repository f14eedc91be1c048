"""Knows for which metrics more is better, and for which less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

Direction = Literal[-1, 0, 1]
"""1 if more is better, -1 if less is, 0 if that is not known."""

_LESS = frozenset(("rmse", "mae", "logloss", "failed_share"))
_MORE = frozenset(("r2", "auc", "accuracy", "precision", "recall", "f1", "f1_macro"))


def direction_of(metric: str, gates: Iterable[Mapping[str, Any]] = ()) -> Direction:
    """Return which direction of a metric is better: by its definition, else by a gate with one bound."""
    if metric in _LESS or metric.startswith("latency_"):
        return -1
    if metric in _MORE:
        return 1
    for gate in gates:
        if gate.get("metric") == metric and gate.get("kind", "bound") == "bound":
            low, high = gate.get("min"), gate.get("max")
            if (low is None) != (high is None):
                return -1 if low is None else 1
    return 0


def better_of(metric: str, before: float, after: float, gates: Iterable[Mapping[str, Any]] = ()) -> str:
    """Return `better`, `worse` or `the same`, for `after` against `before`; empty if it is not known."""
    direction = direction_of(metric, gates)
    if not direction:
        return ""
    if before == after:
        return "the same"
    return "better" if (after - before) * direction > 0 else "worse"
