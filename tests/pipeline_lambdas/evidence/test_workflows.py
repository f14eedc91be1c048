"""The executions of state machines that a record names."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_lambdas.evidence.workflows import preparation_of, starting_execution
from tests.pipeline_lambdas import answers

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:slipway-local-text-dataset"


@pytest.mark.parametrize("status", ["Succeeded", "Failed"])
def test_the_execution_that_prepared_the_data(status: str) -> None:
    assert preparation_of(answers.prepared(status)) == {
        "state_machine": MACHINE,
        "execution": answers.MACHINE_RUN,
        "status": status,
    }


def test_the_newest_attempt_counts() -> None:
    first, again = (answers.prepared(status)[1] for status in ("Failed", "InProgress"))
    again["output"] = {}
    assert preparation_of([first, again]) == {"state_machine": MACHINE, "execution": None, "status": "InProgress"}


def test_most_releases_have_none() -> None:
    assert preparation_of(answers.released()) is None
    assert starting_execution(answers.execution()) is None


def revisions(summary: str) -> list[dict[str, str]]:
    return [{"name": "Dataset", "revisionId": "v", "revisionSummary": summary}]


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"variables": [{"name": "StartedBy", "resolvedValue": answers.MACHINE_RUN}]}, answers.MACHINE_RUN),
        ({"variables": [{"name": "StartedBy", "resolvedValue": "none"}]}, None),
        ({"variables": [{"name": "Other", "resolvedValue": answers.MACHINE_RUN}]}, None),
        ({"variables": [{"name": "StartedBy", "resolvedValue": MACHINE}]}, None),
        ({"artifactRevisions": revisions(f"Prepared by {answers.MACHINE_RUN}.")}, answers.MACHINE_RUN),
        ({"artifactRevisions": revisions("70 rows more")}, None),
    ],
)
def test_the_execution_that_started_the_release(told: dict[str, Any], found: str | None) -> None:
    assert starting_execution(answers.execution(**told)) == found
