"""Builds of projects whose source is a repository, alone and in a pipeline."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.codebuild.test_action import action, house
from tests.local_aws.codebuild.workshop import Workshop, phases, reason
from tests.local_aws.codepipeline.documents import stage
from tests.local_server import ACCOUNT, REGION, LocalServer, allow

SPEC = b"""version: 0.2
phases:
  build:
    commands:
    - echo "$(cat word.txt) $(git rev-parse HEAD) $CODEBUILD_RESOLVED_SOURCE_VERSION"
"""


class Repository:
    """A repository with a buildspec, and a project that builds it."""

    def __init__(self, workshop: Workshop, **source: Any) -> None:
        self.workshop, self.name = workshop, workshop.name
        self.codecommit = workshop.aws.client("codecommit")
        created = self.codecommit.create_repository(repositoryName=self.name)["repositoryMetadata"]
        self.first = self.put("buildspec.yml", SPEC)
        self.head = self.put("word.txt", b"main", self.first)
        self.arn = f"arn:aws:codecommit:{REGION}:{ACCOUNT}:{self.name}"
        self.allow("codecommit:GitPull")
        self.source = {"type": "CODECOMMIT", "location": created["cloneUrlHttp"], **source}
        workshop.project("", source=self.source)

    def allow(self, *actions: str) -> None:
        self.workshop.aws.put_role_policy(
            f"{self.name}-build", *self.workshop.statements(), *[allow(one, resource=self.arn) for one in actions]
        )

    def put(self, path: str, content: bytes, parent: str = "", branch: str = "main") -> str:
        more = {"parentCommitId": parent} if parent else {}
        answer = self.codecommit.put_file(
            repositoryName=self.name, branchName=branch, fileContent=content, filePath=path, **more
        )
        return str(answer["commitId"])

    def build(self, **values: Any) -> dict[str, Any]:
        return self.workshop.finished(self.workshop.start(**values))


def test_a_build_alone_clones_the_repository(workshop: Workshop) -> None:
    repository = Repository(workshop)
    build = repository.build()
    assert build["buildStatus"] == "SUCCEEDED", reason(build)
    assert build["resolvedSourceVersion"] == repository.head
    assert f"main {repository.head} {repository.head}" in "\n".join(workshop.log(build))


def test_a_build_takes_the_commit_branch_or_tag_that_it_is_asked_for(workshop: Workshop) -> None:
    address = f"https://git-codecommit.{REGION}.amazonaws.com/v1/repos/{workshop.name}"
    repository = Repository(workshop, location=address)
    repository.codecommit.create_branch(
        repositoryName=repository.name, branchName="feature/x", commitId=repository.head
    )
    feature = repository.put("word.txt", b"feature", repository.head, "feature/x")
    found = {}
    for version in (feature, "feature/x", "refs/heads/feature/x"):
        build = repository.build(sourceVersion=version)
        found[version] = build.get("resolvedSourceVersion", reason(build))
    assert set(found.values()) == {feature}, found
    lost = repository.build(sourceVersion="nowhere")
    assert reason(lost) == (
        "DOWNLOAD_SOURCE CLIENT_ERROR reference not found for primary source and source version nowhere"
    )


def test_the_role_of_the_project_needs_to_pull(workshop: Workshop) -> None:
    repository = Repository(workshop)
    repository.allow("codecommit:GetBranch")
    build = repository.build()
    assert phases(build)["DOWNLOAD_SOURCE"] == "FAILED"
    assert "CLIENT_ERROR authorization failed for primary source and source version" in reason(build)
    repository.allow("codecommit:GitPull")
    workshop.project("", source={**repository.source, "location": f"{repository.source['location']}-none"})
    missing = reason(repository.build())
    assert "for primary source and source version" in missing
    assert missing.startswith(
        ("DOWNLOAD_SOURCE CLIENT_ERROR repository not found", "DOWNLOAD_SOURCE CLIENT_ERROR auth")
    )


def test_a_project_of_github_is_built_by_pipelines_only(local_aws: LocalServer) -> None:
    project = house(local_aws, "cb-github")
    project.put_file("buildspec.yml", b"version: 0.2\nphases: {build: {commands: [cat hello.txt]}}\n")
    workshop = local_aws.client("codebuild")
    there = workshop.batch_get_projects(names=[project.name])["projects"][0]
    source = {"type": "GITHUB", "location": "https://github.com/acme/model.git"}
    workshop.update_project(
        name=project.name,
        source=source,
        artifacts={"type": "NO_ARTIFACTS"},
        badgeEnabled=True,
        environment={**there["environment"], "privilegedMode": True},
    )
    shown = workshop.batch_get_projects(names=[project.name])["projects"][0]
    assert shown["badge"]["badgeEnabled"] is True
    assert shown["environment"]["privilegedMode"] is True
    with pytest.raises(ClientError, match="Local AWS clones nothing from GitHub, so it cannot build cb-github alone"):
        workshop.start_build(projectName=project.name)
    execution = project.create(stage("Build", action(project)))
    project.until(execution, "Succeeded")
