"""Judges metrics by the bounds of a training config."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline_lambdas.config_model import Gate


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate's result; `reason` says what failed and is empty for a gate that passed."""

    gate: Gate
    value: float | None
    reason: str = ""

    @property
    def passed(self) -> bool:
        return not self.reason


def judge(gates: Iterable[Gate], metrics: Mapping[str, float | None]) -> tuple[Verdict, ...]:
    """Return a verdict for each gate; a metric that is missing or not finite fails its gate."""
    return tuple(_verdict(gate, metrics.get(gate.metric)) for gate in gates)


def _verdict(gate: Gate, value: float | None) -> Verdict:
    if value is None or not math.isfinite(value):
        return Verdict(gate, None, f"{gate.metric} cannot be evaluated")
    if gate.min is not None and value < gate.min:
        return Verdict(gate, value, f"{gate.metric} is {value:.6g}, below the least allowed, {gate.min:g}")
    if gate.max is not None and value > gate.max:
        return Verdict(gate, value, f"{gate.metric} is {value:.6g}, above the greatest allowed, {gate.max:g}")
    return Verdict(gate, value)
