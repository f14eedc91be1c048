"""The verb `deploy` in a checkout of its own: what it shows, what it refuses, and what `destroy` then removes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from slipway.stacks.templates import MAX_INLINE_BYTES

from tests.releases.house import House

SETUP, PIPELINE = "slipway-setup-local", "slipway-pipeline-local-wine-quality"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("deployed"))
    assert house.slipway("up").returncode == 0
    yield house
    house.slipway("down")


def stacks(house: House) -> dict[str, str]:
    found = house.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack["StackStatus"] for stack in found}


def parameters(house: House, stack: str) -> dict[str, str]:
    found = house.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
    return {item["ParameterKey"]: item["ParameterValue"] for item in found}


def deployed(house: House, *arguments: str) -> dict[str, Any]:
    done = house.slipway("deploy", "--json", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return {**answer, "said": done.stderr}


def test_the_day_of_an_installation(house: House) -> None:
    """One after the other, as each needs what the one before left."""
    a_dry_run_of_nothing_shows_the_first_stack(house)
    both_stacks_are_created_from_templates_of_any_size(house)
    a_dry_run_changes_nothing(house)
    a_parameter_reaches_the_stacks_that_have_it(house)
    what_holds_data_is_not_replaced(house)
    all_models_are_destroyed_together(house)


def a_dry_run_of_nothing_shows_the_first_stack(house: House) -> None:
    first = deployed(house, "--dry-run")
    assert [one["stack"] for one in first["stacks"]] == [SETUP]
    assert re.search("add +DataBucket +AWS::S3::Bucket", first["said"])
    assert "its changes can be shown once this one exists" in first["said"]
    assert stacks(house) == {}


def both_stacks_are_created_from_templates_of_any_size(house: House) -> None:
    path = house.root / "cloudformation" / "pipeline.yml"
    path.write_text(path.read_text() + f"# {'x' * 100}\n" * (MAX_INLINE_BYTES // 100))
    made = deployed(house)
    assert [(one["stack"], one["created"]) for one in made["stacks"]] == [
        (SETUP, True),
        (PIPELINE, True),
    ]
    keys = [
        item["Key"]
        for item in house.client("s3").list_objects_v2(
            Bucket=f"slipway-local-packages-{house.account}-us-east-1", Prefix="templates/"
        )["Contents"]
    ]
    assert [re.sub("[0-9a-f]{64}", "HASH", key) for key in keys] == ["templates/pipeline-HASH.yml"]
    again = deployed(house)
    assert [one["changes"] for one in again["stacks"]] == [[], []]


def a_dry_run_changes_nothing(house: House) -> None:
    before = parameters(house, PIPELINE)
    shown = deployed(house, "--dry-run", "--parameter", "LogsRetentionInDays=30")
    assert re.search(
        r"modify +BuildProjectLogGroup +AWS::Logs::LogGroup +RetentionInDays \(LogsRetentionInDays\)", shown["said"]
    )
    assert shown["dry_run"]
    assert parameters(house, PIPELINE) == before


def a_parameter_reaches_the_stacks_that_have_it(house: House) -> None:
    deployed(house, "--parameter", "LogsRetentionInDays=30")
    assert parameters(house, PIPELINE)["LogsRetentionInDays"] == "30"
    assert [one["changes"] for one in deployed(house)["stacks"]] == [[], []]
    assert parameters(house, PIPELINE)["LogsRetentionInDays"] == "30"

    unknown = house.slipway("deploy", "--parameter", "LogRetention=3")
    assert (unknown.returncode, "found LogRetention, which no template has" in unknown.stderr) == (1, True)
    naming = house.slipway("deploy", "--parameter", "ModelName=other")
    assert (naming.returncode, "Say it so: --model" in naming.stderr) == (1, True)


def what_holds_data_is_not_replaced(house: House) -> None:
    path = house.root / "cloudformation" / "setup.yml"
    text = path.read_text()
    path.write_text(text.replace("slipway-${SuffixID}-data-", "slipway-${SuffixID}-datasets-"))
    refused = house.slipway("deploy")
    assert refused.returncode == 1
    assert "REPLACE DataBucket (AWS::S3::Bucket): BucketName; the old one stays in the account" in refused.stderr
    assert re.search(r"next: .*deploy --replace-stateful DataBucket", refused.stderr.replace("\n", " "))
    assert "nothing was changed" not in refused.stdout
    assert stacks(house)[SETUP] == "CREATE_COMPLETE"
    buckets = [bucket["Name"] for bucket in house.client("s3").list_buckets()["Buckets"]]
    assert not [bucket for bucket in buckets if "datasets" in bucket]
    path.write_text(text)
    assert deployed(house)["stacks"][0]["changes"] == []


def all_models_are_destroyed_together(house: House) -> None:
    deployed(house, "--model", "other")
    assert {SETUP, PIPELINE} < stacks(house).keys()
    done = house.slipway("destroy", "--all", "--data", "--yes", "local", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    removed, left = json.loads(done.stdout)["removed"], json.loads(done.stdout)["left"]
    assert "stacks: slipway-pipeline-local-other" in removed
    assert left == {}
    assert stacks(house) == {}
