from __future__ import annotations

from typing import Any

import pytest

from pipeline_lambdas.report.verdict import Verdict, failures, last_attempts, verdict
from tests.pipeline_lambdas.report.cases import CASES, failed_at_a_gate, waiting
from tests.pipeline_lambdas.report.documents import RELEASE, action, evaluation, gate, record, smoke

HEADLINES = {
    "waiting": ("good", "All 8 gates passed (1 not applicable). Waiting for approval."),
    "failed at a gate": (
        "bad",
        "Failed at DeployTest/Evaluate: rmse is 0.8103, above the greatest allowed, 0.75. And 3 more reasons.",
    ),
    "failed in training": (
        "bad",
        f"Failed at Train/WaitForTraining: Training job slipway-main-wine-quality-{RELEASE[:13]} failed. "
        "AlgorithmError: framework error: XGBoostError: value 1.7 for Parameter subsample exceed bound [0,1].",
    ),
    "first release": (
        "good",
        "Released. All 5 gates passed (1 not applicable). Approved by alice.",
    ),
    "binary": (
        "warn",
        "Passed, but shown to be worse than the champion: auc 0.84_% worse (95_% interval 0.21 to 1.46_%; 1_% allowed)."
        " Waiting for approval.",
    ),
    "worse within bounds": (
        "warn",
        "Passed, but shown to be worse than the champion: rmse 2.53_% worse (95_% interval 0.41 to 4.7_%; 5_% allowed)."
        " Waiting for approval.",
    ),
    "multiclass, rejected": (
        "bad",
        "Rejected by alice: Class 3 is confused with class 4 too often. The only gate passed.",
    ),
    "rolled back": ("good", "Rolled back: Prod serves the model of release 3b1f6a50-77c2 again."),
    "stopped": ("bad", "Stopped: Stopped by alice: wrong data"),
    "under way": ("open", "The only gate passed. Under way."),
    "bare": ("open", "The state of this release is not known. No gate was judged."),
}


@pytest.mark.parametrize("name", HEADLINES)
def test_the_headline_says_how_a_release_went(name: str) -> None:
    case = CASES[name]()
    found = verdict(case.record, case.evaluations)
    assert (found.tone, found.headline.replace("\N{NO-BREAK SPACE}", "_")) == HEADLINES[name]


@pytest.mark.parametrize(
    ("change", "headline"),
    [
        ({"approval": None}, "All 9 gates passed. Next is the approval."),
        ({"approval": {"status": "Approved"}}, "All 9 gates passed. Approved, and on its way to Prod."),
        ({"approval": {"status": "Rejected"}}, "Rejected. All 9 gates passed."),
        ({"approval": {"status": "Expired"}}, "Not approved: nobody answered in time. All 9 gates passed."),
        ({"status": "Superseded", "approval": None}, "Superseded."),
        ({"status": "Failed"}, "Failed; the record does not say where. All 9 gates passed."),
        (
            {"execution_type": "ROLLBACK", "rollback_target": None},
            "Rollback to an earlier release is under way.",
        ),
    ],
)
def test_the_state_of_a_release_is_said(change: dict[str, Any], headline: str) -> None:
    judged = evaluation(gates=[gate("bound", "rmse", 0.6, max=0.7)] * 8)
    assert verdict(record(**change), {"dev": smoke("dev"), "test": judged}).headline == headline


def test_a_worse_model_that_was_released_stays_amber() -> None:
    case = CASES["worse within bounds"]()
    approval = {"status": "Approved", "by": "arn:aws:iam::111122223333:user/people/alice"}
    found = verdict({**case.record, "status": "Succeeded", "approval": approval}, case.evaluations)
    assert found.tone == "warn"
    assert found.headline.startswith("Released, though shown to be worse than the champion: rmse 2.53")
    assert (
        found.headline.endswith(" All 9 gates passed (1 not applicable). Approved by alice.")
        or "8 gates" in found.headline
    )


def test_a_gate_that_failed_is_told_though_no_action_has_failed_yet() -> None:
    case = failed_at_a_gate()
    found = verdict({**case.record, "actions": [], "status": "InProgress"}, case.evaluations)
    assert found.tone == "bad"
    assert found.headline.startswith("Failed: rmse is 0.8103")
    assert len(found.reasons) == 4


def test_rows_that_failed_fail_a_release_unless_a_gate_allows_some() -> None:
    failed = evaluation(verdict="failed", failed_rows=3, gates=[])
    assert failures(failed) == ["predictions failed for 3 of 240 rows"]
    watched = evaluation(verdict="passed", failed_rows=3, gates=[gate("bound", "failed_share", 0.0125, max=0.1)])
    assert failures(watched) == []


def test_an_evaluation_that_failed_without_a_reason_is_not_passed_over() -> None:
    assert failures(evaluation(verdict="failed", gates=[])) == ["the evaluation of Test failed"]
    assert verdict(record(), {"test": evaluation(verdict="failed", gates=[])}).tone == "bad"


def test_the_last_attempt_counts() -> None:
    first = action("DeployDev", "SmokeTest", "Failed", error_message="timeout")
    again = action("DeployDev", "SmokeTest", attempt=2)
    case = waiting()
    for actions in ([first, again], [again, first]):
        told = {**case.record, "actions": actions}
        assert last_attempts(told) == [again]
        assert verdict(told, case.evaluations).tone == "good"


def test_a_rollback_that_failed_says_so() -> None:
    failed = action("DeployProd", "Deploy", "Failed", error_message="no such endpoint config")
    told = record(execution_type="ROLLBACK", status="Failed", approval=None, actions=[failed])
    assert verdict(told, {}) == Verdict("bad", "Rollback failed at DeployProd/Deploy: no such endpoint config.")


def test_a_long_reason_is_cut_in_the_headline_alone() -> None:
    failed = action("Build", "Build", "Failed", error_message="word " * 200)
    assert len(verdict(record(status="Failed", approval=None, actions=[failed]), {}).headline) <= 220
