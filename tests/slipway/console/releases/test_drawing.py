"""Where a release is, and when what ran, of recorded and of invented answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from slipway.console.releases.deciding import decisions
from slipway.console.releases.drawing.actions import actions_table
from slipway.console.releases.drawing.board import board, stages_of
from slipway.console.releases.drawing.timeline import bars, timeline
from slipway.console.releases.subject import Seen, Subject
from slipway.console.room import Page
from slipway.releases.run_view import view_run

from tests.slipway.console.drawing import session_with, text_of
from tests.slipway.releases.test_run_view import recorded

MARKUP = "<script>alert(1)</script>"
START = datetime(2026, 11, 23, tzinfo=UTC)
ABOUT = Subject(session_with(), "other")


def seen(answers: dict[str, Any]) -> Seen:
    found = view_run(answers["pipeline"], answers["execution"], answers["details"], answers["state"])
    return Seen(
        found, sorted(answers["details"], key=lambda one: one["startTime"]), answers["state"], answers["pipeline"]
    )


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def attempt(
    place: str, start: float, end: float, status: str = "Succeeded", provider: str = "Lambda"
) -> dict[str, Any]:
    stage, _, action = place.partition("/")
    return {
        "stageName": stage,
        "actionName": action,
        "actionExecutionId": f"{place}@{start}",
        "status": status,
        "startTime": at(start),
        "lastUpdateTime": at(end),
        "input": {"actionTypeId": {"provider": provider}},
    }


def made(*attempts: dict[str, Any], status: str = "InProgress", state: dict[str, Any] | None = None) -> Seen:
    places = {stage: {one["actionName"] for one in attempts if one["stageName"] == stage} for stage in
              dict.fromkeys(one["stageName"] for one in attempts)}  # fmt: skip
    provider = {one["actionName"]: one["input"]["actionTypeId"]["provider"] for one in attempts}
    stages = [
        {"name": stage, "actions": [{"name": name, "actionTypeId": {"provider": provider[name]}} for name in names]}
        for stage, names in places.items()
    ]
    execution = {"pipelineExecutionId": "7a51d3aa-0c53-4f39-8f0b-1f1f1f1f1f1f", "status": status}
    pipeline = {"name": "other", "stages": stages}
    return seen({"pipeline": pipeline, "execution": execution, "details": list(attempts), "state": state or {}})


def shown(html: str) -> str:
    return text_of(Page("", [html]))  # type: ignore[list-item]


def test_a_stage_tells_what_matters_most_of_its_actions() -> None:
    found = seen(recorded("gate_failed"))
    assert [(stage.name, stage.status) for stage in stages_of(found.run)] == [
        ("Source", "Succeeded"),
        ("Train", "Succeeded"),
        ("DeployTest", "Failed"),
        ("Approve", ""),
    ]
    told = shown(board(ABOUT, found, at(0)))
    assert "DeployTest ✗ Failed" in told
    assert "Approve not run" in told


def test_actions_stand_by_stage_with_their_variables_folded_below() -> None:
    found = seen(recorded("gate_failed"))
    markup = actions_table(found, at(0))
    assert re.findall(r'<th scope="rowgroup" id="stage-(\w+)"', markup) == ["Source", "Train", "DeployTest"]
    assert "Not run: Approve." in shown(markup)
    assert markup.index("<details>") > markup.index("</table>")
    assert "style=" not in markup


def test_what_an_action_says_is_text() -> None:
    told = attempt("Build/Build", 0, 1, "Failed")
    told["output"] = {"executionResult": {"errorDetails": {"code": "JobFailed", "message": MARKUP}}}
    markup = actions_table(made(told, status="Failed"), at(1))
    assert "&lt;script&gt;" in markup
    assert MARKUP not in markup


def test_waiting_for_a_person_and_in_front_of_a_stage_are_told_apart() -> None:
    found = made(
        attempt("Source/Code", 0, 10),
        attempt("Approve/Approve", 10, 70, provider="Manual"),
        attempt("Prod/Deploy", 100, 110, "Failed"),
        attempt("Prod/Deploy", 150, 160),
        status="Succeeded",
    )
    assert [(bar.row, bar.kind, bar.start, bar.end) for bar in bars(found, at(200))] == [
        ("Source/Code", "ran", 0, 10),
        ("Approve/Approve", "person", 10, 70),
        ("in front of Prod", "queue", 70, 100),
        ("Prod/Deploy", "failed", 100, 110),
        ("until Prod was retried", "person", 110, 150),
        ("Prod/Deploy", "ran", 150, 160),
    ]
    told = shown(timeline(found, at(200)) or "")
    assert "Waiting for a person 1 min 40 s" in told
    assert "Waiting in front of a stage 30 s" in told
    assert "All the rest 30 s" in told


def test_a_release_that_waits_now_waits_until_now() -> None:
    inbound = {"pipelineExecutionId": "7a51d3aa-0c53-4f39-8f0b-1f1f1f1f1f1f"}
    state = {"stageStates": [{"stageName": "Prod", "inboundExecution": inbound}]}
    found = bars(made(attempt("Source/Code", 0, 10), state=state), at(100))
    assert (found[-1].row, found[-1].kind, found[-1].end) == ("in front of Prod", "queue", 100)


def test_a_wait_of_days_leaves_room_for_what_ran() -> None:
    found = made(
        attempt("Source/Code", 0, 10),
        attempt("Approve/Approve", 10, 250_000, provider="Manual"),
        attempt("Prod/Deploy", 250_000, 250_010),
    )
    markup = timeline(found, at(250_010)) or ""
    widths = dict(zip(("person", "ran"), (0.0, 0.0), strict=True))
    for width, kind in re.findall(r'width="([\d.]+)" height="12" class="bar (\w+)"', markup):
        widths[kind] = float(width)
    assert widths["ran"] > widths["person"] / 2 > 20
    assert "Long waits are drawn shorter than they were." in markup


def test_the_form_answers_for_the_approval_that_is_shown() -> None:
    markup = decisions(ABOUT, seen(recorded("approval_open"))) or ""
    assert 'name="token" value="11111111-2222-3333-4444-555555555555"' in markup
    assert "Look at the evidence" not in markup


def test_how_to_retry_is_chosen_as_the_verb_does() -> None:
    stands_alone = attempt("DeployTest/Evidence", 0, 1, "Failed")
    waits = attempt("Train/WaitForTraining", 0, 1, "Failed")
    for failed, mode in ((stands_alone, "FAILED_ACTIONS"), (waits, "ALL_ACTIONS")):
        markup = decisions(ABOUT, made(failed, status="Failed")) or ""
        assert re.findall(r'value="(\w+_ACTIONS)" checked', markup) == [mode]
