from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slipway.errors import SlipwayError
from slipway.verbs.rollback import previous
from slipway.verbs.runs import Filter, check_statuses

PIPELINE = "slipway-local-wine-quality"
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def summary(number: int, status: str = "Succeeded", rule: str = "dataset") -> dict[str, Any]:
    return {
        "pipelineExecutionId": f"{number:08d}-0000-4000-8000-000000000000",
        "status": status,
        "startTime": NOW - timedelta(hours=number),
        "trigger": {
            "triggerType": "CloudWatchEvent",
            "triggerDetail": f"arn:aws:events:us-east-1:111122223333:rule/{PIPELINE}-{rule}",
        },
    }


SUMMARIES = [summary(1), summary(2, "Failed"), summary(3, "Failed", "training-config"), summary(30)]


def kept(statuses: list[str] | None = None, because: str = "", since_s: int | None = None) -> list[int]:
    wanted = Filter(check_statuses(statuses or []), because, since_s, PIPELINE)
    assert wanted.narrow == bool(statuses or because or since_s)
    return [int(one["pipelineExecutionId"][:8]) for one in SUMMARIES if wanted.fits(one, NOW)]


def test_releases_are_narrowed_by_all_that_is_asked() -> None:
    assert kept() == [1, 2, 3, 30]
    assert kept(["failed"]) == [2, 3]
    assert kept(["FAILED", "succeeded"]) == [1, 2, 3, 30]
    assert kept(because="Push") == [3]
    assert kept(since_s=7200) == [1, 2]
    assert kept(["failed"], "dataset", 7200) == [2]


def test_an_unknown_status_names_the_known_ones() -> None:
    with pytest.raises(SlipwayError, match=r"--status: found ok; expected Cancelled, Failed, InProgress"):
        check_statuses(["ok", "failed"])


@pytest.mark.parametrize(
    ("serving", "expected"),
    [
        (f"{PIPELINE}-00000001-0000", 2),
        (f"{PIPELINE}-00000002-0000-3", 3),
        (f"{PIPELINE}-99999999-0000", 1),
    ],
)
def test_the_release_before_the_one_that_serves(serving: str, expected: int) -> None:
    assert previous(SUMMARIES, serving, PIPELINE) == summary(expected)["pipelineExecutionId"]


def test_nothing_before_the_first_release() -> None:
    with pytest.raises(SlipwayError, match="found no release before the one that Prod serves"):
        previous(SUMMARIES, f"{PIPELINE}-00000030-0000", PIPELINE)
