"""The published schema of release records against what the functions write; whole releases are in tests/releases."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from pipeline_lambdas.evidence import chain as record_chain
from pipeline_lambdas.evidence.actions import Console
from pipeline_lambdas.evidence.prices import load_prices
from pipeline_lambdas.evidence.record import Facts, assemble
from pipeline_lambdas.release.events import ENDED
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.release.script_mode import job_hyperparameters
from tests.events import EXECUTION_ID, PREFIX
from tests.pipeline_lambdas import answers
from tests.pipeline_lambdas.aws_doubles import sample_config
from tests.pipeline_lambdas.tables import churn_config
from tests.record_schema import SCHEMA, problems

WAITING = Facts(
    release=Release(PREFIX, EXECUTION_ID),
    model="wine-quality",
    region="us-east-1",
    written=answers.at(9),
    execution=answers.execution(),
    summary=answers.summary(),
    actions=answers.released(),
    config=sample_config(),
    training=answers.training_job(),
    curves={"train:rmse": [1.0, None]},
    champion_execution_id=answers.CHAMPION_ID,
    model_package={"ModelPackageArn": answers.PACKAGE},
)
NOTHING = Facts(WAITING.release, "wine-quality", "us-east-1", answers.at(9), missing=("execution: not found",))
CASES = {
    "waiting": WAITING,
    "nothing": NOTHING,
    "nothing but the event": replace(NOTHING, ended=("Failed", answers.ENDED)),
    "rejected": replace(WAITING, actions=answers.approved("Failed", by=answers.APPROVER)),
    "expired": replace(WAITING, actions=answers.approved("Failed")),
    "training failed": replace(
        WAITING, training={"TrainingJobName": "job", "TrainingJobStatus": "Failed", "FailureReason": "no rows"}
    ),
    "a table": replace(
        WAITING,
        config=churn_config(),
        training=answers.training_job(
            HyperParameters=job_hyperparameters({"eta": "0.1"}, "slipway_tabular.py", "job", "us-east-1"),
            InputDataConfig=[
                {
                    "ChannelName": "code",
                    "DataSource": {"S3DataSource": {"S3Uri": f"s3://models/source/{'a' * 64}/"}},
                }
            ],
        ),
    ),
    "rolled back": replace(
        WAITING,
        execution=answers.execution(
            "Succeeded",
            executionType="ROLLBACK",
            rollbackMetadata={"rollbackTargetPipelineExecutionId": answers.CHAMPION_ID},
        ),
        actions=answers.rolled_back(),
    ),
    "prepared": replace(WAITING, actions=answers.prepared()),
    "not prepared": replace(WAITING, actions=answers.prepared("Failed")[:2]),
    "started by a workflow": replace(
        WAITING, execution=answers.execution(variables=[{"name": "StartedBy", "resolvedValue": answers.MACHINE_RUN}])
    ),
    **{status: replace(WAITING, execution=answers.execution(status)) for status in sorted(ENDED)},
}


ADDED_LATER = {"preparation"}
"""Records that were written before lack them, and fit the schema."""


def record(facts: Facts) -> dict[str, Any]:
    made = assemble(facts, load_prices(), Console("https://us-east-1.console.aws.amazon.com", "us-east-1"))
    return record_chain.parsed(record_chain.render(record_chain.linked(made, None) if made["ended"] else made))


@pytest.mark.parametrize("case", CASES)
def test_a_record_fits_the_schema(case: str) -> None:
    assert problems(record(CASES[case])) == []


@pytest.mark.parametrize("part", ["", "trigger", "config", "training", "champion", "approval", "cost", "model_package"])
def test_the_schema_allows_nothing_else(part: str) -> None:
    found = copy.deepcopy(record(WAITING))
    (found[part] if part else found)["more"] = 1
    assert any("'more' was unexpected" in text or "not valid under any" in text for text in problems(found))


@pytest.mark.parametrize("name", sorted(record(WAITING).keys() - ADDED_LATER))
def test_the_schema_requires_each_part(name: str) -> None:
    found = record(WAITING)
    del found[name]
    assert problems(found) == [f"$: '{name}' is a required property"]


def test_the_schema_closes_every_object_but_those_of_free_names() -> None:
    def objects(node: Any) -> list[dict[str, Any]]:
        if isinstance(node, list):
            return [found for item in node for found in objects(item)]
        if not isinstance(node, dict):
            return []
        return [*([node] if "properties" in node else []), *objects(list(node.values()))]

    found = objects(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert len(found) > 20
    assert all(each["additionalProperties"] is False for each in found if isinstance(each["properties"], dict))
