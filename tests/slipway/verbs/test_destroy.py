"""The verb `destroy`, in checkouts of their own: nothing is left but what it lists, and nothing else is touched."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway import target
from slipway.datasets.model_data import empty_bucket
from slipway.errors import SlipwayError
from slipway.installation.installation import Inventory
from slipway.installation.local_key import read_local_key
from slipway.installation.removal_scope import Scope
from slipway.installation.setup_resources import key_description
from slipway.installation.teardown import stop_builds
from slipway.installation.workflow_inventory import JOB_LOGS
from slipway.names import BUILDS, FUNCTIONS
from slipway.session import Session
from slipway.stacks.templates import _Loader
from slipway.target import Options
from slipway.terminal.output import Output, PlainConsole
from slipway.verbs.destroy import _agree, _remove_stack

from tests.local_server import ROOT, LocalServer, allow, wait_for
from tests.releases.house import MODEL, PREFIX, House

pytestmark = pytest.mark.usefixtures("local_key")

SHORT = "0f3c1f6e-5f0e"
SECOND = "second"
KEPT = ["buckets", "keys", "repositories", "setup stacks", "work folders"]
DATA = {"data", "evidence", "log streams", "training jobs"}
LISTED = {
    "AWS::CloudFormation::Stack": "stacks",
    "AWS::CloudWatch::Alarm": "alarms",
    "AWS::CloudWatch::Dashboard": "dashboards",
    "AWS::CodeBuild::Project": "build projects",
    "AWS::CodeCommit::Repository": "repositories",
    "AWS::CodePipeline::Pipeline": "pipelines",
    "AWS::DynamoDB::Table": "tables",
    "AWS::ECR::Repository": "image repositories",
    "AWS::Events::Rule": "rules",
    "AWS::IAM::Role": "roles",
    "AWS::KMS::Alias": "aliases",
    "AWS::KMS::Key": "keys",
    "AWS::Lambda::Function": "functions",
    "AWS::Logs::LogGroup": "log groups",
    "AWS::S3::Bucket": "buckets",
    "AWS::SNS::Subscription": "subscriptions",
    "AWS::SNS::Topic": "topics",
    "AWS::SQS::Queue": "queues",
    "AWS::SageMaker::ModelPackageGroup": "package groups",
    "AWS::StepFunctions::StateMachine": "state machines",
}
"""Resource type to what `everything` calls it."""
PARTS = {
    "AWS::IAM::Policy",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}
"""Types of what is part of another resource and cannot outlive it."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("destroyed"))
    try:
        house.copy_installation(installed)
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
    logs, kms, sagemaker = house.client("logs"), house.client("kms"), house.client("sagemaker")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    keys = [key["KeyId"] for key in kms.list_keys()["Keys"]]
    states = {key: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in keys}
    package_groups = named(house, "sagemaker", "list_model_package_groups", "ModelPackageGroupName")
    aliases = named(house, "kms", "list_aliases", "AliasName")
    jobs = sagemaker.list_training_jobs()["TrainingJobSummaries"]
    return {
        "stacks": named(house, "cloudformation", "describe_stacks", "StackName"),
        "endpoints": named(house, "sagemaker", "list_endpoints", "EndpointName"),
        "configs": named(house, "sagemaker", "list_endpoint_configs", "EndpointConfigName"),
        "models": named(house, "sagemaker", "list_models", "ModelName"),
        "package groups": package_groups,
        "packages": named(house, "sagemaker", "list_model_packages", "ModelPackageArn"),
        "jobs": [job["TrainingJobName"] for job in jobs],
        "buckets": named(house, "s3", "list_buckets", "Name"),
        "repositories": named(house, "codecommit", "list_repositories", "repositoryName"),
        "image repositories": named(house, "ecr", "describe_repositories", "repositoryName"),
        "log groups": [group for group in groups if group not in JOB_LOGS.values()],
        "keys": [key for key, state in states.items() if state != "PendingDeletion"],
        "aliases": [alias for alias in aliases if not alias.startswith("alias/aws/")],
        "functions": named(house, "lambda", "list_functions", "FunctionName"),
        "roles": named(house, "iam", "list_roles", "RoleName"),
        "rules": named(house, "events", "list_rules", "Name"),
        "pipelines": named(house, "codepipeline", "list_pipelines", "name"),
        "build projects": list(house.client("codebuild").list_projects()["projects"]),
        "alarms": named(house, "cloudwatch", "describe_alarms", "AlarmName"),
        "dashboards": named(house, "cloudwatch", "list_dashboards", "DashboardName"),
        "topics": named(house, "sns", "list_topics", "TopicArn"),
        "subscriptions": named(house, "sns", "list_subscriptions", "SubscriptionArn"),
        "tables": list(house.client("dynamodb").list_tables()["TableNames"]),
        "queues": list(house.client("sqs").list_queues().get("QueueUrls", [])),
        "state machines": named(house, "stepfunctions", "list_state_machines", "name"),
        "processing jobs": named(house, "sagemaker", "list_processing_jobs", "ProcessingJobName"),
        "work folders": [path.name for path in (house.root / ".slipway" / "publish").glob("*")],
    }


