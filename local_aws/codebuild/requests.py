"""Refuses the parts of a project or StartBuild that are not emulated, by name, and applies overrides.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.codebuild.buildspec import BuildspecError, check_name
from local_aws.codebuild.faults import invalid
from local_aws.codebuild.names import S3_ARN, s3_place
from local_aws.codebuild.records import Document
from local_aws.codebuild.running.environment import PARAMETER_STORE, SECRETS_MANAGER
from local_aws.codebuild.running.repository import repository_path

_SOURCES = ("CODECOMMIT", "CODEPIPELINE", "GITHUB", "NO_SOURCE", "S3")
_SECONDARY_SOURCES = ("CODECOMMIT", "S3")
_ARTIFACTS = ("CODEPIPELINE", "NO_ARTIFACTS", "S3")
_ENVIRONMENTS = ("ARM_CONTAINER", "LINUX_CONTAINER")
_WITHOUT_BADGE = ("CODEPIPELINE", "NO_SOURCE", "S3")
"""https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-badges.html"""
_CACHES = ("LOCAL", "NO_CACHE")
_REFUSED = ("buildBatchConfig", "fileSystemLocations", "vpcConfig", "autoRetryLimit")
_REFUSED_ENVIRONMENT = (
    "certificate",
    "computeConfiguration",
    "dockerServer",
    "fleet",
    "hostKernel",
    "registryCredential",
)
DEFAULT_TIMEOUT_MIN, DEFAULT_QUEUED_TIMEOUT_MIN = 60, 480

_OVERRIDES = {
    "timeoutInMinutesOverride": "timeoutInMinutes",
    "queuedTimeoutInMinutesOverride": "queuedTimeoutInMinutes",
    "encryptionKeyOverride": "encryptionKey",
    "serviceRoleOverride": "serviceRole",
    "logsConfigOverride": "logsConfig",
    "artifactsOverride": "artifacts",
    "secondaryArtifactsOverride": "secondaryArtifacts",
    "secondarySourcesOverride": "secondarySources",
    "secondarySourcesVersionOverride": "secondarySourceVersions",
    "sourceVersion": "sourceVersion",
    "cacheOverride": "cache",
}
_SOURCE_OVERRIDES = {
    "sourceTypeOverride": "type",
    "sourceLocationOverride": "location",
    "buildspecOverride": "buildspec",
}
_ENVIRONMENT_OVERRIDES = {
    "imageOverride": "image",
    "computeTypeOverride": "computeType",
    "environmentTypeOverride": "type",
    "imagePullCredentialsTypeOverride": "imagePullCredentialsType",
}
_OTHERS = frozenset({"projectName", "environmentVariablesOverride", "idempotencyToken"})


def check_project(project: Document) -> None:
    """Raise InvalidInputException for what a project must not contain, or what local AWS does not emulate."""
    for name in _REFUSED:
        if project.get(name):
            raise invalid(f"Local AWS does not emulate {name} of a project; leave it out.")
    _one_of("source.type", project["source"]["type"], _SOURCES)
    _one_of("artifacts.type", project["artifacts"]["type"], _ARTIFACTS)
    _one_of("environment.type", project["environment"]["type"], _ENVIRONMENTS)
    _one_of("cache.type", project.get("cache", {}).get("type", "NO_CACHE"), _CACHES)
    for name in _REFUSED_ENVIRONMENT:
        if project["environment"].get(name):
            raise invalid(f"Local AWS does not emulate environment.{name}: builds run on this machine.")
    if project.get("logsConfig", {}).get("s3Logs", {}).get("status") == "ENABLED":
        raise invalid("Local AWS writes no build logs to S3; leave logsConfig.s3Logs DISABLED.")
    _check_sources(project)
    _check_artifacts(project)
    check_variables(project["environment"].get("environmentVariables", []))


def _check_sources(project: Document) -> None:
    source = project["source"]
    if (source["type"] == "CODEPIPELINE") != (project["artifacts"]["type"] == "CODEPIPELINE"):
        raise invalid("Project source and artifacts must both be of type CODEPIPELINE, or neither of them.")
    if project.get("badgeEnabled") and source["type"] in _WITHOUT_BADGE:
        raise invalid(f"Build badges are not supported for a source of type {source['type']}.")
    if source["type"] == "NO_SOURCE" and not source.get("buildspec"):
        raise invalid("Source type NO_SOURCE needs an inline buildspec.")
    for one in [source, *project.get("secondarySources", [])]:
        _check_location(one)
        if one["type"] == "S3" and s3_place(one.get("location", "")) is None:
            raise invalid(
                f"source.location: found {one.get('location')!r}; an S3 source is bucket/key of a zip archive."
            )
    for one in project.get("secondarySources", []):
        _one_of("secondarySources.type", one["type"], _SECONDARY_SOURCES)
        if not one.get("sourceIdentifier"):
            raise invalid("A secondary source needs a sourceIdentifier.")


def _check_location(source: Document) -> None:
    location = source.get("location", "")
    if source["type"] == "CODECOMMIT" and repository_path(location) is None:
        raise invalid(
            f"source.location: found {location!r}; a CodeCommit source is the HTTPS clone URL of its repository, such "
            "as https://git-codecommit.us-east-1.amazonaws.com/v1/repos/NAME, or cloneUrlHttp of a local one."
        )
    if source["type"] == "GITHUB" and not location.startswith("https://"):
        raise invalid(f"source.location: found {location!r}; a GitHub source is the HTTPS clone URL of its repository.")


def _check_artifacts(project: Document) -> None:
    for one in [project["artifacts"], *project.get("secondaryArtifacts", [])]:
        if one["type"] == "S3" and not one.get("location"):
            raise invalid("artifacts.location: an S3 artifact needs the name of a bucket.")
    for one in project.get("secondaryArtifacts", []):
        _one_of("secondaryArtifacts.type", one["type"], ("S3",))
        if not one.get("artifactIdentifier"):
            raise invalid("A secondary artifact needs an artifactIdentifier.")


def check_variables(variables: list[Document]) -> None:
    """Raise InvalidInputException for a variable of a reserved name or an unknown type."""
    for variable in variables:
        try:
            check_name(variable["name"], "environmentVariables")
        except BuildspecError as error:
            raise invalid(str(error)) from None
        _one_of("environmentVariables.type", variable.get("type", "PLAINTEXT"),
                ("PLAINTEXT", PARAMETER_STORE, SECRETS_MANAGER))  # fmt: skip


def _one_of(what: str, found: str, allowed: tuple[str, ...]) -> None:
    if found not in allowed:
        raise invalid(f"{what}: found {found}; local AWS runs {', '.join(allowed)}.")


def effective(project: Document, request: Mapping[str, Any]) -> Document:
    """The project as one build sees it. Raises InvalidInputException."""
    unknown = sorted(set(request) - {*_OVERRIDES, *_SOURCE_OVERRIDES, *_ENVIRONMENT_OVERRIDES, *_OTHERS})
    if unknown:
        raise invalid(f"Local AWS does not emulate {', '.join(unknown)} of StartBuild; leave it out.")
    result = {**project, "source": {**project["source"]}, "environment": {**project["environment"]}}
    for names, target in (
        (_OVERRIDES, result),
        (_SOURCE_OVERRIDES, result["source"]),
        (_ENVIRONMENT_OVERRIDES, result["environment"]),
    ):
        target.update({member: request[name] for name, member in names.items() if name in request})
    overrides = request.get("environmentVariablesOverride", [])
    check_variables(overrides)
    by_name = {v["name"]: v for v in [*project["environment"].get("environmentVariables", []), *overrides]}
    result["environment"]["environmentVariables"] = list(by_name.values())
    if result["source"]["type"] == "CODEPIPELINE":
        if not result.get("sourceVersion", "").startswith(S3_ARN):
            raise invalid(
                "A project with source type CODEPIPELINE is built by its pipeline, which names its input artifact; "
                "start the pipeline, or name an archive: sourceVersion=arn:aws:s3:::bucket/key."
            )
    elif result["source"]["type"] == "GITHUB":
        raise invalid(
            f"Local AWS clones nothing from GitHub, so it cannot build {project['name']} alone: a pipeline can, which "
            "gives its own input artifact to the build, and so can a build with another source (sourceTypeOverride)."
        )
    else:
        check_project(result)
    return result
