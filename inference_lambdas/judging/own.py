"""What a config's own metrics came to: the values of its functions, with limits by their draws."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from inference_lambdas.judging.comparison import Difference, Differences, percent_worse
from inference_lambdas.judging.slices import Slice
from inference_lambdas.own.result import Compared, Found, Replicates
from inference_lambdas.statistics.bootstrap import corrected_limits
from inference_lambdas.statistics.intervals import LEVEL, Interval
from inference_lambdas.statistics.metrics import Intervals, Metrics, Values
from pipeline_lambdas.config.model import OwnMetrics
from pipeline_lambdas.runtime.failures import ConfigurationError

LEAST_REPLICATES = 200
_MOST_LEFT_OUT = 0.05
"""Of the draws, as many may have no value; what the others say would else be of other rows than those tested."""


@dataclass(frozen=True, slots=True)
class OwnFunction:
    """How one function went: `replicates` draws were done, `left_out` of them had no value."""

    direction: str
    failure: str = ""
    replicates: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Own:
    """The own metrics of an evaluation; `slices` are by a slice's label. None of `failures` has a value."""

    functions: Mapping[str, OwnFunction] = field(default_factory=dict)
    values: Values = field(default_factory=dict)
    intervals: Intervals = field(default_factory=dict)
    champion: Values = field(default_factory=dict)
    differences: Differences = field(default_factory=dict)
    slices: Mapping[str, Values] = field(default_factory=dict)
    job: str = ""
    file: str = ""

    @property
    def lower_is_better(self) -> frozenset[str]:
        return frozenset(name for name, one in self.functions.items() if one.direction == "lower")

    @property
    def failures(self) -> Mapping[str, str]:
        return {name: one.failure for name, one in self.functions.items() if one.failure}

    def in_slices(self, slices: Iterable[Slice]) -> list[Slice]:
        """Return slices with these metrics beside their own."""
        if not self.functions:
            return list(slices)
        return [replace(one, metrics=_Beside(one.metrics, self.slices.get(one.label, {}))) for one in slices]

    def document(self) -> dict[str, Any]:
        """Return the evaluation document's `own_metrics`; the values stand among the other metrics."""
        functions = {name: asdict(one) for name, one in self.functions.items()}
        return {"job": self.job, "file": self.file, "functions": functions}


NO_OWN = Own()


@dataclass(frozen=True, slots=True)
class _Beside:
    """Metrics with others beside them, which have no intervals."""

    metrics: Metrics
    others: Values

    def add(self, labels: Sequence[float], predictions: Sequence[Any]) -> None:
        self.metrics.add(labels, predictions)

    def values(self) -> Values:
        return {**self.metrics.values(), **self.others}

    def intervals(self, seed: int) -> Intervals:
        return self.metrics.intervals(seed)


def own_of(metrics: OwnMetrics, found: Mapping[str, Found], labels: Sequence[Sequence[str]], job: str) -> Own:
    """Return what a job has computed; `labels` are those of the slices, by column."""
    compared = {name: one.compared for name, one in found.items() if one.compared}
    intervals = {name: limits for name, one in found.items() if (limits := _interval(one))}
    return Own(
        functions={name: _function(metrics.functions[name], one) for name, one in found.items()},
        values={name: one.value for name, one in found.items()},
        intervals=intervals,
        champion={name: one.champion for name, one in compared.items()},
        differences={
            name: difference_of(one, lower=metrics.functions[name] == "lower") for name, one in compared.items()
        },
        slices=_by_label(found, labels),
        job=job,
        file=metrics.file,
    )


def unavailable(metrics: OwnMetrics) -> Own:
    """Return own metrics that were not computed, as rows are missing that they would be of."""
    return Own(
        functions={name: OwnFunction(direction) for name, direction in metrics.functions.items()},
        values=dict.fromkeys(metrics.functions),
        file=metrics.file,
    )


def stored_own(metrics: OwnMetrics | None, document: Mapping[str, Any]) -> Own:
    """Return the own metrics of an evaluation as its document has them; none of a function that it did not compute.

    Raises ConfigurationError for a function of which other values are better now: the limits are of that direction.
    """
    told = document.get("own_metrics")
    if not told:
        return NO_OWN
    functions = {name: OwnFunction(**one) for name, one in told["functions"].items()}
    for name, direction in (metrics.functions if metrics else {}).items():
        if name in functions and functions[name].direction != direction:
            raise ConfigurationError(
                f"metrics.functions.{name}.direction: found {direction}; expected {functions[name].direction}, with "
                "which the predictions were compared"
            )
    champion = document["champion"] or {}
    return Own(
        functions=functions,
        values={name: document["metrics"].get(name) for name in functions},
        intervals={name: Interval(**one) for name, one in document["intervals"].items() if name in functions},
        champion={name: value for name, value in champion.get("metrics", {}).items() if name in functions},
        differences={
            name: Difference(**one) for name, one in champion.get("differences", {}).items() if name in functions
        },
        slices={
            one["label"]: {name: value for name, value in one["metrics"].items() if name in functions}
            for one in document["slices"]
        },
        job=told["job"],
        file=told["file"],
    )


def difference_of(found: Compared, *, lower: bool) -> Difference:
    """Return how the model differs from the champion, with limits by the draws of both."""
    difference = found.value - found.champion
    worse = percent_worse(found.value, found.champion, lower=lower)
    pairs = zip(found.replicates, found.champion_replicates, strict=True)
    percents = [
        None if one is None or other is None else percent_worse(one, other, lower=lower) for one, other in pairs
    ]
    limits = None if worse is None else _limits(percents, worse)
    low, high = limits or (None, None)
    known = difference if math.isfinite(difference) else None
    return Difference(known, worse, low, high, LEVEL, f"paired {_method(percents)}")


def _interval(found: Found) -> Interval | None:
    limits = None if found.value is None else _limits(found.replicates, found.value)
    return Interval(*limits, LEVEL, _method(found.replicates)) if limits else None


def _limits(replicates: Replicates, value: float) -> tuple[float, float] | None:
    """Return limits by the draws; None of too few, or of which too many have no value."""
    known = [one for one in replicates if one is not None]
    left_out = len(replicates) - len(known)
    if len(known) < LEAST_REPLICATES or left_out > _MOST_LEFT_OUT * len(replicates):
        return None
    return corrected_limits(known, value)


def _method(replicates: Replicates) -> str:
    if len(replicates) < LEAST_REPLICATES:
        return f"bootstrap, for which {len(replicates):,} replicates are too few"
    return f"bootstrap, bias-corrected, {len(replicates):,} replicates"


def _function(direction: str, found: Found) -> OwnFunction:
    left_out = sum(one is None for one in found.replicates)
    return OwnFunction(direction, found.failure, len(found.replicates), left_out)


def _by_label(found: Mapping[str, Found], labels: Sequence[Sequence[str]]) -> dict[str, Values]:
    slices: dict[str, Values] = {}
    for name, one in found.items():
        for names, values in zip(labels, one.slices, strict=True):
            for label, value in zip(names, values, strict=True):
                slices.setdefault(label, {})[name] = value
    return slices
