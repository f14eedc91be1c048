"""The permissions that a caller of CodeBuild needs.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html
"""

from __future__ import annotations

from collections.abc import Iterable

from local_aws.codebuild.names import project_arn, project_of
from local_aws.codebuild.platform import SERVICE
from local_aws.wire import Authorizer, Caller, Document, Permission


def on_project(operation: str, member: str) -> Authorizer:
    """The action on the project that `member` of the request names, by name or ARN; and passing its role."""

    def required(caller: Caller, request: Document) -> Iterable[Permission]:
        arn = project_arn(caller.region, request[member].rpartition("/")[2])
        yield Permission(f"codebuild:{operation}", arn)
        for role_member in ("serviceRole", "serviceRoleOverride"):
            if role_member in request:
                yield Permission("iam:PassRole", request[role_member], {"iam:PassedToService": SERVICE})

    return required


def on_projects(operation: str, member: str) -> Authorizer:
    """The action on each project of a list."""

    def required(caller: Caller, request: Document) -> Iterable[Permission]:
        for name in dict.fromkeys(name.rpartition("/")[2] for name in request[member]):
            yield Permission(f"codebuild:{operation}", project_arn(caller.region, name))

    return required


def on_build(operation: str) -> Authorizer:
    """The action on the project of a build."""

    def required(caller: Caller, request: Document) -> Iterable[Permission]:
        yield Permission(f"codebuild:{operation}", project_arn(caller.region, project_of(request["id"])))

    return required


def on_builds(operation: str) -> Authorizer:
    """The action on the projects of a list of builds."""

    def required(caller: Caller, request: Document) -> Iterable[Permission]:
        for name in dict.fromkeys(project_of(build_id) for build_id in request["ids"]):
            yield Permission(f"codebuild:{operation}", project_arn(caller.region, name))

    return required


def on_anything(operation: str) -> Authorizer:
    """An action without resource types."""
    return lambda _caller, _request: [Permission(f"codebuild:{operation}")]
