"""The verb `release` in a checkout of its own: whatever has changed, each run makes exactly one release."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slipway.verbs.release import _has_revisions, _newest_with

from tests.releases.house import House


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("checkout"))
    house.copy_installation(installed)
    yield house
    done = house.slipway("down")
    assert done.returncode == 0, done.stdout + done.stderr


def released(house: House) -> dict[str, Any]:
    done = house.slipway("release", "--json", "--approve", "a test")
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return {**answer, "said": done.stderr}


def statuses(house: House) -> list[str]:
    return [execution["status"] for execution in house.executions()]


def test_releases_of_a_day(house: House) -> None:
    assert statuses(house) == ["Succeeded"]
    first = json.loads(house.slipway("show", house.newest(), "--json").stdout)
    assert first["trigger"] == "the pipeline was created"
    assert first["evaluations"]["test"]["verdict"] == "passed"
    assert re.search(r"trained +slipway-local-wine-quality-\S+, 1,120 rows", house.transcript)

    house.config_file.write_text(house.config_file.read_text().replace("max_depth: 6", "max_depth: 5"))
    handler = house.root / "pipeline_lambdas" / "handlers" / "register_model.py"
    handler.write_text(handler.read_text() + "\n# changed\n")
    train = house.root / "data" / "wine-quality" / "train" / "train.csv"
    train.write_text("".join(train.read_text().splitlines(keepends=True)[:1_000]))
    third = released(house)
    assert "3 changes, one release; the executions before it are superseded" in third["said"]
    updated = {
        action["action"]: action["variables"]["Updated"] for action in third["actions"] if "Publish" in action["action"]
    }
    assert updated == {"Publish": "register-model", "PublishFirst": "none", "PublishApproved": "none"}
    assert re.search(r"trained +slipway-local-wine-quality-\S+, 1,000 rows", third["said"])
    newest, *older = statuses(house)
    assert newest == "Succeeded"
    assert sorted(older) == ["Succeeded", "Superseded", "Superseded"]
    assert third["revisions"]["TrainingConfig"]["id"] != first["revisions"]["TrainingConfig"]["id"]
    assert third["revisions"]["Dataset"]["id"] != first["revisions"]["Dataset"]["id"]

    before = house.newest()
    commit = house.push_config(house.config_file.read_text().replace("max_depth: 5", "max_depth: 4"), message="Flatter")
    house.stop(house.wait_for_new(before))
    fifth = released(house)
    assert fifth["trigger"] == "by hand"
    assert ": no changes" in fifth["said"]
    assert "training_config: left alone; the repository is 1 commit ahead of the folder" in fifth["said"]
    assert fifth["revisions"]["TrainingConfig"] == {"id": commit, "summary": "Flatter"}

    house.config_file.write_text(house.config_file.read_text().replace("max_depth: 5", "max_depth: 7"))
    refused = house.slipway("release")
    assert refused.returncode == 1
    assert "have both changed: the repository has 1 commit that came from elsewhere" in refused.stderr
    assert house.newest() == fifth["id"]


@pytest.mark.parametrize(
    ("summary", "fits"),
    [
        ({"status": "InProgress", "sourceRevisions": [{"actionName": "Dataset", "revisionId": "v1"}]}, True),
        ({"status": "InProgress", "sourceRevisions": [{"actionName": "Dataset", "revisionId": "v0"}]}, False),
        ({"status": "InProgress"}, False),
        ({"status": "Failed"}, True),
    ],
)
def test_the_release_of_a_change_is_known_by_its_revision(summary: dict[str, Any], fits: bool) -> None:
    assert _has_revisions(summary, {"Dataset": "v1"}) is fits


def test_a_newer_execution_that_has_not_read_its_sources_is_waited_for() -> None:
    def run(name: str, **revisions: str) -> dict[str, Any]:
        found = [{"actionName": action, "revisionId": revision} for action, revision in revisions.items()]
        return {"pipelineExecutionId": name, "status": "InProgress", "sourceRevisions": found}

    wanted = {"Dataset": "v1", "TrainingConfig": "c1"}
    older = run("older", Dataset="v1", TrainingConfig="c1")
    assert _newest_with([run("newer", Dataset="v1"), older], wanted) is None
    assert _newest_with([run("newer", Dataset="v1", TrainingConfig="c1"), older], wanted) == "newer"
    assert _newest_with([run("another's", Dataset="v1", TrainingConfig="c2"), older], wanted) == "older"
    assert _newest_with([], wanted) is None
