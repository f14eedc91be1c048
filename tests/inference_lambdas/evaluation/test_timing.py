"""Requests of a caller's size are timed apart from those that predict the rows, from a recorded event."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inference_lambdas.aws.sagemaker_runtime import ModelRefusedError
from inference_lambdas.handlers.evaluate_model import handler
from inference_lambdas.predicting import answers
from inference_lambdas.predicting.invocation import Answer
from inference_lambdas.predicting.timing import WARM_UP
from pipeline_lambdas.runtime.outcome import Continue, Done
from tests.inference_lambdas.endpoint_double import (
    FILES,
    LOOSE,
    REPORT_KEY,
    Endpoint,
    Results,
    event,
    plain_config,
    report,
)
from tests.pipeline_lambdas.aws_doubles import Context, upload_config, upload_dataset

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture(autouse=True)
def took(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request takes as many milliseconds as it has rows."""

    def invoke(send: Callable[[], bytes], _has_time: Callable[[], bool]) -> Answer:
        content = send()
        return Answer(content, float(content.count(b"\n")))

    monkeypatch.setattr(answers, "invoke_patiently", invoke)


def configured(**latency: int) -> None:
    upload_config(plain_config(*LOOSE, latency=latency, gates={"rmse": {"max": 9}, "latency_p99_ms": {"max": 50}}))


def rows_of(bodies: list[bytes]) -> list[bytes]:
    return [row for body in bodies for row in body.split(b"\n")]


def latency_gate() -> dict[str, Any]:
    (gate,) = [gate for gate in report()["gates"] if gate["metric"].startswith("latency")]
    found: dict[str, Any] = gate
    return found


def test_by_default_two_hundred_requests_of_a_row_are_timed(endpoint: Endpoint, results: Results) -> None:
    configured()
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    found = report()["latency"]
    timed = endpoint.bodies[2 : 2 + WARM_UP + 200]
    # The two batches of 700 and 55 rows are no part of it.
    assert found["latency_p50_ms"] == found["latency_max_ms"] == 1
    assert (found["invocations"], found["rows_per_request"], found["warm_up"]) == (200, 1, WARM_UP)
    assert (found["first_ms"], found["first_rows"], found["serverless"]) == (700, 700, False)
    assert sum(bar["count"] for bar in found["histogram"]) == 200
    lines = [line.partition(b",")[2] for line in FILES["test/a.csv"].splitlines()]
    assert timed == lines[: WARM_UP + 200]
    assert (latency_gate()["subject"], latency_gate()["value"]) == ("200 requests of 1 row", 1)


def test_requests_have_the_rows_that_callers_send(endpoint: Endpoint, results: Results) -> None:
    configured(rows=40, requests=100)
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    timed = endpoint.bodies[2 : 2 + WARM_UP + 100]
    assert {body.count(b"\n") + 1 for body in timed} == {40}
    # After the last row the first comes again.
    assert set(rows_of(timed)) == set(rows_of(endpoint.bodies[:2]))
    assert report()["latency"]["latency_p99_ms"] == 40


def test_a_gate_that_fails_names_the_requests(endpoint: Endpoint, results: Results) -> None:
    del endpoint
    configured(rows=60, requests=100)
    handler(event("evaluate_full"), Context())
    assert "latency_p99_ms of 100 requests of 60 rows is 60, above the greatest allowed, 50" in results.message()


def test_a_request_that_is_too_large_is_refused_before_it_is_sent(
    endpoint: Endpoint, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference_lambdas.predicting.plan.INSTANCE_LIMIT_BYTES", 1_100_000)
    upload_dataset(FILES | {"test/a.csv": b"".join(b"1,1.%0999d,1,1\n" % 1 for _ in range(1_500))})
    configured(rows=1_200)
    handler(event("evaluate_full"), Context())
    assert "tests.full.latency.rows: 1200 rows are 12" in results.message()
    assert "has at most 1100000. Ask for fewer rows." in results.message()
    assert max(map(len, endpoint.bodies)) <= 1_100_000


def test_a_smoke_test_without_a_gate_of_latency_times_nothing(endpoint: Endpoint, results: Results) -> None:
    handler(event("evaluate_smoke"), Context())
    assert isinstance(results.last, Done), results.last
    assert len(endpoint.bodies) == 1
    found = report(REPORT_KEY.replace("test-", "dev-"))["latency"]
    assert (found["invocations"], found["rows_per_request"], found["latency_p95_ms"]) == (0, None, None)
    assert not [name for name in json.loads(results.last.variables["Metrics"]) if name.startswith("latency")]


def test_timing_goes_on_in_the_next_invocation(endpoint: Endpoint, results: Results) -> None:
    configured(requests=100)
    token = None
    for time in ([100_000, 100_000, 100_000, 0], [100_000] * 20 + [0], [100_000] * 1_000, [100_000] * 1_000):
        handler(event("evaluate_full", token=token), Context(time))
        token = results.last.token if isinstance(results.last, Continue) else None
    assert isinstance(results.last, Done), results.last
    # The last of them judges.
    assert len(results.outcomes) == 4
    found = report()["latency"]
    assert found["invocations"] == sum(bar["count"] for bar in found["histogram"]) == 100
    # Each row once but for those that warm a connection up.
    assert len(endpoint.bodies) < 2 + 100 + 3 * WARM_UP + 20


def test_a_request_that_may_fail_is_not_timed(endpoint: Endpoint, results: Results) -> None:
    gates = {"rmse": {"max": 9}, "failed_share": {"max": 1}}
    upload_config(plain_config(*LOOSE, gates=gates, latency={"requests": 100}))

    def refuse(rows: list[list[float]]) -> bytes:
        if any(row[0] > 0.9 for row in rows):
            raise ModelRefusedError("too much")
        return b"1\n" * len(rows)

    endpoint.answer = refuse
    handler(event("evaluate_full"), Context())
    assert isinstance(results.last, Done), results.last
    lines = [line.split(b",")[1] for line in FILES["test/a.csv"].splitlines()[WARM_UP : 100 + WARM_UP]]
    assert report()["latency"]["invocations"] == sum(float(value) <= 0.9 for value in lines) < 100
