"""CodeBuild as a build action of a pipeline, with IAM enforced."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from tests.local_aws.codebuild.workshop import Workshop
from tests.local_aws.codepipeline.documents import artifacts, stage
from tests.local_aws.codepipeline.project import Project
from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for

SPEC = b"""version: 0.2
env:
  exported-variables: [MADE, REVISION]
phases:
  build:
    commands:
    - cat hello.txt "$CODEBUILD_SRC_DIR_DataArtifact/inner.txt" > both.txt
    - export MADE="$GREETING $CODEBUILD_INITIATOR"
    - export REVISION="$CODEBUILD_RESOLVED_SOURCE_VERSION"
artifacts: {files: [both.txt]}
"""


def action(project: Project, **values: Any) -> dict[str, Any]:
    """Build with both sources; its project bears the pipeline's name."""
    configuration = {"ProjectName": project.name, "PrimarySource": "CodeArtifact", **values.pop("configuration", {})}
    kind = {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"}
    return {
        "name": "Build",
        "actionTypeId": kind,
        "namespace": "Build",
        "inputArtifacts": artifacts("CodeArtifact", "DataArtifact"),
        "configuration": configuration,
        **values,
    }


def house(aws: LocalServer, name: str) -> Project:
    """A pipeline's surroundings with a build project; the pipeline may build that project only."""
    project = Project(aws, name)
    own = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{name}"
    build = allow("codebuild:StartBuild", "codebuild:BatchGetBuilds", resource=own)
    aws.put_role_policy(f"{name}-pipeline", *project.statements(), build)
    workshop = Workshop(aws, name)
    aws.put_role_policy(
        f"{name}-build",
        *workshop.statements(),
        allow("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", resource=f"arn:aws:s3:::{project.store}/*"),
        allow("kms:Decrypt", "kms:GenerateDataKey*", resource=project.key),
    )
    kind = {"type": "CODEPIPELINE"}
    workshop.project("", source=kind, artifacts=kind)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("inner.txt", " inner")
    project.s3.put_object(Bucket=project.data, Key="manifest.json", Body=inner.getvalue())
    return project


def test_a_build_in_a_pipeline(local_aws: LocalServer) -> None:
    project = house(local_aws, "cb-action")
    commit = project.put_file("buildspec.yml", SPEC)
    variables = '[{"name": "GREETING", "value": "#{CodeVariables.BranchName}"}]'
    build = action(project, configuration={"EnvironmentVariables": variables}, outputArtifacts=artifacts("Made"))
    use = project.run("Use", {"say": "#{Build.MADE}"}, runOrder=2, inputArtifacts=artifacts("Made"))
    execution = project.create(stage("Build", build, use))
    project.until(execution, "Succeeded")
    attempts = project.attempts(execution)
    done = attempts["Build"]["output"]
    assert done["outputVariables"] == {"MADE": "main codepipeline/cb-action", "REVISION": commit}
    [shown] = local_aws.client("codebuild").batch_get_builds(ids=[done["executionResult"]["externalExecutionId"]])[
        "builds"
    ]
    assert shown["resolvedSourceVersion"] == commit
    assert done["executionResult"]["externalExecutionId"].startswith("cb-action:")
    assert attempts["Use"]["output"]["outputVariables"] == {
        "Made": "both.txt", "Said": "main codepipeline/cb-action", "Polls": "0",
    }  # fmt: skip
    place = done["outputArtifacts"][0]["s3location"]
    found = project.s3.get_object(Bucket=place["bucket"], Key=place["key"])
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", project.key)
    with zipfile.ZipFile(io.BytesIO(found["Body"].read())) as made:
        assert made.read("both.txt") == b"hello inner"


def test_a_failed_build_says_where(local_aws: LocalServer) -> None:
    project = house(local_aws, "cb-failed-action")
    project.put_file("buildspec.yml", b"version: 0.2\nphases: {pre_build: {commands: [exit 7]}}\n")
    execution = project.create(stage("Build", action(project)))
    project.until(execution, "Failed")
    result = project.attempts(execution)["Build"]["output"]["executionResult"]
    build_id = result["externalExecutionId"]
    assert project.errors(execution)["Build"] == {
        "code": "JobFailed",
        "message": "Build terminated with state: FAILED. Phase PRE_BUILD: COMMAND_EXECUTION_ERROR: Error while "
        "executing command: exit 7. Reason: exit status 7. Log: group /aws/codebuild/cb-failed-action, stream "
        f"{build_id.partition(':')[2]}.",
    }
    project.put_file("buildspec.yml", b"version: 0.2\nphases: {build: {commands: [echo]}}\n")
    again = project.start()
    project.until(again, "Succeeded")
    output = action(project, outputArtifacts=artifacts("Made"))
    project.codepipeline.delete_pipeline(name=project.name)
    project.until(third := project.create(stage("Build", output)), "Failed")
    assert "made no output artifact Made" in project.errors(third)["Build"]["message"]


def test_a_pipeline_may_build_only_what_its_role_allows(local_aws: LocalServer) -> None:
    project = house(local_aws, "cb-denied-action")
    execution = project.create(stage("Build", action(project, configuration={"ProjectName": "other"})))
    project.until(execution, "Failed")
    error = project.errors(execution)["Build"]
    assert error["code"] == "PermissionError"
    assert "codebuild:StartBuild" in error["message"]


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"BatchEnabled": "true"}, "BatchEnabled is 'true'; local AWS runs no batch builds"),
        ({"EnvironmentVariables": "{"}, "EnvironmentVariables is not JSON"),
        ({"EnvironmentVariables": '[{"name": "A"}]'}, "not a list of objects with name, value and type"),
        ({"Image": "x"}, "contains unknown configuration 'Image'"),
    ],
)
def test_a_wrong_configuration_is_refused(project: Project, configuration: dict[str, str], message: str) -> None:
    with pytest.raises(project.codepipeline.exceptions.ClientError, match=message):
        project.create(stage("Build", action(project, configuration=configuration)))


def test_a_build_that_a_kill_interrupts_does_not_fail_its_execution(own_local_aws: LocalServer) -> None:
    project = house(own_local_aws, "cb-restart")
    project.put_file("buildspec.yml", b"version: 0.2\nphases: {build: {commands: [sleep 2]}}\n")
    execution = project.create(stage("Build", action(project)))
    builds = own_local_aws.client("codebuild")

    def building() -> bool:
        ids = builds.list_builds_for_project(projectName=project.name)["ids"]
        return bool(ids) and builds.batch_get_builds(ids=ids)["builds"][0]["currentPhase"] == "BUILD"

    wait_for(building, "the build to run")
    own_local_aws.kill()
    own_local_aws.up()
    project.until(execution, "Succeeded")
    assert len(builds.list_builds_for_project(projectName=project.name)["ids"]) == 1
