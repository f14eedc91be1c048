"""What may be stopped and retried; `operations/test_rollback.py` has the rules of rollbacks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local_aws.codepipeline.execution import control
from local_aws.codepipeline.execution.control import StageView
from local_aws.codepipeline.state.view import ActionView

OK, BAD, RUN, LOST = "Succeeded", "Failed", "InProgress", "Abandoned"


def actions(*statuses: str | None, orders: tuple[int, ...] | None = None) -> tuple[ActionView, ...]:
    numbers = orders or tuple(range(1, len(statuses) + 1))
    return tuple(
        ActionView(chr(ord("a") + i), order, status)
        for i, (order, status) in enumerate(zip(numbers, statuses, strict=True))
    )


FAILED = StageView("Failed", actions(OK, BAD, None), "SUPERSEDED", latest=True, outdated=False)
RETRIES: dict[str, tuple[StageView, str, frozenset[str] | str]] = {
    "failed actions only": (FAILED, "FAILED_ACTIONS", frozenset("b")),
    "all actions that ran": (FAILED, "ALL_ACTIONS", frozenset("ab")),
    "abandoned ones count as failed": (
        replace(FAILED, status="Stopped", actions=actions(LOST, None)),
        "FAILED_ACTIONS",
        frozenset("a"),
    ),
    "a stopped stage is continued": (
        replace(FAILED, status="Stopped", actions=actions(OK, None)),
        "FAILED_ACTIONS",
        frozenset(),
    ),
    "while a sibling runs": (
        replace(FAILED, status="InProgress", actions=actions(BAD, RUN, orders=(1, 1))),
        "FAILED_ACTIONS",
        frozenset("a"),
    ),
    "not all of them while one runs": (
        replace(FAILED, status="InProgress", actions=actions(BAD, RUN, orders=(1, 1))),
        "ALL_ACTIONS",
        "StageNotRetryableException",
    ),
    "not a stage that succeeded": (
        replace(FAILED, status="Succeeded", actions=actions(OK)),
        "ALL_ACTIONS",
        "StageNotRetryableException",
    ),
    "not a retry on a retry": (
        replace(FAILED, status="InProgress", actions=actions(OK, RUN)),
        "FAILED_ACTIONS",
        "StageNotRetryableException",
    ),
    "not a stage that it has not reached": (
        replace(FAILED, status=None, actions=actions(None)),
        "FAILED_ACTIONS",
        "StageNotRetryableException",
    ),
    "not after an update": (replace(FAILED, outdated=True), "FAILED_ACTIONS", "StageNotRetryableException"),
    "not after a later execution": (
        replace(FAILED, latest=False),
        "FAILED_ACTIONS",
        "NotLatestPipelineExecutionException",
    ),
    "in PARALLEL mode others do not matter": (
        replace(FAILED, latest=False, mode="PARALLEL"),
        "FAILED_ACTIONS",
        frozenset("b"),
    ),
}


@pytest.mark.parametrize("case", RETRIES)
def test_retry(case: str) -> None:
    stage, mode, expected = RETRIES[case]
    if isinstance(expected, str):
        with pytest.raises(control.RefusedError) as refused:
            control.actions_to_retry(stage, mode)
        assert refused.value.code == expected
    else:
        assert control.actions_to_retry(stage, mode) == expected


@pytest.mark.parametrize(
    ("status", "stop", "abandon", "code"),
    [
        ("InProgress", "", False, None),
        ("InProgress", "", True, None),
        ("Stopping", "wait", True, None),
        ("Stopping", "wait", False, "DuplicatedStopRequestException"),
        ("Stopping", "abandon", True, "DuplicatedStopRequestException"),
        ("Stopping", "abandon", False, "DuplicatedStopRequestException"),
        ("Succeeded", "", False, "PipelineExecutionNotStoppableException"),
        ("Stopped", "wait", True, "PipelineExecutionNotStoppableException"),
    ],
)
def test_stop(status: str, stop: str, abandon: bool, code: str | None) -> None:
    if code is None:
        control.check_stop(status, stop, abandon=abandon)
        return
    with pytest.raises(control.RefusedError) as refused:
        control.check_stop(status, stop, abandon=abandon)
    assert refused.value.code == code
