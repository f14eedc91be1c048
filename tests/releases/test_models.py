"""Two models in one installation: what starts a release of which, and columns that change with their data.

The second model is Linear Learner's, a classifier of three classes, and is released to its end.
"""

from __future__ import annotations

import json
import random
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


OTHER_CONFIG = {
    "model": OTHER,
    "problem": "multiclass",
    "algorithm": {"name": "linear-learner", "version": 1},
    "hyperparameters": {"predictor_type": "multiclass_classifier", "num_classes": 3, "epochs": 30},
    "tests.smoke.gates": {"accuracy": {"min": 0.4}},
    "tests.full.gates": {"accuracy": {"min": 0.55}, "f1_macro": {"min": 0.5}, "logloss": {"max": 0.9}},
    "tests.full.champion.gates": {"logloss": {"max_worse_percent": 5}},
    "tests.full.slices": None,
}
"""What the second model's config has otherwise than the sample."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[House]:
    """A house with a second model, whose first release has ended green."""
    house = House(tmp_path_factory.mktemp("models"))
    config = house.root / "training_config" / f"{OTHER}.yml"
    config.write_text(patched(SAMPLE, OTHER_CONFIG), encoding="utf-8")
    for path in sorted((house.root / "data" / MODEL).rglob("*.*")):
        target = house.root / "data" / OTHER / path.relative_to(house.root / "data" / MODEL)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8")
        target.write_text(_graded(text) if path.suffix == ".csv" else text, encoding="utf-8")
    try:
        house.copy_installation(installed)
        house.note_checks(OTHER)
        done = house.slipway("release", "--model", OTHER, "--approve", "the first of Linear Learner")
        assert done.returncode == 0, done.stdout + done.stderr
        yield house
    finally:
        house.slipway("down")


def _graded(text: str) -> str:
    """Rows whose label is one of three classes instead of a score."""
    rows = (line.partition(",") for line in text.splitlines())
    return "".join(f"{int(float(score) > 5.5) + int(float(score) > 6.5)},{rest}\n" for score, _, rest in rows)


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


def test_linear_learner_is_released_to_its_end(shared: House) -> None:
    (execution,) = _executions(shared, OTHER)
    assert _summary(shared, OTHER, execution)["status"] == "Succeeded"
    record = shared.record(execution, OTHER)
    training = record["training"]
    assert training["image_uri"] == "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
    assert training["hyperparameters"]["predictor_type"] == "multiclass_classifier"
    curves = training["curves"]
    assert set(curves) == {f"{name}:multiclass_cross_entropy_objective" for name in ("train", "validation")}
    assert len(curves["train:multiclass_cross_entropy_objective"]) > 1
    assert training["metrics"]["validation:multiclass_accuracy"] > 0.5
    report = shared.report(execution, model=OTHER)
    assert report["metrics"]["accuracy"] > 0.55
    assert 0 < report["metrics"]["logloss"] < 0.9
    assert report["importance"]["metric"] == "logloss"
    assert len(report["importance"]["columns"]) == 11


def test_a_model_of_linear_learner_predicts(shared: House) -> None:
    row = ["7.4", "0.7", "0", "1.9", "0.076", "11", "34", "0.9978", "3.51", "0.56", "9.4"]
    done = shared.slipway("predict", "--model", OTHER, "--row", ",".join(row), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (probabilities,) = json.loads(done.stdout)["predictions"]
    assert len(probabilities) == 3
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    refused = shared.slipway("predict", "--model", OTHER, "--row", ",".join(["", *row[1:]]))
    assert refused.returncode == 1
    assert "row 1, column 1: found a missing value; Linear Learner, which made the model, takes none" in refused.stderr


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


@pytest.mark.faults
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
