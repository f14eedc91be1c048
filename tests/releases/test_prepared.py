"""A pipeline whose data a state machine prepares: from reviews to a model that waits for its approval, and failures.

As docs/workflows-release.md describes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local_server import ACCOUNT, REGION, ROOT, allow, wait_for
from tests.record_schema import problems
from tests.releases.house import MODEL as UPLOADED
from tests.releases.house import House
from workflows.text.sample import zipped_reviews

MODEL = "reviews"
PIPELINE = f"slipway-local-{MODEL}"
BUCKET = f"slipway-local-data-{ACCOUNT}-{REGION}"
ZIP = "workflows/text/reviews_sample.json.zip"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:slipway-local-text-dataset"
RUN = MACHINE.replace(":stateMachine:", ":execution:")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[House]:
    """A house with the workflows, whose pipeline for reviews has just been created, and has begun its first release."""
    house = House(tmp_path_factory.mktemp("prepared"))
    config = house.root / "training_config" / f"{MODEL}.yml"
    config.write_text((ROOT / "docs" / "reviews.yml").read_text(encoding="utf-8"), encoding="utf-8")
    try:
        house.copy_installation(installed)
        house.note_checks(MODEL)
        said(house, "workflow", "deploy")
        house.client("s3").put_object(Bucket=BUCKET, Key=ZIP, Body=zipped_reviews())
        said(house, "publish", "training_config")
        settings = json.dumps({"reviews": ZIP})
        parameters = (f"PrepareMachineArn={MACHINE}", f"PrepareSettings={settings}")
        said(house, "deploy", "--model", MODEL, *(text for one in parameters for text in ("--parameter", one)))
        yield house
    finally:
        house.slipway("down")


def said(house: House, *arguments: str) -> str:
    done = house.slipway(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def actions(house: House, execution: str) -> dict[str, dict[str, Any]]:
    """The newest attempt of each action, by `Stage/Action`."""
    listed = house.client("codepipeline").list_action_executions(
        pipelineName=PIPELINE, filter={"pipelineExecutionId": execution}
    )["actionExecutionDetails"]
    return {f"{one['stageName']}/{one['actionName']}": one for one in reversed(listed)}


def executions(house: House) -> list[dict[str, Any]]:
    """Newest first."""
    listed = house.client("codepipeline").list_pipeline_executions(pipelineName=PIPELINE)
    found: list[dict[str, Any]] = listed["pipelineExecutionSummaries"]
    return found


def asks_or_failed(house: House, execution: str) -> bool:
    found = actions(house, execution)
    return "Approve/Approve" in found or any(action["status"] == "Failed" for action in found.values())


def problems_of(house: House, execution: str) -> list[str]:
    """What the actions say that failed."""
    results = [
        action["output"]["executionResult"] for action in actions(house, execution).values() if "output" in action
    ]
    return [result["errorDetails"]["message"] for result in results if "errorDetails" in result]


def test_reviews_become_a_model_that_is_approved(prepared: House) -> None:
    (first,) = executions(prepared)
    execution = first["pipelineExecutionId"]
    wait_for(lambda: asks_or_failed(prepared, execution), "the release to ask for its approval", 240)
    assert problems_of(prepared, execution) == []
    said(prepared, "approve", execution, "--model", MODEL, "--message", "the first of reviews")
    shown = said(prepared, "follow", execution, "--model", MODEL)
    assert re.search(r"Prepare/PrepareDataset +Succeeded", shown), shown
    done = actions(prepared, execution)
    run = done["Prepare/PrepareDataset"]["output"]["outputVariables"]["ExecutionArn"]
    assert run.startswith(f"{RUN}:{MODEL}-")
    described = prepared.client("stepfunctions").describe_execution(executionArn=run)
    manifest = json.loads(described["output"])
    given = json.loads(described["input"])
    assert (given["model"], given["execution_id"], given["settings"]) == (MODEL, execution, {"reviews": ZIP})
    record = prepared.record(execution, MODEL)
    assert problems(record) == []
    assert (record["status"], record["missing"]) == ("Succeeded", [])
    assert record["preparation"] == {"state_machine": MACHINE, "execution": run, "status": "Succeeded"}
    assert record["dataset"]["sha256"] == manifest["dataset"]
    assert record["dataset"]["prefix"] == manifest["prefix"] == f"{MODEL}/datasets/{manifest['dataset'][:16]}/"
    assert prepared.report(execution, model=MODEL)["metrics"]["auc"] > 0.7
    page = prepared.client("s3").get_object(
        Bucket=f"slipway-local-evidence-{ACCOUNT}-{REGION}", Key=f"releases/{MODEL}/{execution}/report.html"
    )
    assert run in page["Body"].read().decode()
    job = prepared.client("sagemaker").describe_training_job(TrainingJobName=record["training"]["job"])
    uris = {one["DataSource"]["S3DataSource"]["S3Uri"] for one in job["InputDataConfig"]}
    assert uris == {f"s3://{BUCKET}/{manifest['prefix']}{channel}/" for channel in ("train", "validation")}


def test_a_check_says_who_prepares_the_data(prepared: House) -> None:
    told = " ".join(said(prepared, "check", "--model", MODEL).split())
    assert "reviews.yml: slipway-local-text-dataset prepares its data in each release" in told


def test_a_machine_that_fails_fails_the_release_with_its_reason_and_a_retry_mends_it(prepared: House) -> None:
    s3 = prepared.client("s3")
    s3.put_object(Bucket=BUCKET, Key=ZIP, Body=b"no zip")
    begun = prepared.slipway("release", "--model", MODEL, "--no-follow", "--json")
    assert begun.returncode == 0, begun.stdout + begun.stderr
    assert "data: slipway-local-text-dataset prepares it in each release; there is none to upload" in begun.stderr
    execution = json.loads(begun.stdout)["id"]

    def failed() -> dict[str, Any] | None:
        action = actions(prepared, execution).get("Prepare/PrepareDataset")
        return action if action and action["status"] == "Failed" else None

    wait_for(failed, "the data not to be prepared", 60)
    told = said(prepared, "explain", execution, "--model", MODEL)
    assert "DataError" in told
    assert f"s3://{BUCKET}/{ZIP}: found no zip" in told
    assert f"retry Prepare --run {execution[:13]}" in told
    record = prepared.record(execution, MODEL)
    assert problems(record) == []
    assert (record["preparation"]["status"], record["dataset"]) == ("Failed", None)
    assert record["preparation"]["execution"].startswith(f"{RUN}:{MODEL}-")
    s3.put_object(Bucket=BUCKET, Key=ZIP, Body=zipped_reviews())
    said(prepared, "retry", "Prepare", "--run", execution, "--model", MODEL)

    def trains() -> bool:
        return "Train/StartTraining" in actions(prepared, execution)

    wait_for(trains, "the release to train", 120)
    prepared.client("codepipeline").stop_pipeline_execution(
        pipelineName=PIPELINE, pipelineExecutionId=execution, abandon=True
    )


def stopped(house: House, execution: str, pipeline: str) -> dict[str, Any]:
    """The record of an execution that is stopped."""
    house.client("codepipeline").stop_pipeline_execution(
        pipelineName=pipeline, pipelineExecutionId=execution, abandon=True
    )
    record = house.record(execution, pipeline.removeprefix("slipway-local-"))
    assert problems(record) == []
    return record


def test_a_state_machine_starts_a_release_that_names_its_execution(prepared: House) -> None:
    """With the state of the documentation."""
    page = (ROOT / "docs" / "workflows-release.md").read_text(encoding="utf-8")
    state = page.split("```json\n")[1].split("```")[0].replace("slipway-SUFFIX-MODEL", PIPELINE)
    definition = {"QueryLanguage": "JSONata", "StartAt": "Release", "States": {"Release": json.loads(state)}}
    may_start = allow(
        "codepipeline:StartPipelineExecution", resource=f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{PIPELINE}"
    )
    role = prepared.server.create_role("starts-releases", "states.amazonaws.com", may_start)
    states = prepared.client("stepfunctions")
    machine = states.create_state_machine(name="drift", definition=json.dumps(definition), roleArn=role)
    run = states.start_execution(stateMachineArn=machine["stateMachineArn"], name="monday")["executionArn"]

    def ended() -> dict[str, Any] | None:
        described: dict[str, Any] = states.describe_execution(executionArn=run)
        return described if described["status"] != "RUNNING" else None

    done = wait_for(ended, "the release to be started", 30)
    assert done["status"] == "SUCCEEDED", done
    execution = json.loads(done["output"])["release"]
    record = stopped(prepared, execution, PIPELINE)
    assert record["trigger"]["type"] == "StartPipelineExecution"
    assert "assumed-role/starts-releases/" in record["trigger"]["detail"]
    assert record["trigger"]["execution"] == run
    assert "started: workflow drift:monday" in said(prepared, "explain", execution, "--model", MODEL)


def test_a_state_machine_that_uploads_a_dataset_names_its_execution(prepared: House) -> None:
    s3, key = prepared.client("s3"), f"{UPLOADED}/manifest.json"
    manifest = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    run = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:nightly:tuesday"
    metadata = {"codepipeline-artifact-revision-summary": f"Prepared by {run}"}
    version = s3.put_object(Bucket=BUCKET, Key=key, Body=manifest, Metadata=metadata)["VersionId"]
    record = stopped(prepared, prepared.wait_for_release_of(version, 60), f"slipway-local-{UPLOADED}")
    assert record["trigger"]["execution"] == run
    assert record["preparation"] is None
