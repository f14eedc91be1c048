"""The verb `destroy`, in checkouts of their own: nothing is left but what it lists, and nothing else is touched."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from scripts.destroy import _agree
from scripts.errors import SlipwayError
from scripts.installation import key_description
from scripts.names import FUNCTIONS
from scripts.output import Output, PlainConsole
from scripts.session import Session
from scripts.target import Options
from scripts.teardown import empty_bucket
from scripts.templates import _Loader
from tests.local_server import ROOT, LocalServer, allow
from tests.releases.house import PREFIX, House

pytestmark = pytest.mark.usefixtures("local_key")

SHORT = "0f3c1f6e-5f0e"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("destroyed"))
    try:
        house.install()
        yield house
    finally:
        house.slipway("down")


def destroyed(house: House, *arguments: str) -> dict[str, Any]:
    done = house.slipway("destroy", "--json", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return {**answer, "said": done.stderr}


def everything(house: House) -> dict[str, list[str]]:
    """What the account holds, by kind, looked up without the code under test."""
    cloudformation, s3, logs = house.client("cloudformation"), house.client("s3"), house.client("logs")
    sagemaker, kms, codecommit = house.client("sagemaker"), house.client("kms"), house.client("codecommit")
    stacks = [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]]
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    keys = [key["KeyId"] for key in kms.list_keys()["Keys"]]
    states = {key: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in keys}
    return {
        "stacks": stacks,
        "endpoints": [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]],
        "configs": [one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs()["EndpointConfigs"]],
        "models": [one["ModelName"] for one in sagemaker.list_models()["Models"]],
        "jobs": [one["TrainingJobName"] for one in sagemaker.list_training_jobs()["TrainingJobSummaries"]],
        "buckets": [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]],
        "repositories": [one["repositoryName"] for one in codecommit.list_repositories()["repositories"]],
        "log groups": [group for group in groups if group != "/aws/sagemaker/TrainingJobs"],
        "keys": [key for key, state in states.items() if state != "PendingDeletion"],
        "functions": [one["FunctionName"] for one in house.client("lambda").list_functions()["Functions"]],
        "roles": [one["RoleName"] for one in house.client("iam").list_roles()["Roles"]],
        "rules": [one["Name"] for one in house.client("events").list_rules()["Rules"]],
        "pipelines": [one["name"] for one in house.client("codepipeline").list_pipelines()["pipelines"]],
    }


def make_neighbours(house: House) -> dict[str, list[str]]:
    """What others have, under names that begin like ours; returns them by kind."""
    sagemaker, logs = house.client("sagemaker"), house.client("logs")
    role = house.server.create_role("neighbour", "sagemaker.amazonaws.com", allow("s3:GetObject"))
    bucket, repository = "slipway-local-data-neighbour", "slipway-local-training-config-2"
    house.client("s3").create_bucket(Bucket=bucket)
    house.client("codecommit").create_repository(repositoryName=repository)
    model, group = f"{PREFIX}-2-{SHORT}", f"/aws/sagemaker/Endpoints/{PREFIX}-2-dev"
    image = sagemaker.describe_model(ModelName=sagemaker.list_models()["Models"][0]["ModelName"])["PrimaryContainer"]
    sagemaker.create_model(ModelName=model, ExecutionRoleArn=role, PrimaryContainer=image)
    logs.create_log_group(logGroupName=group)
    key = house.client("kms").create_key(Description="Slipway local-2, data")["KeyMetadata"]["KeyId"]
    made = {"buckets": bucket, "repositories": repository, "models": model, "log groups": group, "keys": key}
    return {
        **{kind: [] for kind in everything(house)},
        **{kind: [name] for kind, name in made.items()},
        "roles": ["neighbour"],
    }


def test_an_installation_is_destroyed_and_made_again(house: House) -> None:
    refused = house.slipway("destroy")
    assert refused.returncode == 1
    assert "Nobody is there to be asked, so nothing was removed." in refused.stderr
    refused = house.slipway("destroy", "--yes", "locale")
    assert "--yes: found 'locale'; the installation is local. Nothing was removed." in refused.stderr
    assert len(everything(house)["stacks"]) >= 2

    neighbours = make_neighbours(house)
    logs = house.client("logs")
    streams = "/aws/sagemaker/TrainingJobs"
    logs.create_log_stream(logGroupName=streams, logStreamName=f"{PREFIX}-2-{SHORT}/algo-1-1")
    # A second release, in the middle of which everything goes.
    house.client("codepipeline").start_pipeline_execution(name=PREFIX)

    first = destroyed(house, "--yes", "local")
    assert sorted(first["left"]) == ["buckets", "keys", "log streams", "repositories", "training jobs"]
    assert "A key costs money while it is there." in first["said"]
    there = everything(house)
    for kind in ("stacks", "endpoints", "configs", "models", "functions", "roles", "rules", "pipelines"):
        assert there[kind] == neighbours[kind], kind
    assert len(there["buckets"]) == 6

    again = destroyed(house)
    assert again["removed"] == []
    assert "Nothing of installation local is there to be removed." in again["said"]

    last = destroyed(house, "--data", "--yes", "local")
    assert last["left"] == {}
    assert "Nothing of installation local is left." in last["said"]
    assert everything(house) == neighbours
    assert [one["logStreamName"] for one in logs.describe_log_streams(logGroupName=streams)["logStreams"]] == [
        f"{PREFIX}-2-{SHORT}/algo-1-1"
    ]
    assert destroyed(house, "--data")["left"] == {}
    assert everything(house) == neighbours

    done = house.slipway("release")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(house.serving()) >= 2


def test_a_person_types_the_name_of_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(Options(local=True, suffix="blue"), Output(console=PlainConsole(file=io.StringIO())))
    answers = ["green", "", "blue"]
    monkeypatch.setattr(Output, "can_ask", True)
    monkeypatch.setattr(Output, "ask", lambda _output, _question: answers.pop(0))
    for typed in ("green", ""):
        with pytest.raises(SlipwayError, match=f"found '{typed}'; the installation is blue. Nothing was removed"):
            _agree(session, None)
    _agree(session, None)
    _agree(session, "blue")


def test_a_bucket_is_emptied_of_versions_markers_and_uploads(local_aws: LocalServer) -> None:
    s3, name = local_aws.client("s3"), "scripts-emptied"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for number in range(1_100):
        s3.put_object(Bucket=name, Key=f"k{number % 600}", Body=b"x")
    s3.delete_object(Bucket=name, Key="k0")
    s3.create_multipart_upload(Bucket=name, Key="unfinished")
    assert empty_bucket(s3, name, lambda _text: None) == 1_101
    assert empty_bucket(s3, name, lambda _text: None) == 0
    assert not s3.list_multipart_uploads(Bucket=name).get("Uploads")
    s3.delete_bucket(Bucket=name)


def resources(template: str) -> dict[str, Any]:
    document = yaml.load((ROOT / "cloudformation" / template).read_text(), _WithText)  # noqa: S506
    found: dict[str, Any] = document["Resources"]
    return found


class _WithText(_Loader):
    """Keeps the text of `!Sub`."""


_WithText.add_constructor("!Sub", lambda _loader, node: getattr(node, "value", None))


def test_the_functions_are_those_of_the_template() -> None:
    functions = {
        resource["Properties"]["FunctionName"].rpartition("${ModelName}-")[2]
        for resource in resources("pipeline.yml").values()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    assert functions
    assert functions <= set(FUNCTIONS)


def test_the_key_is_known_by_the_description_in_the_template() -> None:
    description = resources("setup.yml")["Key"]["Properties"]["Description"]
    assert description.startswith(key_description("${SuffixID}"))
