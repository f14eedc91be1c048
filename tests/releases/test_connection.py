"""A whole release without CodeCommit and with a key of the account's own: everything else is that of the table.

The repositories lie behind a connection, and the key was there before the stacks; both are what an account may
demand, and together they are the whole of what the setup stack otherwise makes beside its buckets.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_server import ROOT
from tests.releases.house import MODEL, PREFIX, House

FOLDERS = {"training_config": "TrainingConfig", "pipeline_lambdas": "PipelineLambdas"}
FOLDERS |= {"inference_lambdas": "InferenceLambdas"}
STACKS = ("slipway-setup-local", f"slipway-pipeline-local-{MODEL}")
IDENTITY = {f"GIT_{role}_{part}": "dev@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}


@dataclass
class Provider:
    """Repositories as a provider keeps them, bare, and a clone of each."""

    root: Path

    def address(self, folder: str) -> str:
        return str(self.root / f"{folder}.git")

    def git(self, *arguments: str) -> str:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **IDENTITY}
        command = ["git", "-C", str(self.root), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def create(self, folder: str) -> None:
        self.git("init", "--quiet", "--bare", "--initial-branch", "main", self.address(folder))

    def clone(self, folder: str) -> Path:
        """The clone of a repository."""
        clone = self.root / folder
        if not clone.exists():
            self.git("clone", "--quiet", self.address(folder), str(clone))
        return clone

    def push(self, folder: str, name: str, text: str) -> str:
        """Change a file as somebody with a clone does; returns the commit."""
        clone = self.clone(folder)
        (clone / name).write_text(text, encoding="utf-8")
        self.git("-C", str(clone), "add", name)
        self.git("-C", str(clone), "commit", "--quiet", "--message", f"Change {name}")
        self.git("-C", str(clone), "push", "--quiet")
        return self.git("-C", str(clone), "rev-parse", "HEAD")


@dataclass
class Connected:
    house: House
    provider: Provider
    connection: str
    key: str


@pytest.fixture
def connected(tmp_path: Path) -> Iterator[Connected]:
    """A checkout deployed with a connection and an existing key; its pipeline lacks a dataset."""
    house, provider = House(tmp_path / "checkout"), Provider(tmp_path / "provider")
    provider.root.mkdir()
    house.server.up()
    try:
        key = house.client("kms").create_key(Description="of the account")["KeyMetadata"]["Arn"]
        connection = house.client("codeconnections").create_connection(ConnectionName="acme", ProviderType="GitHub")
        found = Connected(house, provider, connection["ConnectionArn"], key)
        _install(found)
        yield found
    finally:
        house.slipway("down")


def _install(connected: Connected) -> None:
    house, provider = connected.house, connected.provider
    for folder in FOLDERS:
        provider.create(folder)
    _run(house, "publish", *(f"--remote={folder}={provider.address(folder)}" for folder in FOLDERS))
    for folder in FOLDERS:
        command = [sys.executable, "-m", "local_aws", "connect", "acme", f"acme/{folder}={provider.address(folder)}"]
        command += ["--state", str(house.server.state)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    parameters = {
        "CreateRepositories": "false",
        "ExistingKeyArn": connected.key,
        "ConnectionArn": connected.connection,
        **{f"{action}RepositoryId": f"acme/{folder}" for folder, action in FOLDERS.items()},
    }
    said = _run(house, "deploy", *(f"--parameter={name}={value}" for name, value in parameters.items()))
    assert "stack slipway-setup-local: created, 12 resources" in said
    assert "the dataset is missing" in said
    assert "the content of" not in said
    house.note_checks()


def _run(house: House, *arguments: str) -> str:
    done = house.slipway(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + ("" if "--json" in arguments else done.stderr)


def test_an_installation_without_codecommit_and_with_a_key_that_was_there(connected: Connected) -> None:
    said = _run(connected.house, "release", "--approve", "a test")
    assert "training_config: comes from acme/training_config, through the connection; push there with git" in said
    assert "your clone of acme/training_config" in said
    _pushes_are_released_if_they_are_about_the_model(connected)
    _roles_use_what_they_are_granted(connected.house)
    _nothing_of_codecommit_is_there(connected)
    _all_is_under_the_key(connected)
    _key_and_repositories_outlive_the_installation(connected)


def _pushes_are_released_if_they_are_about_the_model(connected: Connected) -> None:
    """Of five pushes two start a release, as `check` says before; the last one takes what all of them brought."""
    house, provider = connected.house, connected.provider
    config = house.config_file.read_text(encoding="utf-8")
    commits, before, execution = {}, len(house.executions()), house.newest()
    for folder, name, text, releases in (
        ("training_config", "another-model.yml", config, False),
        ("training_config", "README.md", "Changed.\n", False),
        ("inference_lambdas", "inference_lambdas/README.md", "Changed.\n", False),
        ("pipeline_lambdas", "scripts/notes.txt", "Changed.\n", True),
        ("training_config", f"{MODEL}.yml", config.replace("max_depth: 6", "max_depth: 4"), True),
    ):
        if releases:
            (provider.clone(folder) / name).write_text(text, encoding="utf-8")
            assert _would_release(connected, folder) == {MODEL: name}
        commits[FOLDERS[folder]] = provider.push(folder, name, text)
        if releases:
            execution = house.wait_for_new(execution)
            if folder == "pipeline_lambdas":
                house.stop(execution)  # the last one takes its commit, too
    assert house.wait_for_end(execution)["status"] == "Succeeded"
    assert len(house.executions()) == before + 2
    summary = house.executions()[0]
    assert summary["trigger"] == {"triggerType": "WebhookV2", "triggerDetail": connected.connection}
    revisions = {each["actionName"]: each["revisionId"] for each in summary["sourceRevisions"]}
    assert commits.items() <= revisions.items()
    shown = json.loads(_run(house, "show", "--json"))
    assert (shown["trigger"], shown["status"]) == ("push to a connected repository", "Succeeded")
    job = house.client("sagemaker").describe_training_job(TrainingJobName=f"{PREFIX}-{execution[:13]}")
    assert job["HyperParameters"]["max_depth"] == "4"


def _would_release(connected: Connected, folder: str) -> dict[str, str]:
    """What `check` says in a clone of the repository."""
    house, clone = connected.house, connected.provider.clone(folder)
    # As it is installed from the checkout: what the clone holds of the same modules is not meant.
    environment = {**house.environment, "PYTHONPATH": f"{house.root / 'scripts'}{os.pathsep}{house.root}"}
    command = [sys.executable, "-P", "-m", "slipway.cli", "check", "--json", "--local"]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    found: dict[str, str] = json.loads(done.stdout)["releases"][folder]
    return found


def _roles_use_what_they_are_granted(house: House) -> None:
    done = house.slipway("permissions", "--json")
    found = json.loads(done.stdout)
    assert (found["denied"], found["unused"], found["untouched"]) == ([], [], [])


def _nothing_of_codecommit_is_there(connected: Connected) -> None:
    assert connected.house.client("codecommit").list_repositories()["repositories"] == []
    refused = connected.house.slipway("publish", "training_config")
    assert refused.returncode == 1
    assert "Behind the pipeline's connection: training_config (acme/training_config)" in refused.stderr
    assert "publish --remote training_config=ADDRESS" in " ".join(refused.stderr.split())
    left = _run(connected.house, "publish", f"--remote=training_config={connected.provider.address('training_config')}")
    assert "training_config: left alone" in left or "training_config: unchanged" in left
    # The checkout has nothing that is not pushed, and knows where it was published.
    assert json.loads(_run(connected.house, "check", "--json"))["releases"] == {folder: {} for folder in FOLDERS}
    (connected.house.root / "pipeline_lambdas" / "notes.txt").write_text("new\n", encoding="utf-8")
    assert json.loads(_run(connected.house, "check", "--json"))["releases"] == {
        **{folder: {} for folder in FOLDERS},
        "pipeline_lambdas": {MODEL: "pipeline_lambdas/notes.txt"},
    }


def _all_is_under_the_key(connected: Connected) -> None:
    house, key = connected.house, connected.key
    assert [each["KeyArn"] for each in house.client("kms").list_keys()["Keys"]] == [key]
    assert house.client("kms").list_aliases(KeyId=key)["Aliases"] == []
    found = dict(_keys(house))
    assert {name: used for name, used in found.items() if used != key} == {}
    kinds = {name.partition(" ")[0] for name in found}
    assert kinds == {"bucket", "topic", "log", "function", "build", "pipeline", "job", "volume", "endpoint", "object"}


def _keys(house: House) -> Iterator[tuple[str, str | None]]:
    """What is encrypted in an installation, and with which key; S3 takes no key of KMS for its own access logs."""
    s3, account = house.client("s3"), house.account
    for purpose in ("data", "packages", "models", "artifacts", "evidence"):
        bucket = f"slipway-local-{purpose}-{account}-us-east-1"
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        yield f"bucket {bucket}", rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")
        for each in s3.list_objects_v2(Bucket=bucket)["Contents"]:
            yield f"object {bucket}/{each['Key']}", s3.head_object(Bucket=bucket, Key=each["Key"]).get("SSEKMSKeyId")
    for resource, physical in _resources(house):
        yield from _key_of(house, resource, physical)
    sagemaker, newest = house.client("sagemaker"), f"{PREFIX}-{house.newest()[:13]}"
    job = sagemaker.describe_training_job(TrainingJobName=newest)
    yield f"job {newest}", job["OutputDataConfig"].get("KmsKeyId")
    yield f"volume of {newest}", job["ResourceConfig"].get("VolumeKmsKeyId")
    for name in (config for _, config in house.serving().values()):
        described = sagemaker.describe_endpoint_config(EndpointConfigName=name)
        if "ServerlessConfig" not in described["ProductionVariants"][0]:  # which has no volume to encrypt
            yield f"endpoint {name}", described.get("KmsKeyId")


def _resources(house: House) -> list[tuple[str, str]]:
    """Type and physical id of all that the stacks made."""
    pages = house.client("cloudformation").get_paginator("list_stack_resources")
    return [
        (each["ResourceType"], each["PhysicalResourceId"])
        for stack in STACKS
        for page in pages.paginate(StackName=stack)
        for each in page["StackResourceSummaries"]
    ]


def _key_of(house: House, resource: str, physical: str) -> Iterator[tuple[str, str | None]]:
    if resource == "AWS::SNS::Topic":
        attributes: dict[str, Any] = house.client("sns").get_topic_attributes(TopicArn=physical)["Attributes"]
        yield f"topic {physical}", attributes.get("KmsMasterKeyId")
    elif resource == "AWS::Logs::LogGroup":
        groups = house.client("logs").describe_log_groups(logGroupNamePrefix=physical)["logGroups"]
        yield f"log group {physical}", groups[0].get("kmsKeyId")
    elif resource == "AWS::Lambda::Function":
        found = house.client("lambda").get_function_configuration(FunctionName=physical)
        yield f"function {physical}", found.get("KMSKeyArn")
    elif resource == "AWS::CodeBuild::Project":
        (project,) = house.client("codebuild").batch_get_projects(names=[physical])["projects"]
        yield f"build project {physical}", project.get("encryptionKey")
    elif resource == "AWS::CodePipeline::Pipeline":
        pipeline = house.client("codepipeline").get_pipeline(name=physical)["pipeline"]
        yield f"pipeline {physical}", pipeline["artifactStore"].get("encryptionKey", {}).get("id")


def _key_and_repositories_outlive_the_installation(connected: Connected) -> None:
    house = connected.house
    said = _run(house, "destroy", "--all", "--data", "--locked", "--yes", "local")
    assert "Nothing of installation local is left." in said
    metadata = house.client("kms").describe_key(KeyId=connected.key)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == ("Enabled", True)
    assert connected.provider.git("-C", connected.provider.address("training_config"), "rev-parse", "main")
    with pytest.raises(ClientError, match="404"):
        house.client("s3").head_bucket(Bucket=f"slipway-local-data-{house.account}-us-east-1")
    with pytest.raises(ClientError, match="does not exist"):
        house.client("cloudformation").describe_stacks(StackName=STACKS[1])
