"""Two models in one installation: what starts a release of which, and columns that change with their data."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway.datasets.dataset import folder_id
from slipway.releases.run_view import trigger_text

from tests.local_server import ROOT, wait_for
from tests.releases.house import MODEL, SAMPLE, House, patched

OTHER = "cider-quality"
OTHER_PREFIX = f"slipway-local-{OTHER}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[House]:
    """A house with a second model; the second pipeline is there, its first release is stopped."""
    house = House(tmp_path_factory.mktemp("models"))
    (house.root / "training_config" / f"{OTHER}.yml").write_text(SAMPLE.replace(MODEL, OTHER), encoding="utf-8")
    shutil.copytree(house.root / "data" / MODEL, house.root / "data" / OTHER)
    try:
        house.move_in(installed)
        house.note_checks(OTHER)
        done = house.slipway("release", "--no-follow", "--model", OTHER)
        assert done.returncode == 0, done.stdout + done.stderr
        _let_be_built(house)
        yield house
    finally:
        house.slipway("down")


def _let_be_built(house: House) -> None:
    """Wait until the second pipeline's first release has built its functions, and stop it."""
    (first,) = _executions(house, OTHER)
    wait_for(lambda: _stage(house, first) not in {"Source", "Build"}, "the functions to be built", 300)
    _stop(house, OTHER, first)


def _stage(house: House, execution: str) -> str:
    details = house.client("codepipeline").list_action_executions(
        pipelineName=OTHER_PREFIX, filter={"pipelineExecutionId": execution}
    )["actionExecutionDetails"]
    return str(details[0]["stageName"]) if details else "Source"


def _stop(house: House, model: str, execution: str) -> None:
    client, name = house.client("codepipeline"), f"slipway-local-{model}"
    running = client.get_pipeline_execution(pipelineName=name, pipelineExecutionId=execution)["pipelineExecution"]
    if running["status"] == "InProgress":
        client.stop_pipeline_execution(pipelineName=name, pipelineExecutionId=execution, abandon=True)


def _executions(house: House, model: str) -> list[str]:
    listed = house.client("codepipeline").list_pipeline_executions(pipelineName=f"slipway-local-{model}")
    return [summary["pipelineExecutionId"] for summary in listed["pipelineExecutionSummaries"]]


def _decisions(house: House, model: str, revision: str) -> list[dict[str, Any]]:
    """What start-release of a model has decided about a revision, once it has."""
    group = f"/aws/lambda/slipway-local-{model}-start-release"

    def logged() -> list[dict[str, Any]]:
        events = house.client("logs").filter_log_events(logGroupName=group)["events"]
        lines = [event["message"] for event in events if event["message"].startswith("{")]
        return [line for line in map(json.loads, lines) if line.get("revision") == revision]

    found: list[dict[str, Any]] = wait_for(logged, f"start-release of {model} to decide about {revision}", 60)
    return found


def _started(house: House, revision: str) -> dict[str, list[str]]:
    """The executions that a revision has started, by model; they are stopped."""
    found: dict[str, list[str]] = {}
    for model in (MODEL, OTHER):
        decided = _decisions(house, model, revision)
        found[model] = [line["execution_id"] for line in decided if line["outcome"] == "release"]
        for execution in found[model]:
            _stop(house, model, execution)
    return found


def _push_file(house: House, folder: str, name: str, text: str) -> str:
    """Change a file of the checkout and publish its folder; returns the commit."""
    path = house.root / name
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    done = house.slipway("publish", folder, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return str(json.loads(done.stdout)["pushed"][folder])


def test_a_push_of_one_config_releases_that_model_alone(shared: House) -> None:
    for model, silent in ((MODEL, OTHER), (OTHER, MODEL)):
        known = _executions(shared, silent)
        commit = _push_file(shared, "training_config", f"training_config/{model}.yml", "# changed\n")
        started = _started(shared, commit)
        assert (len(started[model]), started[silent]) == (1, [])
        assert _executions(shared, silent) == known
        summary = _summary(shared, model, started[model][0])
        assert trigger_text(summary["trigger"], f"slipway-local-{model}") == "push to training-config"


def test_a_push_of_code_releases_each_model_once(shared: House) -> None:
    known = {model: _executions(shared, model) for model in (MODEL, OTHER)}
    # A module that few tests reach, as a later case builds it.
    commit = _push_file(shared, "pipeline_lambdas", "pipeline_lambdas/handlers/get_status.py", "# changed\n")
    started = _started(shared, commit)
    for model in (MODEL, OTHER):
        assert _executions(shared, model) == [*started[model], *known[model]]
        assert len(started[model]) == 1
        summary = _summary(shared, model, started[model][0])
        assert trigger_text(summary["trigger"], f"slipway-local-{model}") == "push to pipeline-lambdas"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("pipeline_lambdas", "pipeline_lambdas/README.md"),
        ("inference_lambdas", "inference_lambdas/README.md"),
        ("inference_lambdas", "tests/inference_lambdas/judging/test_gates.py"),
    ],
)
def test_a_push_of_a_page_or_a_test_releases_nothing(shared: House, folder: str, name: str) -> None:
    known = {model: _executions(shared, model) for model in (MODEL, OTHER)}
    commit = _push_file(shared, folder, name, "\n")
    assert _started(shared, commit) == {MODEL: [], OTHER: []}
    assert {model: _executions(shared, model) for model in (MODEL, OTHER)} == known


