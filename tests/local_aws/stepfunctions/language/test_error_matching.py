from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.stepfunctions.definition.model import Retrier
from local_aws.stepfunctions.language.error_matching import first_match, matches, retry_delay


@pytest.mark.parametrize(
    ("names", "error", "of_task", "handled"),
    [
        (["States.ALL"], "Custom", False, True),
        (["States.ALL"], "States.Timeout", False, True),
        (["States.ALL"], "States.QueryEvaluationError", False, True),
        (["States.ALL"], "States.Runtime", False, False),
        (["States.ALL"], "States.Runtime", True, False),
        (["States.Runtime"], "States.Runtime", False, False),
        (["States.ALL"], "States.DataLimitExceeded", False, False),
        (["States.ALL"], "States.DataLimitExceeded", True, True),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", False, True),
        (["States.TaskFailed"], "Custom", True, True),
        (["States.TaskFailed"], "States.BranchFailed", False, True),
        (["States.TaskFailed"], "States.Timeout", True, False),
        (["States.TaskFailed"], "States.HeartbeatTimeout", True, False),
        (["States.TaskFailed"], "States.DataLimitExceeded", False, False),
        (["States.Timeout"], "States.HeartbeatTimeout", True, True),
        (["States.HeartbeatTimeout"], "States.Timeout", True, False),
        (["A", "B"], "B", True, True),
        (["A"], "a", True, False),
        ([], "A", True, False),
    ],
)
def test_names_match_errors(names: list[str], error: str, of_task: bool, handled: bool) -> None:
    assert matches(names, error, of_task=of_task) is handled


def test_the_first_that_handles_an_error_is_chosen() -> None:
    handlers = [Retrier(("A",)), Retrier(("B", "C")), Retrier(("States.ALL",))]
    assert [first_match(handlers, error) for error in ("A", "C", "D", "States.Runtime")] == [0, 1, 2, None]


@pytest.mark.parametrize(
    ("retrier", "delays"),
    [
        (Retrier(("A",)), [1, 2, 4, 8]),
        (Retrier(("A",), interval_s=3, backoff_rate=1.5), [3, 4.5, 6.75, 10.125]),
        (Retrier(("A",), interval_s=3, backoff_rate=2, max_delay_s=10), [3, 6, 10, 10]),
        (Retrier(("A",), backoff_rate=1.0), [1, 1, 1, 1]),
        (Retrier(("A",), full_jitter=True), [0.25, 0.5, 1, 2]),
    ],
)
def test_delays_grow_as_declared(retrier: Retrier, delays: list[float]) -> None:
    assert [retry_delay(retrier, attempt, lambda: 0.25) for attempt in range(4)] == delays


@given(st.integers(0, 99_999_999), st.floats(1, 1e300), st.integers(0, 10_000))
def test_no_delay_is_beyond_what_a_state_may_wait(interval: int, rate: float, attempt: int) -> None:
    retrier = Retrier(("A",), interval_s=interval, backoff_rate=rate)
    assert 0 <= retry_delay(retrier, attempt, lambda: 0.5) <= 99_999_999
