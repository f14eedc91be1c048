"""Which events of EventBridge a release is recorded for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline_lambdas.release.events import ACTION, ENDS, EXECUTION, Answered, Ended, parse_end, parse_event
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.failures import ConfigurationError
from tests.events import EXECUTION_ID, PREFIX, event

RELEASE = Release(PREFIX, EXECUTION_ID)


def changed(name: str, **detail: Any) -> dict[str, Any]:
    document = event(name)
    return {**document, "detail": {**document["detail"], **detail}}


@pytest.mark.parametrize(("state", "status"), ENDS.items())
def test_the_end_of_a_release(state: str, status: str) -> None:
    told = parse_event(changed("release_ended", state=state), PREFIX)
    assert told == Ended(RELEASE, status, datetime.fromisoformat(event("release_ended")["time"]))
    assert isinstance(told, Ended)
    assert told.at.tzinfo is not None
    assert told.at.astimezone(UTC)


def test_an_event_whose_tries_all_failed_is_on_its_last_try() -> None:
    ended = event("release_ended")
    told = parse_event({"source": "lambda", "detail": {"requestPayload": ended}}, PREFIX)
    assert isinstance(told, Ended)
    assert told.last_try
    assert replace(told, last_try=False) == parse_event(ended, PREFIX)


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED"])
def test_the_answer_to_an_approval(state: str) -> None:
    assert parse_event(changed("approval_answered", state=state), PREFIX) == Answered(RELEASE)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"detail-type": EXECUTION, "detail": None},
        {"last_try_of": event("release_ended")},
        {"source": "lambda", "detail": {"requestPayload": None}},
        changed("release_ended", state="STARTED"),
        changed("release_ended", pipeline="another"),
        changed("release_ended", **{"execution-id": 7}),
        {**event("release_ended"), "time": "yesterday"},
        {**event("release_ended"), "detail-type": "CodePipeline Stage Execution State Change"},
        changed("approval_answered", type={"category": "Build"}),
        {**event("approval_answered"), "detail-type": EXECUTION, "detail": {"state": "RESUMED"}},
        {"detail-type": ACTION, "detail": {"pipeline": PREFIX, "execution-id": 5, "state": "FAILED"}},
    ],
)
def test_another_event_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"the pipeline {PREFIX} nor an answer"):
        parse_event(wrong, PREFIX)


def test_an_execution_id_of_another_form_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="execution_id: found '8f3c'"):
        parse_event(changed("release_ended", **{"execution-id": "8f3c"}), PREFIX)


def test_end_release_accepts_only_the_end_of_a_release() -> None:
    assert parse_end(event("release_ended"), PREFIX) == parse_event(event("release_ended"), PREFIX)
    with pytest.raises(ConfigurationError, match=f"does not report the end of an execution of the pipeline {PREFIX}"):
        parse_end(event("approval_answered"), PREFIX)
    with pytest.raises(ConfigurationError, match="Let only the rules"):
        parse_end(None, PREFIX)
