"""The permissions that a caller of each operation needs.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from local_aws.codepipeline.definition.model import pipeline_arn
from local_aws.wire import Authorizer, Caller, Permission

Document = dict[str, Any]

_ON_ANYTHING = frozenset({"ListPipelines", "PutJobSuccessResult", "PutJobFailureResult", "GetJobDetails"})
_ON_ARN = frozenset({"TagResource", "UntagResource", "ListTagsForResource"})
_ON_STAGE = frozenset({"EnableStageTransition", "DisableStageTransition", "RetryStageExecution", "RollbackStage"})
_ON_ACTION = frozenset({"PutApprovalResult"})
_PASSES_ROLE = frozenset({"CreatePipeline", "UpdatePipeline"})


def permissions(operation: str, region: str) -> Authorizer:
    """The permissions for an operation, on the ARN of the pipeline, stage or action that a request names."""

    def required(_caller: Caller, request: Document) -> Iterable[Permission]:
        yield Permission(f"codepipeline:{operation}", _resource(operation, region, request))
        if operation in _PASSES_ROLE:
            passed = {"iam:PassedToService": "codepipeline.amazonaws.com"}
            for role in _roles(request["pipeline"]):
                yield Permission("iam:PassRole", role, passed)
        if operation == "CreatePipeline" and request.get("tags"):
            yield Permission("codepipeline:TagResource", _resource(operation, region, request))

    return required


def _resource(operation: str, region: str, request: Document) -> str:
    if operation in _ON_ANYTHING:
        return "*"
    if operation in _ON_ARN:
        return str(request["resourceArn"])
    if operation in _PASSES_ROLE:
        return pipeline_arn(region, request["pipeline"]["name"])
    name = request["pipelineName"] if "pipelineName" in request else request["name"]
    if operation in _ON_STAGE:
        return pipeline_arn(region, name, request["stageName"])
    if operation in _ON_ACTION:
        return pipeline_arn(region, name, request["stageName"], request["actionName"])
    return pipeline_arn(region, name)


def _roles(declaration: Document) -> list[str]:
    """The roles that a declaration passes to CodePipeline: the pipeline's and its actions'."""
    actions = (action for stage in declaration["stages"] for action in stage["actions"])
    named = {action["roleArn"] for action in actions if action.get("roleArn")}
    return [declaration["roleArn"], *sorted(named - {declaration["roleArn"]})]
