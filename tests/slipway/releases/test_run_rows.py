from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console
from slipway.releases.run_rows import RunRow, row_of
from slipway.terminal.directions import better_of, direction_of
from slipway.verbs.runs import Filter, check_statuses, ordered, runs_list, with_metric

from inference_lambdas.judging.comparison import LOWER_IS_BETTER
from pipeline_lambdas.config.schema import METRICS

PIPELINE = "slipway-local-wine-quality"
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
COMMIT = "1f3899f55f5a0000000000000000000000000000"
SUMMARY: dict[str, Any] = {
    "pipelineExecutionId": "0f3c1f6e-5f0e-4a0b-9a3f-6c1d2b7e8a90",
    "status": "Failed",
    "startTime": NOW,
    "lastUpdateTime": NOW + timedelta(seconds=125),
    "trigger": {
        "triggerType": "CloudWatchEvent",
        "triggerDetail": f"arn:aws:events:us-east-1:1:rule/{PIPELINE}-training-config",
    },
    "sourceRevisions": [
        {"actionName": "PipelineLambdas", "revisionId": "2" * 40, "revisionSummary": "Other"},
        {"actionName": "TrainingConfig", "revisionId": COMMIT, "revisionSummary": "Deeper trees\n\nMore"},
    ],
}
GATE = {"kind": "bound", "metric": "rmse", "value": 0.8, "min": None, "max": 0.75, "verdict": "failed"}
TEST = {"verdict": "failed", "metrics": {"mae": 0.5, "rmse": 0.8}, "gates": [GATE]}
FAILED = {"stage": "DeployTest", "action": "Evaluate", "status": "Failed", "attempt": 1, "error_message": "rmse 0.8\nx"}
RECORD: dict[str, Any] = {"evaluations": {"test": TEST}, "actions": [FAILED]}
AUTHORS = {COMMIT: "Eve Example"}


def row(**changes: Any) -> RunRow:
    return replace(row_of(SUMMARY, RECORD, PIPELINE, NOW, AUTHORS), **changes)


def shown(rows: list[RunRow], width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(runs_list(rows, width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_failed_release_is_told_whole() -> None:
    found = row()
    assert (found.metric, found.value, found.verdict) == ("rmse", 0.8, "failed")
    assert (found.failed_stage, found.failed_action, found.reason) == ("DeployTest", "Evaluate", "rmse 0.8")
    assert (found.commit, found.message, found.author) == (COMMIT, "Deeper trees", "Eve Example")
    assert found.seconds == 125


def test_a_rejection_names_who_and_why() -> None:
    approval = {"status": "Rejected", "by": "arn:aws:iam::1:user/eve", "reason": "too slow"}
    action = {**FAILED, "stage": "Approve", "action": "Approve", "error_message": "Rejected"}
    found = row_of(SUMMARY, {"approval": approval, "actions": [action]}, PIPELINE, NOW, {})
    assert found.reason == "Rejected by eve: too slow"


@pytest.mark.parametrize("record", [{}, {"evaluations": None, "actions": None}, {"evaluations": {"test": {}}}])
def test_a_release_without_a_record_is_still_listed(record: dict[str, Any]) -> None:
    found = row_of({**SUMMARY, "sourceRevisions": []}, record, PIPELINE, NOW, {})
    assert (found.metric, found.value, found.verdict, found.commit) == ("", None, "", "")
    assert shown([found], 80)


def test_an_open_approval_makes_a_release_wait() -> None:
    summary = {**SUMMARY, "status": "InProgress"}
    assert row_of(summary, {}, PIPELINE, NOW, {}, waits=True).status == "Waiting"
    assert row_of(SUMMARY, {}, PIPELINE, NOW, {}, waits=True).status == "Failed"


def test_the_list_fits_into_80_columns_and_uses_more() -> None:
    rows = [row(reason="no such column: " + "x" * 300, author="y" * 100), row(status="Superseded")]
    narrow = shown(rows, 80)
    assert max(map(len, narrow)) <= 80
    assert "rmse 0.8  failed" in narrow[0]
    assert narrow[1].startswith("  push to training-config: 1f3899f Deeper trees (yyy")
    assert narrow[2].startswith("  DeployTest/Evaluate: no such column")
    assert max(map(len, shown(rows, 200))) > 150


def test_rows_are_narrowed_by_what_records_tell() -> None:
    def kept(**wanted: str) -> bool:
        return Filter(frozenset(), "", None, PIPELINE, **wanted).fits_row(row())

    assert all((kept(stage="deploytest"), kept(author="eve"), kept(verdict="failed")))
    assert not any((kept(stage="Train"), kept(author="adam"), kept(verdict="passed")))
    waiting = Filter(check_statuses(["waiting"]), "", None, PIPELINE)
    assert waiting.fits({**SUMMARY, "status": "InProgress"}, NOW)
    assert waiting.fits_row(row(status="Waiting"))
    assert not waiting.fits_row(row(status="InProgress"))


def test_the_best_value_comes_first_and_none_last() -> None:
    values = [0.7, None, 0.5]
    assert [one.value for one in ordered([row(value=value) for value in values], "metric")] == [0.5, 0.7, None]
    more = [row(metric="auc", value=value) for value in values]
    assert [one.value for one in ordered(more, "metric")] == [0.7, 0.5, None]
    assert with_metric(row(), "mae").value == 0.5
    assert with_metric(row(), "f1").value is None


def test_the_direction_of_every_metric_of_a_config_is_known() -> None:
    for metric in {name for names in METRICS.values() for name in names}:
        assert direction_of(metric) == (-1 if metric in LOWER_IS_BETTER or metric.startswith("latency") else 1), metric
    assert better_of("rmse", 0.7, 0.6) == "better"
    assert better_of("r2", 0.7, 0.6) == "worse"
    assert better_of("own", 1, 2) == ""
    assert better_of("own", 1, 2, [{"metric": "own", "min": 0.5, "max": None}]) == "better"
