"""A connection to a provider, which here reaches a local git repository."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from tests.local_server import ACCOUNT, REGION, ROOT, LocalServer, allow, wait_for

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_{part}": "dev@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")},
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, text: str) -> str:
    (folder / "file.txt").write_text(text, encoding="utf-8")
    git(folder, "add", "file.txt")
    git(folder, "commit", "--quiet", "--message", text)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder, "first")
    return folder


def connect(server: LocalServer, connection: str, repository: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local_aws", "connect", connection, repository, "--state", str(server.state)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def change(folder: Path, *names: str) -> None:
    """Commit other content of these files."""
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(os.urandom(8).hex(), encoding="utf-8")
    git(folder, "add", *names)
    git(folder, "commit", "--quiet", "--message", f"Change {', '.join(names)}")


def create_pipeline(
    server: LocalServer, name: str, arn: str, *statements: dict[str, Any], detect: str = "true", **declared: Any
) -> None:
    """A pipeline whose source is `acme/model` behind the connection, and which then waits for an approval."""
    bucket = f"{name}-artifacts"
    server.client("s3").create_bucket(Bucket=bucket)
    role = server.create_role(f"{name}-role", "codepipeline.amazonaws.com", allow("s3:*"), *statements)
    source = {"ConnectionArn": arn, "FullRepositoryId": "acme/model", "BranchName": "main", "DetectChanges": detect}
    server.client("codepipeline").create_pipeline(
        pipeline={
            "name": name,
            "roleArn": role,
            "pipelineType": "V2",
            "executionMode": "QUEUED",
            "artifactStore": {"type": "S3", "location": bucket},
            "stages": [
                {
                    "name": "Source",
                    "actions": [
                        {
                            "name": "Code",
                            "namespace": "Code",
                            "actionTypeId": _type("Source", "CodeStarSourceConnection"),
                            "configuration": source,
                            "outputArtifacts": [{"name": "Files"}],
                        }
                    ],
                },
                {"name": "Approve", "actions": [{"name": "Ask", "actionTypeId": _type("Approval", "Manual")}]},
            ],
            **declared,
        }
    )


def _type(category: str, provider: str) -> dict[str, str]:
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}


def source_action(server: LocalServer, pipeline: str, number: int) -> dict[str, Any]:
    """The source action of the pipeline's n-th execution, once it has ended."""

    def ended() -> dict[str, Any] | None:
        listed = server.client("codepipeline").list_action_executions(pipelineName=pipeline)["actionExecutionDetails"]
        sources = [a for a in reversed(listed) if a["stageName"] == "Source" and a["status"] != "InProgress"]
        return sources[number] if len(sources) > number else None

    found: dict[str, Any] = wait_for(ended, f"source {number} of {pipeline} to end", 20)
    return found


def test_a_push_starts_the_pipeline_at_its_commit(local_aws: LocalServer, repository: Path) -> None:
    client = local_aws.client("codeconnections")
    arn = client.create_connection(ConnectionName="to-github", ProviderType="GitHub")["ConnectionArn"]
    assert client.get_connection(ConnectionArn=arn)["Connection"]["ConnectionStatus"] == "PENDING"
    done = connect(local_aws, "to-github", f"acme/model={repository}")
    assert done.returncode == 0, done.stderr
    assert client.get_connection(ConnectionArn=arn)["Connection"]["ConnectionStatus"] == "AVAILABLE"
    create_pipeline(local_aws, "connected", arn, allow("codeconnections:UseConnection", resource=arn))
    first = source_action(local_aws, "connected", 0)
    assert first["status"] == "Succeeded", first
    pushed = commit(repository, "second")
    second = source_action(local_aws, "connected", 1)
    variables = second["output"]["outputVariables"]
    assert (variables["CommitId"], variables["CommitMessage"].strip()) == (pushed, "second")
    assert (variables["ProviderType"], variables["FullRepositoryName"]) == ("GitHub", "acme/model")
    location = second["output"]["outputArtifacts"][0]["s3location"]
    body = local_aws.client("s3").get_object(Bucket=location["bucket"], Key=location["key"])["Body"].read()
    assert zipfile.ZipFile(io.BytesIO(body)).read("file.txt") == b"second"
    execution = local_aws.client("codepipeline").get_pipeline_execution(
        pipelineName="connected", pipelineExecutionId=second["pipelineExecutionId"]
    )["pipelineExecution"]
    assert execution["trigger"] == {"triggerType": "WebhookV2", "triggerDetail": arn}


