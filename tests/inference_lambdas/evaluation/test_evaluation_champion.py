"""The comparison with the champion, from a recorded event."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from inference_lambdas.aws.sagemaker_runtime import ModelRefusedError
from inference_lambdas.handlers.evaluate_model import handler
from pipeline_lambdas.runtime.outcome import Done
from tests.events import PREFIX
from tests.inference_lambdas.endpoint_double import (
    LOOSE,
    Endpoint,
    Results,
    continued,
    event,
    plain_config,
    report,
    small_batches,
)
from tests.pipeline_lambdas.aws_doubles import Context, upload_config

EVENT = "evaluate_full_with_champion"


@pytest.fixture(autouse=True)
def asked(environment: None) -> None:
    del environment
    configure(5)


def configure(bound: float, require: str = "not-shown-worse") -> None:
    champion = {"require": require, "gates": {"rmse": {"max_worse_percent": bound}}}
    upload_config(plain_config(*LOOSE, champion=champion))


def champion_gate() -> dict[str, Any]:
    (gate,) = [gate for gate in report()["gates"] if gate["kind"] == "champion"]
    found: dict[str, Any] = gate
    return found


def times(factor: float) -> Any:
    return lambda rows: b"".join(b"%f\n" % (sum(row) * 3 * factor) for row in rows)


def test_a_model_no_worse_than_the_champion_passes(endpoint: Endpoint, results: Results) -> None:
    endpoint.champion = times(0.9)
    handler(event(EVENT), Context())
    assert isinstance(results.last, Done), results.last
    champion = report()["champion"]
    assert (champion["status"], champion["model"], champion["rows"]) == ("compared", f"{PREFIX}-00000000-1111", 755)
    gate, difference = champion_gate(), champion["differences"]["rmse"]
    assert difference["high"] < 0 > difference["worse_percent"] == gate["value"]
    assert (gate["low"], gate["high"], gate["max"]) == (difference["low"], difference["high"], 5.0)
    assert champion["metrics"]["rmse"] > report()["metrics"]["rmse"]
    # Both endpoints were asked for the same rows; only the challenger's latency is timed.
    assert sorted(endpoint.champion_bodies) == sorted(endpoint.bodies[:2])


def test_a_worse_model_fails_with_value_and_interval(endpoint: Endpoint, results: Results) -> None:
    endpoint.answer, endpoint.champion = times(0.8), times(1)
    handler(event(EVENT), Context())
    assert "rmse is 1" in results.message()
    assert "% worse than the champion's (95 % interval" in results.message()
    assert "so more than the 5 % allowed" in results.message()
    gate = champion_gate()
    assert gate["verdict"] == "failed"
    assert gate["value"] > gate["low"] > 5


def test_a_worse_model_within_the_bound_passes_and_says_so(endpoint: Endpoint, results: Results) -> None:
    configure(500)
    endpoint.answer, endpoint.champion = times(0.8), times(1)
    handler(event(EVENT), Context())
    assert isinstance(results.last, Done), results.last
    gate = champion_gate()
    assert (gate["verdict"], gate["low"] > 0) == ("passed", True)
    said = f"passed, but shown to be worse than the champion: rmse {gate['value']:.3g} % worse (95 % interval "
    assert results.last.variables["Verdict"].startswith(said)
    assert results.last.variables["Verdict"].endswith("; 500 % allowed)")
    assert results.last.summary is not None
    assert results.last.summary.startswith(said)
    assert results.last.summary.endswith("; 755 rows, all gates passed (4)")


@pytest.mark.simulation
def test_equal_models_pass_either_way(endpoint: Endpoint, results: Results) -> None:
    endpoint.champion = endpoint.answer
    for require in ("not-shown-worse", "shown-not-worse"):
        configure(0, require)
        handler(event(EVENT), Context())
        assert isinstance(results.last, Done), results.last
        assert (champion_gate()["value"], champion_gate()["low"], champion_gate()["high"]) == (0, 0, 0)


@pytest.mark.simulation
def test_noise_decides_by_what_is_required(endpoint: Endpoint, results: Results) -> None:
    # The same model but for noise that is as often for the better as for the worse.
    endpoint.champion = lambda rows: b"".join(
        b"%f\n" % (sum(row) * 3 + (0.05 if int(row[0] * 1e4) % 2 else -0.05)) for row in rows
    )
    handler(event(EVENT), Context())
    assert isinstance(results.last, Done), results.last
    gate = champion_gate()
    assert gate["low"] < gate["value"] < gate["high"]
    configure(max(0.0, gate["value"]), "shown-not-worse")
    handler(event(EVENT), Context())
    assert "so it is not shown to be within the" in results.message()


def test_without_a_champion_its_gates_do_not_apply(endpoint: Endpoint, results: Results) -> None:
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    assert results.last.summary == "755 rows, all gates passed (3), 1 not applicable"
    assert endpoint.champion_bodies == []
    champion = report()["champion"]
    assert (champion["status"], champion["model"]) == ("none", None)
    assert champion["reason"] == champion_gate()["reason"] == "no champion: Prod serves no model yet"
    assert champion_gate()["verdict"] == "not applicable"


def test_a_config_that_asks_for_no_comparison_gets_none(endpoint: Endpoint, results: Results) -> None:
    upload_config(plain_config(*LOOSE))
    handler(event(EVENT), Context())
    assert isinstance(results.last, Done), results.last
    assert report()["champion"] is None
    assert endpoint.champion_bodies == []


def test_a_champion_that_cannot_answer_fails_its_gates(endpoint: Endpoint, results: Results) -> None:
    def refuse(_: object) -> bytes:
        raise ModelRefusedError("Feature shape mismatch, expected: 4, got 3")

    endpoint.champion = refuse
    handler(event(EVENT), Context())
    reason = f"the champion cannot answer: Endpoint {PREFIX}-champion: Feature shape mismatch, expected: 4, got 3"
    assert f"rmse against the champion: {reason}" in results.message()
    document = report()
    assert (document["champion"]["status"], document["champion"]["reason"]) == ("failed", reason)
    # The model itself is judged all the same.
    assert document["metrics"]["rmse"] is not None
    assert document["rows"] == 755


@pytest.mark.parametrize("status", ["Creating", None])
def test_the_champion_has_to_be_in_service(endpoint: Endpoint, results: Results, status: str | None) -> None:
    endpoint.champion_status = status
    handler(event(EVENT), Context())
    assert f"Endpoint {PREFIX}-champion is {status or 'missing'}" in results.message()
    assert endpoint.champion_bodies == []


def test_another_config_than_the_champions_is_not_compared_with(endpoint: Endpoint, results: Results) -> None:
    """The model of another release, behind the champion's endpoint, would let a bad one pass."""
    endpoint.champion_serving = f"{PREFIX}-champ-99999999-9999"
    handler(event(EVENT), Context())
    assert f"is InService with {PREFIX}-champ-99999999-9999" in results.message()
    assert endpoint.champion_bodies == []


