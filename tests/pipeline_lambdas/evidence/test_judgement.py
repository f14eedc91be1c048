from __future__ import annotations

from typing import Any

import pytest

from pipeline_lambdas.evidence.judgement import Worse, shown_worse, state_of, state_of_gate, words_of


def gate(value: float | None, low: float | None, high: float | None, **more: Any) -> dict[str, Any]:
    found = {"kind": "champion", "metric": "rmse", "value": value, "low": low, "high": high, "max": 5.0}
    return {**found, "verdict": "passed", **more}


def judged(*gates: Any, verdict: str = "passed") -> dict[str, Any]:
    return {"verdict": verdict, "gates": list(gates)}


def test_a_model_that_is_shown_to_be_worse_within_its_bound_is_said_to_be() -> None:
    found = judged(gate(2.1234, 0.4, 3.9), gate(-1, -3, 1, metric="r2"))
    assert shown_worse(found) == [Worse("rmse", 2.1234, 0.4, 3.9, 5.0)]
    assert state_of(found) == "passed, but worse"
    assert words_of(found) == (
        "passed, but shown to be worse than the champion: rmse 2.12 % worse (95 % interval 0.4 to 3.9 %; 5 % allowed)"
    )


@pytest.mark.parametrize(
    "one",
    [
        gate(2, -0.1, 4),
        gate(-2, -4, -0.1),
        gate(0, 0, 0),
        gate(None, None, None),
        gate(2, 0.4, 3.9, kind="slice"),
        "text",
        gate(2, 0.4, 3.9) | {"low": True},
    ],
)
def test_what_chance_may_explain_is_passed(one: Any) -> None:
    assert (state_of(judged(one)), words_of(judged(one))) == ("passed", "passed")


def test_what_failed_is_failed_however_else_it_compares() -> None:
    found = judged(gate(2.1, 0.4, 3.9), gate(9, 6, 12, verdict="failed"), verdict="failed")
    assert (state_of(found), words_of(found)) == ("failed", "failed")
    assert state_of({}) == state_of({"gates": None}) == "failed"


@pytest.mark.parametrize(
    ("one", "state"),
    [
        (gate(2.1, 0.4, 3.9), "passed, but worse"),
        (gate(2.1, -0.4, 3.9), "passed"),
        (gate(2.1, 0.4, 3.9, verdict="failed"), "failed"),
        (gate(None, None, None, verdict="not applicable"), "not applicable"),
        ({}, "failed"),
    ],
)
def test_the_state_of_a_gate(one: dict[str, Any], state: str) -> None:
    assert state_of_gate(one) == state
