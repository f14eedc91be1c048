"""Judges what was measured by the gates of a training config. What cannot be evaluated fails."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline_lambdas.config.model import Gate

Kind = Literal["bound", "champion", "slice", "drift"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate's result; `reason` says what failed, or why the gate does not apply.

    `subject` is the slice or the column that is judged. `low` and `high` are the interval that decided.
    """

    kind: Kind
    metric: str
    value: float | None
    reason: str = ""
    subject: str = ""
    min: float | None = None
    max: float | None = None
    low: float | None = None
    high: float | None = None
    applies: bool = True

    @property
    def word(self) -> str:
        """The verdict as the document has it."""
        if not self.applies:
            return "not applicable"
        return "failed" if self.failed else "passed"

    @property
    def failed(self) -> bool:
        return self.applies and bool(self.reason)


def judge(
    gates: Iterable[Gate], metrics: Mapping[str, float | None], kind: Kind = "bound", subject: str = ""
) -> tuple[Verdict, ...]:
    """Return a verdict for each gate; a metric that is missing or not finite fails its gate."""
    return tuple(_verdict(gate, metrics.get(gate.metric), kind, subject) for gate in gates)


def not_applicable(gates: Iterable[Gate], kind: Kind, subject: str, reason: str) -> tuple[Verdict, ...]:
    """Return a verdict for each gate that has nothing to judge."""
    return tuple(Verdict(kind, gate.metric, None, reason, subject, gate.min, gate.max, applies=False) for gate in gates)


def _verdict(gate: Gate, value: float | None, kind: Kind, subject: str) -> Verdict:
    known = value if value is not None and math.isfinite(value) else None
    return Verdict(kind, gate.metric, known, _reason(gate, known, subject), subject, gate.min, gate.max)


def _reason(gate: Gate, value: float | None, subject: str) -> str:
    name = f"{gate.metric} of {subject}" if subject else gate.metric
    if value is None:
        return f"{name} cannot be evaluated"
    if gate.min is not None and value < gate.min:
        return f"{name} is {value:.6g}, below the least allowed, {gate.min:g}"
    if gate.max is not None and value > gate.max:
        return f"{name} is {value:.6g}, above the greatest allowed, {gate.max:g}"
    return ""
