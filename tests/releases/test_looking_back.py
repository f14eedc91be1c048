"""What past releases are good for: comparing, checking, going back; and a failed one is explained."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_server import wait_for
from tests.releases.house import MODEL, PREFIX, SAMPLE, House, patched

MODELS = f"slipway-local-models-{House.account}-us-east-1"
BUCKET = f"slipway-local-evidence-{House.account}-us-east-1"


def pushed(house: House, **changes: Any) -> tuple[str, str]:
    """Push the sample config with these values; returns the release and how it ended."""
    before = house.newest()
    house.push_config(patched(SAMPLE, {name.replace("__", "."): value for name, value in changes.items()}))
    execution = house.wait_for_new(before)
    return execution, house.wait_for_end(execution)["status"]


def in_prod(house: House) -> str:
    """The model that Prod serves."""
    _, config = house.serving()[f"{PREFIX}-prod"]
    described = house.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
    return str(described["ProductionVariants"][0]["ModelName"])


@pytest.fixture(scope="module")
def pair(house: House) -> tuple[str, str]:
    """Two releases that succeeded, one after the other."""
    house.restore()
    first, second = pushed(house, hyperparameters__max_depth=4), pushed(house, hyperparameters__max_depth=5)
    for execution, status in (first, second):
        assert status == "Succeeded", house.failure(execution)
    return first[0], second[0]


def test_two_releases_side_by_side(house: House, pair: tuple[str, str]) -> None:
    wait_for_records(house, *pair)
    done = house.slipway("compare", *(execution[:13] for execution in pair), "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["runs"] == list(pair)
    assert document["config"] == {"hyperparameters.max_depth": ["4", "5"]}
    assert "TrainingConfig" in document["code and data"]
    assert "dataset" not in document["code and data"]
    assert all(" [" in value for value in document["metrics"]["test rmse"])
    assert document["gates"]["test bound rmse"] == ["passed", "passed"]
    shown = house.slipway("compare", *(execution[:13] for execution in pair)).stdout
    assert "hyperparameters.max_depth" in shown
    assert "test bound rmse" in shown


def test_the_report_is_fetched(house: House, pair: tuple[str, str]) -> None:
    _, second = pair
    file = house.root / "report.html"
    done = house.slipway("open", second[:13], "--no-browser", "--out", str(file))
    assert done.returncode == 0, done.stderr
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert second in page
    shown = house.slipway("show", second[:13]).stdout
    assert f"{PREFIX}-" in shown
    assert "model-package/" in shown


def test_a_release_is_judged_again(house: House, pair: tuple[str, str]) -> None:
    wait_for_records(house, *pair)
    _, second = pair
    config = house.root / "gates.yml"
    trained = patched(SAMPLE, {"hyperparameters.max_depth": 5})
    config.write_text(trained, encoding="utf-8")
    done = house.slipway("judge", second[:13], "--config", str(config), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads(house.slipway("show", second[:13], "--json").stdout)["evaluations"]
    assert json.loads(done.stdout)["evaluations"] == written
    config.write_text(patched(trained, {"tests.full.gates.rmse.max": 0.001}), encoding="utf-8")
    done = house.slipway("judge", second[:13], "--config", str(config))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "above the greatest allowed, 0.001" in done.stdout
    # The checkout's config has other hyperparameters than this release.
    done = house.slipway("judge", second[:13])
    assert done.returncode == 1
    assert f"hyperparameters: found other values than release {second[:13]}" in done.stderr


def test_a_changed_record_is_noticed(house: House, pair: tuple[str, str]) -> None:
    wait_for_records(house, *pair)
    sound = house.slipway("audit")
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert "as written" in sound.stdout
    assert "0 never were; new evidence is locked for 365 days (GOVERNANCE)" in " ".join(sound.stdout.split())
    s3 = house.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"records/{MODEL}/")["Contents"]]
    original = s3.get_object(Bucket=BUCKET, Key=keys[0])["Body"].read()
    forged = {"Bucket": BUCKET, "Key": keys[0], "Body": original.replace(b'"Succeeded"', b'"Failed"', 1)}
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(**forged)
    policy = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    s3.delete_bucket_policy(Bucket=BUCKET)  # as who administers the account could
    try:
        made = s3.put_object(**forged)["VersionId"]
        noticed = house.slipway("audit", "--json")
        with pytest.raises(ClientError, match="protected by object lock"):
            s3.delete_object(Bucket=BUCKET, Key=keys[0], VersionId=made)
        s3.delete_object(Bucket=BUCKET, Key=keys[0], VersionId=made, BypassGovernanceRetention=True)
        marker = s3.delete_object(Bucket=BUCKET, Key=keys[1])["VersionId"]
        hidden = house.slipway("audit", "--json")
        s3.delete_object(Bucket=BUCKET, Key=keys[1], VersionId=marker)
    finally:
        s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    assert (noticed.returncode, hidden.returncode) == (1, 1)
    problems = json.loads(noticed.stdout)["problems"]
    assert any(problem.startswith(f"{keys[1]}: predecessor") for problem in problems)
    assert f"{keys[0]}: found several versions; a record of the chain is written once" in problems
    assert f"{keys[1]}: hidden by a delete marker" in json.loads(hidden.stdout)["problems"]
    assert house.slipway("audit").returncode == 0


def wait_for_records(house: House, *executions: str) -> None:
    """Records are written by an event, a moment after the end."""

    def numbered() -> bool:
        found = [house.slipway("show", execution[:13], "--json").stdout for execution in executions]
        return all((json.loads(text)["record"] or {}).get("sequence") for text in found)

    wait_for(numbered, "the records of the releases", 60)


def test_back_and_forth(house: House, pair: tuple[str, str]) -> None:
    first, second = pair
    assert in_prod(house) == f"{PREFIX}-{second[:13]}-prod"

    refused = house.slipway("rollback")
    assert refused.returncode == 1
    assert f"rollback {first[:13]} --yes" in refused.stderr
    assert in_prod(house) == f"{PREFIX}-{second[:13]}-prod"

    # Prod has a copy of what was approved, whatever unapproved code makes of the artifact since.
    trained = f"training/{PREFIX}-{first[:13]}/output/model.tar.gz"
    house.client("s3").put_object(Bucket=MODELS, Key=trained, Body=b"another's")
    done = house.slipway("rollback", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["rollback_target"] == first
    assert {action["stage"] for action in document["actions"] if action["status"]} == {"DeployProd"}
    assert in_prod(house) == f"{PREFIX}-{first[:13]}-prod"
    assert "rollback by hand" in house.slipway("runs", "--limit", "1").stdout

    again = house.slipway("rollback", first[:13], "--yes")
    assert (again.returncode, "Prod serves its model already" in again.stderr) == (1, True)
    forth = house.slipway("rollback", second[:13], "--yes")
    assert forth.returncode == 0, forth.stdout + forth.stderr
    assert in_prod(house) == f"{PREFIX}-{second[:13]}-prod"
    assert document["id"] in {e["pipelineExecutionId"] for e in house.executions()}
    for wrong, said in ((document["id"][:13], "is a rollback itself"), ("zzz", "found none of that id")):
        refused = house.slipway("rollback", wrong, "--yes")
        assert refused.returncode == 1
        assert said in refused.stderr


def test_prod_is_refused_an_artifact_that_was_written_again_before_the_approval(house: House) -> None:
    house.restore()
    serving, before = house.serving()[f"{PREFIX}-prod"], house.newest()
    house.push_config(patched(SAMPLE, {"hyperparameters.max_depth": 3}))
    execution = house.wait_for_new(before)

    def is_tested() -> bool:
        return bool(house.actions(execution).get("DeployTest/Evidence", {}).get("status") == "Succeeded")

    wait_for(is_tested, "the release to wait for its approval", 120)
    trained = f"training/{PREFIX}-{execution[:13]}/output/model.tar.gz"
    s3 = house.client("s3")
    left = s3.head_object(Bucket=MODELS, Key=trained)["VersionId"]
    found = s3.put_object(Bucket=MODELS, Key=trained, Body=b"another's")["VersionId"]
    assert house.wait_for_end(execution)["status"] == "Failed"
    action, message = house.failure(execution)
    assert action == "DeployProd/Deploy"
    assert f"{trained}: found version {found}; expected version {left}, which {PREFIX}-{execution[:13]} left" in message
    assert house.serving()[f"{PREFIX}-prod"] == serving
    assert house.record(execution)["training"]["model_data_version_id"] == left


def test_a_failed_release_is_explained_and_started_again(house: House) -> None:
    execution, status = pushed(house, hyperparameters__subsample=1.5)
    assert status == "Failed"
    done = house.slipway("explain")
    assert done.returncode == 0
    assert f"release {execution[:13]} Failed" in done.stdout
    assert "Train/StartTraining failed" in done.stdout
    assert "hyperparameters.subsample: found 1.5; expected a number in (0, 1]" in done.stdout
    assert f"the end of /aws/lambda/{PREFIX}-train-model" in done.stdout
    assert f"retry Train --run {execution[:13]}" in done.stdout.partition("\nnext\n")[2]
    assert "Traceback" not in done.stdout + done.stderr

    document = json.loads(house.slipway("explain", execution[:13], "--json").stdout)
    assert document["failed_action"] == "Train/StartTraining"
    assert any(line.startswith("failed: ") for line in document["log"])

    again = json.loads(house.slipway("start", "--like", execution[:13], "--json").stdout)["id"]
    assert house.wait_for_end(again)["status"] == "Failed"
    revisions = {
        e["pipelineExecutionId"]: {r["actionName"]: r["revisionId"] for r in e["sourceRevisions"]}
        for e in house.executions()
    }
    assert revisions[again] == revisions[execution]
    listed = house.slipway("runs", "--status", "failed", "--because", "by hand", "--limit", "1").stdout
    assert again[:13] in listed


@pytest.mark.parametrize("option", [("--status", "ok"), ("--since", "yesterday")])
def test_a_wrong_filter_names_what_is_allowed(house: House, option: tuple[str, str]) -> None:
    refused = house.slipway("runs", *option)
    assert refused.returncode == 1
    assert f"{option[0]}: found" in refused.stderr
