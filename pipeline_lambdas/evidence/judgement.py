"""The result of an evaluation, in the words that the report, the approval and the command line share.

It reads documents of schema slipway-evaluation/2, any part of which may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["passed", "passed, but worse", "failed", "not applicable"]

PASSED: State = "passed"
WORSE: State = "passed, but worse"
"""Within the bounds of all gates, and yet shown to be worse than the champion: chance does not explain it."""
FAILED: State = "failed"
NOT_APPLICABLE: State = "not applicable"
FULLEST_FIRST = ("test", "dev", "prod")
"""The environments, the one with the fullest evaluation first."""


@dataclass(frozen=True, slots=True)
class Worse:
    """A metric in which a model is shown to be worse than the champion, in per cent, with its 95 % interval."""

    metric: str
    percent: float
    low: float
    high: float
    allowed: float | None

    @property
    def words(self) -> str:
        bound = "" if self.allowed is None else f"; {_short(self.allowed)} % allowed"
        interval = f"95 % interval {_short(self.low)} to {_short(self.high)} %"
        return f"{self.metric} {_short(self.percent)} % worse ({interval}{bound})"


def state_of_gate(gate: Mapping[str, Any]) -> State:
    """Return a gate's verdict; a model that is shown to be worse may still pass a gate against the champion."""
    verdict = gate.get("verdict")
    if verdict == PASSED:
        return WORSE if _worse(gate) else PASSED
    return NOT_APPLICABLE if verdict == NOT_APPLICABLE else FAILED


def shown_worse(evaluation: Mapping[str, Any]) -> list[Worse]:
    """Return the gated metrics in which a model is shown to be worse than the champion: by the whole interval."""
    gates = evaluation.get("gates")
    found = [_worse(gate) for gate in gates if isinstance(gate, Mapping)] if isinstance(gates, list) else []
    return [one for one in found if one]


def state_of(evaluation: Mapping[str, Any]) -> State:
    """Return the combined verdict of an evaluation's gates."""
    if evaluation.get("verdict") != PASSED:
        return FAILED
    return WORSE if shown_worse(evaluation) else PASSED


def words_of(evaluation: Mapping[str, Any]) -> str:
    """Describe an evaluation's result, with numbers if a model that passed is shown to be worse."""
    state = state_of(evaluation)
    return f"passed, but {worse_words(shown_worse(evaluation))}" if state == WORSE else state


def worse_words(found: list[Worse]) -> str:
    """Describe in which metrics a model is shown to be worse."""
    return f"shown to be worse than the champion: {', '.join(one.words for one in found)}"


def _worse(gate: Mapping[str, Any]) -> Worse | None:
    if gate.get("kind") != "champion" or gate.get("verdict") != PASSED:
        return None
    value, low, high, allowed = (_number(gate.get(name)) for name in ("value", "low", "high", "max"))
    if value is None or low is None or high is None or low <= 0:
        return None
    return Worse(str(gate.get("metric") or "a metric"), value, low, high, allowed)


def _number(value: object) -> float | None:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else float(value)


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
