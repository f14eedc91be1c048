"""The permissions that a caller of an operation needs.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodecommit.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from local_aws import base
from local_aws.codecommit import names
from local_aws.codecommit.repositories import Repositories
from local_aws.wire import Authorizer, AwsError, Caller, Document, Permission


class Access:
    """The permissions that operations require, with CodeCommit's condition keys."""

    def __init__(self, repositories: Repositories) -> None:
        """Tags of `repositories` become `aws:ResourceTag` keys."""
        self._repositories = repositories

    def permission(self, action: str, name: str, references: Iterable[str | None] = (None,)) -> list[Permission]:
        """One permission per reference, as a policy may limit branches by the key `codecommit:References`."""
        found = self._repositories.find(name)
        tags = {f"aws:ResourceTag/{key}": value for key, value in found.tags.items()} if found else {}
        return [
            Permission(
                f"codecommit:{action}",
                self._repositories.arn(name),
                tags | ({"codecommit:References": reference} if reference else {}),
            )
            for reference in references
        ]

    def on_repository(self, action: str, member: str = "repositoryName") -> Authorizer:
        """An operation on the repository that a member names."""

        def permissions(_caller: Caller, document: Document) -> list[Permission]:
            return self.permission(action, names.repository(document.get(member)))

        return permissions

    def on_branch(self, action: str) -> Authorizer:
        """An operation that moves the branch `branchName`."""

        def permissions(_caller: Caller, document: Document) -> list[Permission]:
            reference = names.HEADS + names.branch(document.get("branchName"))
            return self.permission(action, names.repository(document.get("repositoryName")), [reference])

        return permissions

    def on_repositories(self, action: str) -> Authorizer:
        """An operation on each of `repositoryNames`."""

        def permissions(_caller: Caller, document: Document) -> list[Permission]:
            return [p for name in document["repositoryNames"] for p in self.permission(action, name)]

        return permissions

    def on_resource(self, action: str) -> Authorizer:
        """An operation on the repository with the ARN `resourceArn`."""

        def permissions(_caller: Caller, document: Document) -> list[Permission]:
            name = names.name_in_arn(document["resourceArn"], self._repositories.region)
            return [_with_request_tags(p, document) for p in self.permission(action, name)]

        return permissions

    def on_new_repository(self, action: str) -> Authorizer:
        """CreateRepository, which a policy may limit by tags of the request."""

        def permissions(_caller: Caller, document: Document) -> list[Permission]:
            name = names.repository(document.get("repositoryName"))
            return [_with_request_tags(p, document) for p in self.permission(action, name)]

        return permissions

    def on_all(self, action: str) -> Authorizer:
        """An operation without resource types: AWS grants it on `*` only."""

        def permissions(_caller: Caller, _document: Document) -> list[Permission]:
            return [Permission(f"codecommit:{action}")]

        return permissions

    def require(self, caller: Caller, action: str, name: str) -> None:
        """Check an action that has no API operation with IAM; raises AccessDeniedException."""
        for permission in self.permission(action, names.repository(name)):
            denial = base.enforce(caller, permission)
            if denial:
                raise AwsError("AccessDeniedException", denial)


def _with_request_tags(permission: Permission, document: Document) -> Permission:
    tags: dict[str, str] = document.get("tags") or {}
    keys = list(tags) or document.get("tagKeys") or []
    context: dict[str, Any] = {**permission.context, **{f"aws:RequestTag/{key}": tags[key] for key in tags}}
    if keys:
        context["aws:TagKeys"] = keys
    return Permission(permission.action, permission.resource, context)
