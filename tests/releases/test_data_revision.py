"""A release trains and tests on the data that started it, whatever is uploaded meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

from tests.local_server import wait_for
from tests.releases.house import MODEL, UNCOMPARED, House, patched

NEW_DATA = Path(__file__).parent / "new_data" / "data"


def test_two_uploads_are_two_releases_each_on_its_own_data(house: House) -> None:
    # The new data has too few rows for slices and drift.
    with house.quietly():
        house.push_config(patched(UNCOMPARED, {"tests.full.slices": None, "tests.full.drift": None}))
    before = {e["pipelineExecutionId"] for e in house.executions()}
    house.upload(NEW_DATA, [])
    house.upload(house.root / "data" / MODEL, [])

    def started() -> list[str] | None:
        new = [e["pipelineExecutionId"] for e in house.executions() if e["pipelineExecutionId"] not in before]
        return new if len(new) == 2 else None

    executions = wait_for(started, "two executions to start")
    statuses = [house.wait_for_end(execution)["status"] for execution in executions]
    assert statuses == ["Succeeded", "Succeeded"]
    assert len({_trained_on(house, execution) for execution in executions}) == 2


def _trained_on(house: House, execution: str) -> str:
    """The prefix that the release's job trained on, which must be that of the manifest that started the release."""
    summary = next(e for e in house.executions() if e["pipelineExecutionId"] == execution)
    version = next(r["revisionId"] for r in summary["sourceRevisions"] if r["actionName"] == "Dataset")
    bucket = f"slipway-local-data-{house.account}-us-east-1"
    manifest = json.load(
        house.client("s3").get_object(Bucket=bucket, Key=f"{MODEL}/manifest.json", VersionId=version)["Body"]
    )
    job = house.client("sagemaker").describe_training_job(
        TrainingJobName=house.actions(execution)["Train/StartTraining"]["output"]["outputVariables"]["TrainingJobName"]
    )
    prefixes = {c["DataSource"]["S3DataSource"]["S3Uri"].rsplit("/", 2)[0] + "/" for c in job["InputDataConfig"]}
    assert prefixes == {f"s3://{bucket}/{manifest['prefix']}"}
    assert house.report(execution)["dataset_sha256"] == manifest["dataset"]
    return str(manifest["prefix"])
