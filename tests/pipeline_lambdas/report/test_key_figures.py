"""What the first screen holds: the metric that counts, the champion, the commit with its author, who decided."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_lambdas.report.key_figures import key_metric, source_of
from pipeline_lambdas.report.page import render
from tests.pipeline_lambdas.report.cases import CASES
from tests.pipeline_lambdas.report.documents import NAME, digest, evaluation, gate, record
from tests.pipeline_lambdas.report.html_check import Page


def figures(name: str, **changes: Any) -> dict[str, list[str]]:
    """The first screen's figures: name to value and what is said below."""
    case = CASES[name]()
    page = Page(render({**case.record, **changes}, case.evaluations, case.champion))
    (block,) = page.classed("key")
    told = [[child.text.replace("\N{NO-BREAK SPACE}", " ") for child in one.children] for one in block.children]
    return {name: rest for name, *rest in told}


def test_a_release_that_waits() -> None:
    assert figures("waiting") == {
        "rmse on Test": ["0.6381", "95 % interval 0.5871 to 0.6904", "240 rows of channel test"],
        "Against the champion": [
            "rmse 3.21 % better",
            "95 % interval 7.91 % better to 1.4 % worse",
            "Not shown to be better or worse.",
        ],
        "Commit": ["Deeper trees", f"by Bob Hale, {digest('config')[:7]} in TrainingConfig"],
        "Approval": ["Open"],
    }


def test_a_first_release_names_who_approved_it_and_not_an_arn() -> None:
    found = figures("first release")
    assert found["Against the champion"] == ["No champion yet", "This is the first model, so nothing was compared."]
    assert found["Approved by"] == ["alice", "First release; checked by hand", "2025-03-04 19:10:30 UTC"]
    case = CASES["first release"]()
    header = Page(render(case.record, case.evaluations, None)).all("header")[0].text
    assert "arn:" not in header


def test_a_model_that_is_worse_is_told_in_amber() -> None:
    found = figures("worse within bounds")
    assert found["Against the champion"][0] == "rmse 2.53 % worse"
    assert found["Against the champion"][2] == "Shown to be worse: chance does not explain it."
    assert found["Commit"][0].startswith("Try shallower trees")
    assert len(found["Commit"][0]) <= 90
    case = CASES["worse within bounds"]()
    page = Page(render(case.record, case.evaluations, case.champion))
    assert [one.text for one in page.classed("value") if "warn" in one.attributes["class"]]
    assert "warn" in page.classed("verdict")[0].attributes["class"].split()


def test_without_metrics_the_rest_stands() -> None:
    assert list(figures("failed in training")) == ["Commit"]
    assert figures("bare") == {}


@pytest.mark.parametrize(
    ("status", "words"),
    [("Expired", "Nobody answered in time"), ("Abandoned", "Abandoned"), ("Waiting", "Open")],
)
def test_an_approval_without_an_answer(status: str, words: str) -> None:
    approval = {"status": status, "by": None, "reason": "", "at": None}
    assert figures("waiting", approval=approval)["Approval"] == [words]


def test_the_key_metric_is_the_first_with_a_gate() -> None:
    gates = [gate("bound", "latency_p95_ms", 3, max=5), gate("slice", "mae", 1, max=2), gate("bound", "r2", 0.5, min=0)]
    assert key_metric(evaluation(gates=gates)) == "r2"
    assert key_metric(evaluation(gates=[])) == "rmse"
    assert key_metric({}) == ""


@pytest.mark.parametrize(
    ("rule", "action"),
    [
        ("training-config", "TrainingConfig"),
        ("pipeline-lambdas", "PipelineLambdas"),
        ("dataset", "Dataset"),
        ("retraining", "TrainingConfig"),
    ],
)
def test_the_commit_is_that_of_the_push(rule: str, action: str) -> None:
    detail = f"arn:aws:events:eu-central-1:111122223333:rule/{NAME}-{rule}"
    told = record(trigger={"type": "CloudWatchEvent", "detail": detail})
    assert source_of(told)["action"] == action
