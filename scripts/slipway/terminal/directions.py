"""Knows for which metrics more is better, and for which less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from pipeline_lambdas.report.kit.reading import mapping, string

Direction = Literal[-1, 0, 1]
"""1 if more is better, -1 if less is, 0 if that is not known."""

_NO_OWN: Mapping[str, Direction] = MappingProxyType({})
_LESS = frozenset(("rmse", "mae", "logloss", "failed_share"))
_MORE = frozenset(("r2", "auc", "accuracy", "precision", "recall", "f1", "f1_macro"))


def own_directions(evaluation: Mapping[str, Any]) -> dict[str, Direction]:
    """Return the directions of a config's own metrics, as an evaluation tells them."""
    functions = mapping(evaluation, "own_metrics", "functions")
    return {name: -1 if string(functions, name, "direction") == "lower" else 1 for name in functions}


def direction_of(
    metric: str, gates: Iterable[Mapping[str, Any]] = (), own: Mapping[str, Direction] = _NO_OWN
) -> Direction:
    """Return which direction of a metric is better: by its definition, else by a gate with one bound.

    `own` are the directions of a config's own metrics.
    """
    if metric in own:
        return own[metric]
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


def better_of(
    metric: str,
    before: float,
    after: float,
    gates: Iterable[Mapping[str, Any]] = (),
    own: Mapping[str, Direction] = _NO_OWN,
) -> str:
    """Return `better`, `worse` or `the same`, for `after` against `before`; empty if it is not known."""
    direction = direction_of(metric, gates, own)
    if not direction:
        return ""
    if before == after:
        return "the same"
    return "better" if (after - before) * direction > 0 else "worse"