def _summary(house: House, model: str, execution: str) -> dict[str, Any]:
    listed = house.client("codepipeline").list_pipeline_executions(pipelineName=f"slipway-local-{model}")
    found: dict[str, Any] = next(
        summary for summary in listed["pipelineExecutionSummaries"] if summary["pipelineExecutionId"] == execution
    )
    return found


def _narrower(house: House, left_out: int, seed: int) -> tuple[Path, str]:
    """The sample data without one column, and its id; columns that the sample config names stay."""
    folder = house.root / f"narrower-{seed}"
    names = json.loads((ROOT / "data" / MODEL / "columns.json").read_text(encoding="utf-8"))
    for path in sorted((ROOT / "data" / MODEL).rglob("*.csv")):
        rows = path.read_text(encoding="utf-8").splitlines()
        random.Random(seed).shuffle(rows)  # noqa: S311 - another dataset, no secret
        kept = [row.split(",")[:left_out] + row.split(",")[left_out + 1 :] for row in rows]
        target = folder / path.relative_to(ROOT / "data" / MODEL)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(",".join(row) + "\n" for row in kept), encoding="utf-8")
    (folder / "columns.json").write_text(json.dumps(names[:left_out] + names[left_out + 1 :]), encoding="utf-8")
    return folder, folder_id(folder)


def _release_of(house: House, before: list[str]) -> str:
    execution = house.wait_for_new(before[0], 60)
    summary = house.wait_for_end(execution, 240)
    assert summary["status"] == "Succeeded", house.failure(execution)
    return execution


@pytest.mark.parametrize("order", ["config first", "data first"])
def test_columns_change_in_one_green_release(shared: House, order: str) -> None:
    """The config names a column that the old data has not; both orders end in one release, on the new data."""
    _pin(shared, _dataset_in_use(shared))
    seed = 1 if order == "config first" else 2
    folder, dataset = _narrower(shared, left_out=3, seed=seed)
    text = patched(SAMPLE, {"tests.full.slices": None, "tests.full.champion": None})
    document = {**yaml.safe_load(text), "data": {"dataset": dataset}}
    before = _executions(shared, MODEL)
    if order == "config first":
        shared.push_config(yaml.safe_dump(document))
        execution = shared.wait_for_new(before[0], 60)
        wait_for(lambda: _waits_for_data(shared, execution, dataset), "the release to wait for its data", 240)
        _upload(shared, folder)
    else:
        _upload(shared, folder)
        commit = shared.push_config(yaml.safe_dump(document))
        _decisions(shared, MODEL, commit)
    execution = _release_of(shared, before)
    assert _executions(shared, MODEL) == [execution, *before]
    record = shared.record(execution)
    assert record["dataset"]["prefix"] == f"{MODEL}/datasets/{dataset}/"
    assert len(record["dataset"]["columns"]) == 11
    assert shared.report(execution)["dataset_sha256"] == record["dataset"]["sha256"]


def _upload(house: House, folder: Path) -> None:
    """Upload a dataset, and wait until start-release has decided that it starts nothing."""
    done = house.slipway("data", "upload", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    bucket = f"slipway-local-data-{house.account}-us-east-1"
    version = house.client("s3").head_object(Bucket=bucket, Key=f"{MODEL}/manifest.json")["VersionId"]
    assert [line["outcome"] for line in _decisions(house, MODEL, version)] == ["no release"]


def _waits_for_data(house: House, execution: str, dataset: str) -> bool:
    action = house.actions(execution).get("Train/StartTraining", {})
    said = action.get("output", {}).get("executionResult", {}).get("externalExecutionSummary", "")
    return f"for dataset {dataset}, which the config pins" in said


def _dataset_in_use(house: House) -> str:
    bucket = f"slipway-local-data-{house.account}-us-east-1"
    manifest = json.load(house.client("s3").get_object(Bucket=bucket, Key=f"{MODEL}/manifest.json")["Body"])
    return str(manifest["dataset"][:16])


def _pin(house: House, dataset: str) -> None:
    """Push a config that pins a dataset; its release is stopped."""
    document = {**yaml.safe_load(SAMPLE), "data": {"dataset": dataset}}
    commit = house.push_config(yaml.safe_dump(document))
    for line in _decisions(house, MODEL, commit):
        if line["outcome"] == "release":
            _stop(house, MODEL, line["execution_id"])