def named(house: House, service: str, operation: str, name: str) -> list[str]:
    """The names in the one list of dictionaries that an operation answers, but for lists of other things."""
    answer = getattr(house.client(service), operation)()
    return sorted(one[name] for found in answer.values() if isinstance(found, list) for one in found if name in one)


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
    sagemaker.create_model_package_group(ModelPackageGroupName=f"{PREFIX}-2")
    logs.create_log_group(logGroupName=group)
    key = house.client("kms").create_key(Description="Slipway local-2, data")["KeyMetadata"]["KeyId"]
    made = {"buckets": bucket, "repositories": repository, "models": model, "log groups": group, "keys": key}
    return {
        **{kind: [] for kind in everything(house)},
        **{kind: [name] for kind, name in made.items()},
        "roles": ["neighbour"],
        "package groups": [f"{PREFIX}-2"],
    }


def objects(house: House, *, of: str) -> list[str]:
    """Keys in all buckets that have to do with a model."""
    s3 = house.client("s3")
    buckets = [one["Name"] for one in s3.list_buckets()["Buckets"] if "-logs-" not in one["Name"]]
    pages = (page for name in buckets for page in s3.get_paginator("list_object_versions").paginate(Bucket=name))
    found = (item["Key"] for page in pages for item in (*page.get("Versions", []), *page.get("DeleteMarkers", [])))
    return sorted(key for key in found if of in key and not key.startswith("templates/"))


def add_second_model(house: House) -> None:
    """A model like the first, whose release is under way."""
    config = house.root / "training_config" / f"{SECOND}.yml"
    text = (house.root / "training_config" / f"{MODEL}.yml").read_text(encoding="utf-8")
    config.write_text(text.replace(f"model: {MODEL}", f"model: {SECOND}"), encoding="utf-8")
    shutil.copytree(house.root / "data" / MODEL, house.root / "data" / SECOND)
    done = house.slipway("release", "--no-follow", "--model", SECOND)
    assert done.returncode == 0, done.stdout + done.stderr
    names = house.client("codebuild").list_builds_for_project
    wait_for(lambda: names(projectName=f"slipway-local-{SECOND}-build")["ids"], "a build of the second model", 60)


def released(house: House) -> None:
    done = house.slipway("release", "--approve", "again")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {status for status, _ in house.serving().values()} == {"InService"}


def test_models_and_installation_are_destroyed_and_made_again(house: House) -> None:
    """One after the other, as each needs what the one before left."""
    nothing_is_removed_unasked(house)
    before = everything(house)
    add_second_model(house)
    one_model_goes_and_the_other_stays(house, before)
    neighbours = make_neighbours(house)
    what_is_shared_stays_with_the_data(house, neighbours)
    released(house)
    assert house.record(house.newest())["sequence"] > 1, "the records go on where they were"
    evidence_stays_as_long_as_it_is_locked(house)
    nothing_is_left(house, neighbours)
    assert destroyed(house, "--all", "--data")["removed"] == []
    assert everything(house) == neighbours


def nothing_is_removed_unasked(house: House) -> None:
    refused = house.slipway("destroy")
    assert refused.returncode == 1
    assert "Nobody can be asked here, so nothing was removed." in refused.stderr
    refused = house.slipway("destroy", "--yes", "local")
    assert f"--yes: found 'local'; expected {MODEL}, for model {MODEL} of installation local." in refused.stderr
    refused = house.slipway("destroy", "--all", "--yes", MODEL)
    assert f"--yes: found '{MODEL}'; expected local, for installation local. Nothing was removed" in refused.stderr


