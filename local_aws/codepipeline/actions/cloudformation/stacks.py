"""The calls of a CloudFormation action, made with the action's role, and what their ends mean.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html has the statuses of stacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.codepipeline.actions.cloudformation.configuration import Mode, capabilities
from local_aws.codepipeline.actions.cloudformation.parameters import Settings
from local_aws.codepipeline.actions.contract import ActionError, Tools, Work

Document = dict[str, Any]

REPLACED = frozenset(
    {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"}
)
"""Statuses in which REPLACE_ON_FAILURE deletes a stack first."""
COMPLETE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_NO_UPDATES = "No updates are to be performed"
_NO_CHANGES = "didn't contain changes"
_DENIED = ("AccessDenied", "AccessDeniedException")


class StackCalls:
    """CloudFormation as one attempt at an action uses it."""

    def __init__(self, tools: Tools, work: Work) -> None:
        """The client signs as the action's role."""
        self._client, self._configuration = tools.client("cloudformation", work), work.configuration
        self.name = work.configuration["StackName"]

    def describe(self, name: str | None = None) -> Document | None:
        """The stack of that name or id; None if there is none, or none any more."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

        try:
            found: Document = self._client.describe_stacks(StackName=name or self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise _told(error) from None
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def create(self, template: Mapping[str, str], settings: Settings) -> str:
        """Begin to create the stack; returns its id."""
        answer = self._call("create_stack", **self._deployment(template, settings), **_policy(settings))
        return str(answer["StackId"])

    def update(self, template: Mapping[str, str], settings: Settings) -> bool:
        """Begin to update the stack; False if there is nothing to do."""
        try:
            self._call("update_stack", **self._deployment(template, settings), **_policy(settings))
        except ActionError as error:
            if _NO_UPDATES in str(error):
                return False
            raise
        return True

    def delete(self) -> None:
        """Begin to delete the stack."""
        self._call("delete_stack", StackName=self.name, RoleARN=self._configuration["RoleArn"])

    def replace_change_set(self, template: Mapping[str, str], settings: Settings, *, exists: bool) -> str:
        """Begin to create the change set in place of the one of its name; returns its id.

        A change set has no stack policy, so the stack is given it.
        """
        if self.describe_change_set() is not None:
            self._call("delete_change_set", **self._change_set)
        answer = self._call(
            "create_change_set",
            **self._deployment(template, settings),
            ChangeSetName=self._configuration["ChangeSetName"],
            ChangeSetType="UPDATE" if exists else "CREATE",
        )
        if settings.policy is not None:
            self._call("set_stack_policy", StackName=self.name, **_policy(settings))
        return str(answer["Id"])

    def describe_change_set(self) -> Document | None:
        """The change set; None if there is none."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

        try:
            found: Document = self._client.describe_change_set(**self._change_set)
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code in ("ChangeSetNotFound", "ChangeSetNotFoundException") or "does not exist" in message:
                return None
            raise _told(error) from None
        return found

    def execute_change_set(self) -> None:
        """Begin to execute the change set."""
        self._call("execute_change_set", **self._change_set)

    def first_failure(self, stack_id: str) -> str | None:
        """What the first resource that failed in the latest operation says; None without the right to read events.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

        try:
            events = self._client.describe_stack_events(StackName=stack_id)["StackEvents"]
        except ClientError:
            return None
        found = None
        for event in events:  # the newest first
            status, own = event["ResourceStatus"], event["PhysicalResourceId"] == stack_id
            if status.endswith("_FAILED") and not own:
                found = f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason')}"
            elif own and event.get("ResourceStatusReason") == "User Initiated":
                break
        return found

    @property
    def _change_set(self) -> dict[str, str]:
        return {"StackName": self.name, "ChangeSetName": self._configuration["ChangeSetName"]}

    def _deployment(self, template: Mapping[str, str], settings: Settings) -> Document:
        return {
            "StackName": self.name,
            **template,
            "Parameters": settings.parameter_list(),
            "Tags": settings.tag_list(),
            "Capabilities": capabilities(self._configuration),
            "RoleARN": self._configuration["RoleArn"],
        }

    def _call(self, operation: str, **request: Any) -> Document:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

        try:
            answer: Document = getattr(self._client, operation)(**request)
        except ClientError as error:
            raise _told(error) from None
        return answer


def _told(error: Any) -> Exception:
    """A refusal as CodePipeline tells it; a denial is worded where all actions' denials are.

    https://github.com/aws-quickstart/quickstart-trek10-serverless-enterprise-cicd/issues/23
    """
    cause, answer = error.response["Error"], error.response["ResponseMetadata"]
    if cause["Code"] in _DENIED:
        found: Exception = error
        return found
    return ActionError(
        "ConfigurationError",
        f"{cause['Message']} (Service: AmazonCloudFormation; Status Code: {answer['HTTPStatusCode']}; Error Code: "
        f"{cause['Code']}; Request ID: {answer.get('RequestId', '')})",
    )


def _policy(settings: Settings) -> dict[str, str]:
    return {} if settings.policy is None else {"StackPolicyBody": settings.policy}


def is_without_changes(change_set: Mapping[str, Any]) -> bool:
    """Whether a change set failed for want of changes, which fails neither its creation nor its execution."""
    reason = change_set.get("StatusReason", "")
    return change_set["Status"] == "FAILED" and (_NO_CHANGES in reason or _NO_UPDATES in reason)


def failure_text(mode: Mode, stack: Mapping[str, Any], first: str | None) -> str:
    """Why the action failed, for a stack that ended badly; the form of the first sentences is AWS's.

    https://github.com/aws-quickstart/quickstart-trek10-serverless-enterprise-cicd/issues/23
    """
    what = {Mode.CHANGE_SET_EXECUTE: "execute change set", Mode.DELETE_ONLY: "delete stack"}
    reason = first or stack.get("StackStatusReason") or "No reason was provided."
    task = what.get(mode, "create or update stack")
    return f"Failed to {task}. Current stack status: {stack['StackStatus']}. Reason: {reason}"


def outputs_of(stack: Mapping[str, Any] | None) -> dict[str, str]:
    """The outputs of a stack by their keys."""
    return {one["OutputKey"]: one["OutputValue"] for one in (stack or {}).get("Outputs", [])}