@pytest.mark.parametrize(
    ("name", "statements", "repository_name", "message"),
    [
        ("not-permitted", [], "acme/model", "not authorized to perform: codeconnections:UseConnection"),
        ("not-linked", [allow("codestar-connections:UseConnection")], "acme/other", "python -m local_aws connect"),
    ],
)
def test_what_cannot_be_read_fails_the_source(
    local_aws: LocalServer,
    repository: Path,
    name: str,
    statements: list[dict[str, Any]],
    repository_name: str,
    message: str,
) -> None:
    arn = local_aws.client("codeconnections").create_connection(ConnectionName=name, ProviderType="GitLab")[
        "ConnectionArn"
    ]
    assert connect(local_aws, name, f"{repository_name}={repository}").returncode == 0
    create_pipeline(local_aws, name, arn, *statements)
    failed = source_action(local_aws, name, 0)
    assert failed["status"] == "Failed"
    assert message in failed["output"]["executionResult"]["errorDetails"]["message"]


def test_changes_are_detected_only_if_enabled(local_aws: LocalServer, repository: Path) -> None:
    arn = local_aws.client("codeconnections").create_connection(ConnectionName="still", ProviderType="GitHub")[
        "ConnectionArn"
    ]
    assert connect(local_aws, "still", f"acme/model={repository}").returncode == 0
    use = allow("codeconnections:UseConnection", resource=arn)
    create_pipeline(local_aws, "still", arn, use, detect="false")
    create_pipeline(local_aws, "moving", arn, use)
    assert source_action(local_aws, "moving", 0)["status"] == "Succeeded"
    commit(repository, "a change")
    assert source_action(local_aws, "moving", 1)["status"] == "Succeeded"
    executions = local_aws.client("codepipeline").list_pipeline_executions(pipelineName="still")
    assert len(executions["pipelineExecutionSummaries"]) == 1


def filtered(*push: dict[str, Any]) -> list[dict[str, Any]]:
    git_configuration = {"sourceActionName": "Code", "push": list(push)}
    return [{"providerType": "CodeStarSourceConnection", "gitConfiguration": git_configuration}]


def test_triggers_choose_the_pushes_that_start_the_pipeline(local_aws: LocalServer, repository: Path) -> None:
    """Three pipelines of one repository; each push starts those whose filter takes it, and at its commit."""
    arn = local_aws.client("codeconnections").create_connection(ConnectionName="chosen", ProviderType="GitHub")[
        "ConnectionArn"
    ]
    assert connect(local_aws, "chosen", f"acme/model={repository}").returncode == 0
    use = allow("codeconnections:UseConnection", resource=arn)
    on_paths = filtered(
        {
            "branches": {"includes": ["main", "feature/*"]},
            "filePaths": {"includes": ["src/**", "file.txt"], "excludes": ["**/*.md"]},
        }
    )
    create_pipeline(local_aws, "on-paths", arn, use, detect="false", triggers=on_paths)
    create_pipeline(local_aws, "on-tags", arn, use, triggers=filtered({"tags": {"includes": ["v*"]}}))
    create_pipeline(local_aws, "on-all", arn, use, triggers=filtered({"branches": {"includes": ["**"]}}))
    kept = local_aws.client("codepipeline").get_pipeline(name="on-paths")["pipeline"]
    assert kept["triggers"] == on_paths

    started = {name: [source_action(local_aws, name, 0)] for name in ("on-paths", "on-tags", "on-all")}

    def expect(*names: str) -> set[str]:
        """These pipelines start, at the newest commit; returns the branches that their sources tell of."""
        branches = set()
        for name in names:
            started[name].append(source_action(local_aws, name, len(started[name])))
            variables = started[name][-1]["output"]["outputVariables"]
            assert variables["CommitId"] == git(repository, "rev-parse", "HEAD")
            branches.add(variables["BranchName"])
        return branches

    change(repository, "README.md", "src/notes.md")
    assert expect("on-all") == {"main"}
    change(repository, "README.md", "src/code.py")
    assert expect("on-paths", "on-all") == {"main"}
    # A new branch has no list of changed files; a filter of paths takes only what follows.
    git(repository, "checkout", "--quiet", "-b", "feature/x")
    assert expect("on-all") == {"feature/x"}
    change(repository, "src/code.py")
    assert expect("on-paths", "on-all") == {"feature/x"}
    git(repository, "tag", "release-1")
    git(repository, "tag", "--annotate", "--message", "first", "v1")
    assert expect("on-tags") == {"main"}
    for name, sources in started.items():
        listed = local_aws.client("codepipeline").list_pipeline_executions(pipelineName=name)
        assert len(listed["pipelineExecutionSummaries"]) == len(sources), name