def one_model_goes_and_the_other_stays(house: House, before: dict[str, list[str]]) -> None:
    assert all(named_after_second(house)[kind] for kind in ("stacks", "functions", "rules", "pipelines", "log groups"))
    kept = destroyed(house, "--model", SECOND, "--yes", SECOND)
    assert f"Other models, left alone: {MODEL}." in kept["said"]
    assert "releases: 1 stopped" in kept["said"]
    assert {*KEPT, "data"} <= kept["left"].keys() <= {*KEPT, *DATA}
    served = {"Bucket": f"slipway-local-models-{House.account}-us-east-1", "Body": b"what Prod served"}
    house.client("s3").put_object(**served, Key=f"prod/slipway-local-{SECOND}-{SHORT}/v/model.tar.gz")
    gone = destroyed(house, "--model", SECOND, "--data", "--locked", "--yes", SECOND)
    assert {one.partition(":")[0] for one in gone["removed"]} == kept["left"].keys() & DATA
    assert sorted(gone["left"]) == KEPT
    assert not any(named_after_second(house).values())
    assert objects(house, of=SECOND) == []
    now = everything(house)
    assert all(set(names) <= set(now[kind]) for kind, names in before.items())
    assert {status for status, _ in house.serving().values()} == {"InService"}
    folders = {key.partition("/")[0] for key in objects(house, of=MODEL)}
    assert folders >= {MODEL, "training", "prod", "releases", "records"}


def named_after_second(house: House) -> dict[str, list[str]]:
    return {kind: [name for name in names if SECOND in name] for kind, names in everything(house).items()}


def what_is_shared_stays_with_the_data(house: House, neighbours: dict[str, list[str]]) -> None:
    """Not even of a release in the middle of which it all goes there is more."""
    house.client("codepipeline").start_pipeline_execution(name=PREFIX)
    versions = house.client("sagemaker").list_model_packages(ModelPackageGroupName=PREFIX)["ModelPackageSummaryList"]
    answer = destroyed(house, "--all", "--yes", "local")
    assert sorted(answer["left"]) == sorted([*KEPT, *DATA])
    assert f"model package groups: {PREFIX}" in answer["removed"]
    assert {f"model packages: {one['ModelPackageArn']}" for one in versions} <= set(answer["removed"])
    assert "A key costs money as long as it exists." in answer["said"]
    there = everything(house)
    assert there["stacks"] == ["slipway-setup-local"]
    for kind in there.keys() - {"stacks", "jobs", "buckets", "repositories", "keys", "aliases", "work folders"}:
        assert there[kind] == neighbours[kind], kind
    assert len(there["buckets"]) == 7
    again = destroyed(house)
    assert again["removed"] == []
    assert f"Found nothing of model {MODEL} of installation local to remove." in again["said"]


def evidence_stays_as_long_as_it_is_locked(house: House) -> None:
    """And with it what is needed to read it."""
    before = objects(house, of=MODEL)
    answer = destroyed(house, "--all", "--data", "--yes", "local")
    assert sorted(answer["left"]) == sorted([*KEPT, "evidence"])
    said = " ".join(answer["said"].split())
    assert f"/records/{MODEL}/ is locked (GOVERNANCE), the newest of it until " in said
    assert "without the key nobody could read the evidence" in said
    assert "destroy --all --data --locked" in said
    kept = {key for key in before if key.endswith((".json", ".html")) and key.startswith(("releases/", "records/"))}
    after = objects(house, of=MODEL)
    assert kept <= set(after)
    assert {key.partition("/")[0] for key in after} == {"records", "releases", "checks"}, "checks are of the packages"


def nothing_is_left(house: House, neighbours: dict[str, list[str]]) -> None:
    logs, streams = house.client("logs"), "/aws/sagemaker/TrainingJobs"
    if not logs.describe_log_streams(logGroupName=streams, logStreamNamePrefix=f"{PREFIX}-2-{SHORT}")["logStreams"]:
        logs.create_log_stream(logGroupName=streams, logStreamName=f"{PREFIX}-2-{SHORT}/algo-1-1")
    answer = destroyed(house, "--all", "--data", "--locked", "--yes", "local")
    assert answer["left"] == {}
    assert "Nothing of installation local is left." in answer["said"]
    assert everything(house) == neighbours
    found = logs.describe_log_streams(logGroupName=streams)["logStreams"]
    assert [one["logStreamName"] for one in found] == [f"{PREFIX}-2-{SHORT}/algo-1-1"]


