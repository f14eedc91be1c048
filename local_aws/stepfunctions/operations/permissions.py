"""The permissions that a caller of each operation needs.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html; a version or an alias is
asked about as its state machine, with the condition key states:StateMachineQualifier:
https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local_aws.stepfunctions.operations.roles import SERVICE
from local_aws.stepfunctions.registry import arns
from local_aws.stepfunctions.registry.registry import Registry
from local_aws.wire import Authorizer, Caller, Document, Permission

_ON_MEMBER: Mapping[str, str] = {
    "DeleteActivity": "activityArn",
    "DescribeActivity": "activityArn",
    "GetActivityTask": "activityArn",
    "DeleteStateMachine": "stateMachineArn",
    "DescribeStateMachine": "stateMachineArn",
    "ListStateMachineAliases": "stateMachineArn",
    "ListStateMachineVersions": "stateMachineArn",
    "PublishStateMachineVersion": "stateMachineArn",
    "StartExecution": "stateMachineArn",
    "StartSyncExecution": "stateMachineArn",
    "UpdateStateMachine": "stateMachineArn",
    "DeleteStateMachineAlias": "stateMachineAliasArn",
    "DescribeStateMachineAlias": "stateMachineAliasArn",
    "UpdateStateMachineAlias": "stateMachineAliasArn",
    "DeleteStateMachineVersion": "stateMachineVersionArn",
    "DescribeExecution": "executionArn",
    "DescribeStateMachineForExecution": "executionArn",
    "GetExecutionHistory": "executionArn",
    "ListMapRuns": "executionArn",
    "RedriveExecution": "executionArn",
    "StopExecution": "executionArn",
    "DescribeMapRun": "mapRunArn",
    "UpdateMapRun": "mapRunArn",
    "ListTagsForResource": "resourceArn",
    "TagResource": "resourceArn",
    "UntagResource": "resourceArn",
}
"""Operation to the member that holds the ARN of its resource."""
_ON_ALL: Mapping[str, str] = {
    "ListActivities": arns.ACTIVITY,
    "ListStateMachines": arns.MACHINE,
    "TestState": arns.MACHINE,
    "ValidateStateMachineDefinition": arns.MACHINE,
}
"""Operations without a resource, which ask about all of a kind (observed on AWS)."""
_ON_NAME: Mapping[str, Callable[[str, str], str]] = {
    "CreateActivity": arns.activity,
    "CreateStateMachine": arns.machine,
}


class Permissions:
    """Tells what to ask IAM for."""

    def __init__(self, registry: Registry, region: str) -> None:
        """The registry has the tags of a resource (`aws:ResourceTag/…`)."""
        self._registry, self._region = registry, region

    def of(self, operation: str) -> Authorizer:
        """The checks of an operation."""

        def required(_caller: Caller, request: Document) -> Iterator[Permission]:
            resource, context = self._resource(operation, request)
            yield Permission(f"states:{operation}", resource, {**context, **_tag_context(request)})
            yield from _more(operation, resource, request)

        return required

    def _resource(self, operation: str, request: Document) -> tuple[str, dict[str, Any]]:
        """The ARN that is asked about, and what conditions may say of it."""
        if operation in _ON_ALL:
            return f"{arns.machine(self._region, '').removesuffix('stateMachine:')}{_ON_ALL[operation]}:*", {}
        if operation in _ON_NAME:
            return _ON_NAME[operation](self._region, request["name"]), {}
        if operation == "CreateStateMachineAlias":
            first = request["routingConfiguration"][0]["stateMachineVersionArn"]
            resource, _ = _unqualified(first)
            return self._tagged(resource, {"states:StateMachineQualifier": [request["name"]]})
        if operation == "ListExecutions":
            member = "mapRunArn" if "mapRunArn" in request else "stateMachineArn"
            return self._tagged(*_unqualified(request.get(member, "*")))
        if operation not in _ON_MEMBER:
            return "*", {}
        return self._tagged(*_unqualified(request[_ON_MEMBER[operation]]))

    def _tagged(self, arn: str, context: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        tags = self._registry.tags(arn)
        return arn, {**context, **{f"aws:ResourceTag/{key}": value for key, value in tags.items()}}


def _unqualified(text: str) -> tuple[str, dict[str, Any]]:
    """The ARN without the qualifier of a version or an alias; what is no ARN stays, for the operation to refuse."""
    head, kind, rest = text.partition(f":{arns.MACHINE}:")
    name, _, qualifier = rest.partition(":")
    if not qualifier:
        return text, {}
    return f"{head}{kind}{name}", {"states:StateMachineQualifier": [qualifier]}


def _more(operation: str, resource: str, request: Document) -> Iterator[Permission]:
    """What an operation needs beside its own action."""
    if operation in ("CreateStateMachine", "UpdateStateMachine", "TestState") and "roleArn" in request:
        yield Permission("iam:PassRole", request["roleArn"], {"iam:PassedToService": SERVICE})
    if request.get("publish"):
        yield Permission("states:PublishStateMachineVersion", resource)
    if operation in _ON_NAME and request.get("tags"):
        yield Permission("states:TagResource", resource, _tag_context(request))
    if request.get("revealSecrets"):
        yield Permission("states:RevealSecrets", resource)


def _tag_context(request: Document) -> dict[str, Any]:
    tags = {tag["key"]: tag.get("value", "") for tag in request.get("tags", []) if "key" in tag}
    keys = request.get("tagKeys") or list(tags)
    context: dict[str, Any] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return {**context, "aws:TagKeys": keys} if keys else context