@pytest.mark.parametrize(
    ("triggers", "code"),
    [
        (filtered(*[{"branches": {"includes": ["main"]}}] * 4), "ValidationException"),
        (filtered({"branches": {"includes": ["b"] * 9}}), "ValidationException"),
        (filtered({"branches": {"includes": ["b" * 256]}}), "ValidationException"),
        ([{**filtered({})[0], "providerType": "GitHub"}], "ValidationException"),
        (filtered({"tags": {"includes": ["v1"]}, "branches": {"includes": ["main"]}}), "InvalidStructureException"),
    ],
)
def test_triggers_that_codepipeline_refuses(local_aws: LocalServer, triggers: list[dict[str, Any]], code: str) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match=code):
        create_pipeline(local_aws, f"refused-{os.urandom(4).hex()}", "arn:aws:c:::c", triggers=triggers)


@pytest.mark.parametrize(
    ("connection", "repository_name", "words"),
    [
        ("no-such", "acme/model", "there is no connection 'no-such'"),
        ("linking", "model", "OWNER/REPOSITORY"),
        ("linking", "acme/model", "is not a git repository"),
    ],
)
def test_a_wrong_link_is_answered(
    local_aws: LocalServer, tmp_path: Path, connection: str, repository_name: str, words: str
) -> None:
    client = local_aws.client("codeconnections")
    if not any(c["ConnectionName"] == "linking" for c in client.list_connections()["Connections"]):
        client.create_connection(ConnectionName="linking", ProviderType="Bitbucket")
    done = connect(local_aws, connection, f"{repository_name}={tmp_path}")
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_connections_are_resources_of_stacks_and_have_tags(local_aws: LocalServer) -> None:
    stacks, client = local_aws.client("cloudformation"), local_aws.client("codeconnections")
    template = {
        "Resources": {
            "Connection": {
                "Type": "AWS::CodeConnections::Connection",
                "Properties": {
                    "ConnectionName": "of-a-stack",
                    "ProviderType": "GitLab",
                    "Tags": [{"Key": "team", "Value": "models"}],
                },
            }
        },
        "Outputs": {
            "Arn": {"Value": {"Ref": "Connection"}},
            "Status": {"Value": {"Fn::GetAtt": ["Connection", "ConnectionStatus"]}},
        },
    }
    stacks.create_stack(StackName="connections", TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(StackName="connections", WaiterConfig={"Delay": 1})
    outputs = {
        o["OutputKey"]: o["OutputValue"]
        for o in stacks.describe_stacks(StackName="connections")["Stacks"][0]["Outputs"]
    }
    assert outputs["Arn"].startswith(f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/")
    assert outputs["Status"] == "PENDING"
    client.tag_resource(ResourceArn=outputs["Arn"], Tags=[{"Key": "stage", "Value": "test"}])
    client.untag_resource(ResourceArn=outputs["Arn"], TagKeys=["team"])
    assert client.list_tags_for_resource(ResourceArn=outputs["Arn"])["Tags"] == [{"Key": "stage", "Value": "test"}]
    stacks.delete_stack(StackName="connections")
    stacks.get_waiter("stack_delete_complete").wait(StackName="connections", WaiterConfig={"Delay": 1})
    with pytest.raises(botocore.exceptions.ClientError, match="ResourceNotFoundException"):
        client.get_connection(ConnectionArn=outputs["Arn"])