def test_a_person_types_the_name_of_what_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(Options(local=True, suffix="blue"), Output(console=PlainConsole(file=io.StringIO())))
    one, every = (Scope(session, (), (), whole=whole, data=False) for whole in (False, True))
    answers = ["green", "", MODEL, "blue"]
    monkeypatch.setattr(Output, "can_ask", True)
    monkeypatch.setattr(Output, "ask", lambda _output, _question: answers.pop(0))
    for typed in ("green", ""):
        with pytest.raises(SlipwayError, match=f"found '{typed}'; expected blue, for installation blue. Nothing was"):
            _agree(every, None)
    with pytest.raises(SlipwayError, match=f"found '{MODEL}'; expected blue"):
        _agree(every, None)
    with pytest.raises(SlipwayError, match=f"found 'blue'; expected {MODEL}, for model {MODEL} of installation blue"):
        _agree(one, None)
    _agree(one, MODEL)
    _agree(every, "blue")


@pytest.mark.parametrize("registered", [True, False])
def test_a_version_that_is_registered_meanwhile_goes_before_its_stack(
    monkeypatch: pytest.MonkeyPatch, registered: bool
) -> None:
    """A function that runs as its release is stopped ends its work: the group is then not empty any more."""
    there = ["arn"] if registered else []
    done: list[str] = []

    def remove_stack(_session: Session, stack: str) -> None:
        done.append(stack)
        if there or not registered:
            raise SlipwayError(f"stack {stack} ended in DELETE_FAILED")

    def remove_endpoints(_session: Session, inventory: Inventory) -> None:
        done.extend(inventory.model_packages)
        there.clear()

    monkeypatch.setattr("slipway.verbs.destroy.remove_stack", remove_stack)
    monkeypatch.setattr("slipway.verbs.destroy.remove_endpoints", remove_endpoints)
    monkeypatch.setattr(Scope, "look", lambda _scope: Inventory(model_packages=tuple(there)))
    session = Session(Options(local=True), Output(console=PlainConsole(file=io.StringIO())))
    scope = Scope(session, (), (), whole=False, data=False)
    if registered:
        _remove_stack(scope, "blue")
        assert done == ["blue", "arn", "blue"]
    else:
        with pytest.raises(SlipwayError, match="DELETE_FAILED"):
            _remove_stack(scope, "blue")
        assert done == ["blue"]


def test_every_type_of_the_templates_is_looked_for() -> None:
    types = {one["Type"] for name in ("setup.yml", "pipeline.yml", "workflows.yml") for one in resources(name).values()}
    assert types <= LISTED.keys() | PARTS


@pytest.mark.parametrize("name", BUILDS)
def test_a_build_that_goes_on_is_stopped(local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(target, "read_local_key", lambda _state: read_local_key(local_aws.state))
    console = PlainConsole(file=io.StringIO())
    session = Session(Options(local=True, port=local_aws.port, suffix="stops"), Output(console=console))
    assert stop_builds(session, session.names) == 0
    codebuild, project = local_aws.client("codebuild"), session.names.function(name)
    codebuild.create_project(
        name=project,
        source={"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: {build: {commands: [sleep 600]}}\n"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=local_aws.create_role(f"stops-{name}", "codebuild.amazonaws.com", allow("logs:*")),
    )
    assert stop_builds(session, session.names) == 0
    build = codebuild.start_build(projectName=project)["build"]["id"]
    assert stop_builds(session, session.names) == 1
    assert codebuild.batch_get_builds(ids=[build])["builds"][0]["buildStatus"] == "STOPPED"
    assert stop_builds(session, session.names) == 0


def test_a_bucket_is_emptied_of_versions_markers_and_uploads(local_aws: LocalServer) -> None:
    s3, name = local_aws.client("s3"), "scripts-emptied"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    # More than a page of a list holds.
    with ThreadPoolExecutor(8) as side_by_side:
        list(side_by_side.map(lambda number: s3.put_object(Bucket=name, Key=f"k{number % 600}"), range(1_100)))
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