def test_a_config_that_was_made_again_under_the_champions_name_is_not_compared_with(
    endpoint: Endpoint, results: Results
) -> None:
    """The end of a failed release deletes it, and code of a push could make another before the release is retried."""
    endpoint.created[endpoint.champion_serving] = datetime(2026, 1, 2, tzinfo=UTC)
    handler(event(EVENT), Context())
    made = "found the one made at 2026-01-02T00:00:00+00:00; expected the one made at"
    assert f"Endpoint config {endpoint.champion_serving}: {made}" in results.message()
    assert endpoint.champion_bodies == []


@pytest.mark.parametrize("invocations", [1, 2])
def test_a_champion_that_changes_meanwhile_is_not_compared_with(
    endpoint: Endpoint, results: Results, invocations: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Updated to another model, and back before anybody looks."""
    honest = endpoint.champion

    def swap(rows: list[list[float]]) -> bytes:
        endpoint.champion_since = datetime(2026, 1, 5, tzinfo=UTC)
        return honest(rows)

    endpoint.champion = swap
    if invocations == 1:
        handler(event(EVENT), Context())
    else:
        small_batches(monkeypatch)
        assert continued(results, EVENT) > 1
    assert f"the champion cannot answer: Endpoint {PREFIX}-champion changed while it was asked" in results.message()


@pytest.mark.simulation
def test_rows_that_one_of_both_does_not_predict_are_not_compared(endpoint: Endpoint, results: Results) -> None:
    champion = {"gates": {"rmse": {"max_worse_percent": 5}}}
    gates = {"rmse": {"max": 9}, "failed_share": {"max": 0.1}}
    upload_config(plain_config(*LOOSE, gates=gates, champion=champion))
    endpoint.answer = lambda rows: b"\n".join(b"nan" if row[0] > 0.98 else b"%f" % (sum(row) * 3) for row in rows)
    endpoint.champion = lambda rows: b"\n".join(b"nan" if row[1] > 0.98 else b"%f" % (sum(row) * 3) for row in rows)
    handler(event(EVENT), Context())
    assert isinstance(results.last, Done), results.last
    document = report()
    rows = [[float(cell) for cell in line.split(b",")] for body in endpoint.bodies[:2] for line in body.split(b"\n")]
    assert document["failed_rows"] == sum(row[0] > 0.98 for row in rows) > 0
    assert document["champion"]["rows"] == sum(row[0] <= 0.98 and row[1] <= 0.98 for row in rows)
    assert document["champion"]["differences"]["rmse"]["difference"] == 0


def test_rows_that_must_not_fail_leave_no_comparison(endpoint: Endpoint, results: Results) -> None:
    endpoint.answer = lambda rows: b"\n".join(b"nan" if row[0] > 0.98 else b"5" for row in rows)
    handler(event(EVENT), Context())
    assert "rmse against the champion: rows are left out that the model did not predict" in results.message()
    assert report()["champion"]["status"] == "failed"
