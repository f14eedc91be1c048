"""CloudFormation stacks by change sets: what will change is known and shown before anything does.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from rich.text import Text

from scripts.aws_errors import code_of
from scripts.errors import SlipwayError
from scripts.output import Step
from scripts.session import Session

MAX_TEMPLATE_BYTES = 51_200
"""Of a template in a request: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

_SUCCESS = frozenset(("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"))
_STABLE = _SUCCESS | {"UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"}
_CANCELLED = ("Resource creation cancelled", "Resource update cancelled")
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class Change:
    """One resource that a change set touches; `replacement` is True, False, Conditional or empty.

    `certain` is False if it only refers to something that may change:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html
    """

    action: str
    logical_id: str
    type: str
    replacement: str
    certain: bool

    def __str__(self) -> str:
        more = {"True": ", replaced", "Conditional": ", perhaps replaced"}.get(self.replacement, "")
        return f"{self.action.lower()} {self.logical_id} ({self.type}{more})"


@dataclass(frozen=True)
class Deployed:
    """What a deployment did; no changes means that the stack was as wanted."""

    stack: str
    created: bool
    changes: tuple[Change, ...]


def find_stack(session: Session, name: str) -> dict[str, Any] | None:
    """The stack's description; None if there is no such stack."""
    try:
        stacks = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        # DescribeStacks has no code of its own for this:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
        if code_of(error) == "ValidationError" and "does not exist" in str(error):
            return None
        raise
    found: dict[str, Any] = stacks[0]
    return found


def deploy_stack(session: Session, name: str, template: Path, parameters: Mapping[str, str]) -> Deployed:
    """Create or update a stack and wait; parameters that are not given keep their value.

    Raises SlipwayError with the resources that failed and their reasons.
    """
    body = _template_body(template)
    with session.output.step(f"stack {name}") as step:
        step.outcome = "failed"
        stack = _usable(session, name, step)
        change_set = _create_change_set(session, name, body, parameters, stack)
        changes = _wait_for_change_set(session, name, change_set, step)
        if not changes:
            session.client("cloudformation").delete_change_set(StackName=name, ChangeSetName=change_set)
            step.outcome = "no changes"
            return Deployed(name, created=False, changes=())
        if stack is not None:
            _show(session, changes)
        seen = _event_ids(session, name)
        session.client("cloudformation").execute_change_set(StackName=name, ChangeSetName=change_set)
        _follow(session, name, seen, len(changes), step)
        certain = sum(change.certain for change in changes)
        step.outcome = f"created, {len(changes)} resources" if stack is None else f"updated, {certain} resources"
    return Deployed(name, created=stack is None, changes=changes)


def _template_body(template: Path) -> str:
    try:
        body = template.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SlipwayError(f"{template}: found no such template.", "Run this in a checkout of Slipway.") from None
    size = len(body.encode())
    if size > MAX_TEMPLATE_BYTES:
        raise SlipwayError(f"{template}: found {size:,} bytes; CloudFormation allows {MAX_TEMPLATE_BYTES:,}.")
    return body


def _usable(session: Session, name: str, step: Step) -> dict[str, Any] | None:
    """The stack if it can be updated, None if it is to be created. One whose creation failed is deleted first."""
    stack = find_stack(session, name)
    status = stack["StackStatus"] if stack else "REVIEW_IN_PROGRESS"
    if status == "REVIEW_IN_PROGRESS":
        return None
    if status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}:
        step.update("removing what is left of the failed creation")
        session.client("cloudformation").delete_stack(StackName=name)
        while (found := find_stack(session, name)) and found["StackStatus"] != "DELETE_COMPLETE":
            if found["StackStatus"] == "DELETE_FAILED":
                raise _failure(session, name, set(), "DELETE_FAILED")
            time.sleep(session.target.poll_s)
        return None
    if status in _STABLE:
        return stack
    next_step = f"Wait until it is done: aws cloudformation describe-stack-events --stack-name {name}"
    if status == "UPDATE_ROLLBACK_FAILED":
        next_step = f"Mend the cause, then: aws cloudformation continue-update-rollback --stack-name {name}"
    raise SlipwayError(f"stack {name}: found it in {status}, in which it cannot be changed.", next_step)


def _create_change_set(
    session: Session, name: str, body: str, parameters: Mapping[str, str], stack: Mapping[str, Any] | None
) -> str:
    cloudformation = session.client("cloudformation")
    given: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())
    ]
    if stack is not None:
        declared = {
            item["ParameterKey"] for item in cloudformation.get_template_summary(TemplateBody=body)["Parameters"]
        }
        kept = {item["ParameterKey"] for item in stack.get("Parameters", [])} & declared - parameters.keys()
        given += [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept)]
    answer = cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=f"slipway-{uuid.uuid4().hex[:12]}",
        ChangeSetType="CREATE" if stack is None else "UPDATE",
        TemplateBody=body,
        Parameters=given,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    return str(answer["Id"])


def _wait_for_change_set(session: Session, name: str, change_set: str, step: Step) -> tuple[Change, ...]:
    cloudformation = session.client("cloudformation")
    while True:
        found = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
        status, reason = found["Status"], found.get("StatusReason", "")
        if status == "CREATE_COMPLETE":
            break
        if status == "FAILED":
            if any(text in reason for text in _NO_CHANGES):
                return ()
            errors = _validation_errors(session, {"ChangeSetName": change_set})
            raise SlipwayError("\n".join([f"stack {name}: CloudFormation refused the change: {reason}", *errors]))
        step.update("comparing")
        time.sleep(session.target.poll_s)
    pages = cloudformation.get_paginator("describe_change_set").paginate(StackName=name, ChangeSetName=change_set)
    resources = [change["ResourceChange"] for page in pages for change in page["Changes"] if "ResourceChange" in change]
    return tuple(
        Change(
            action=item["Action"],
            logical_id=item["LogicalResourceId"],
            type=item["ResourceType"],
            replacement=item.get("Replacement", ""),
            certain=item["Action"] != "Modify"
            or any(detail.get("Evaluation") == "Static" for detail in item.get("Details", [])),
        )
        for item in resources
    )


def _show(session: Session, changes: tuple[Change, ...]) -> None:
    for change in changes:
        if change.certain:
            session.output.say(Text(f"  {change}", style="bright_black"))
    uncertain = [change.logical_id for change in changes if not change.certain]
    if uncertain:
        listed = ", ".join(uncertain)
        session.output.say(Text(f"  if what they refer to changes: {listed}", style="bright_black"))


def _event_ids(session: Session, name: str) -> set[str]:
    return {event["EventId"] for event in _events(session, name)}


def _events(session: Session, name: str) -> list[dict[str, Any]]:
    """The stack's events, oldest first."""
    pages = session.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name)
    return [event for page in pages for event in page["StackEvents"]][::-1]


def _follow(session: Session, name: str, seen: set[str], total: int, step: Step) -> None:
    """Wait until the stack is done, showing the newest event; SlipwayError if it failed."""
    while True:
        stack = find_stack(session, name)
        status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
        events = [event for event in _events(session, name) if event["EventId"] not in seen]
        if not status.endswith("_IN_PROGRESS"):
            if status in _SUCCESS:
                return
            raise _failure(session, name, seen, status)
        done = {event["LogicalResourceId"] for event in events if event["ResourceStatus"].endswith("_COMPLETE")}
        newest = f", {events[-1]['LogicalResourceId']} {events[-1]['ResourceStatus']}" if events else ""
        step.update(f"{min(len(done), total)} of {total} resources{newest}")
        time.sleep(session.target.poll_s)


def _failure(session: Session, name: str, seen: set[str], status: str) -> SlipwayError:
    new = [event for event in _events(session, name) if event["EventId"] not in seen]
    reasons = [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
        for event in new
        if event["ResourceStatus"].endswith("_FAILED")
        and event["LogicalResourceId"] != name
        and not event.get("ResourceStatusReason", "").startswith(_CANCELLED)
    ]
    invalid = next((event for event in new if event.get("DetailedStatus") == "VALIDATION_FAILED"), None)
    if invalid:
        reasons += _validation_errors(session, {"StackName": name}, invalid.get("OperationId"))
    message = "\n".join([f"stack {name} ended in {status}:", *(reasons or ["  no resource gives a reason"])])
    next_step = "Mend the cause, then run `slipway deploy` again; nothing of the failed change is left."
    if any("already exists" in reason for reason in reasons):
        next_step = (
            "What exists already is kept when a stack is deleted. Take another --suffix, or remove it if it is not "
            "needed, then run `slipway deploy` again."
        )
    return SlipwayError(message, next_step)


def _validation_errors(session: Session, of: Mapping[str, str], operation: str | None = None) -> list[str]:
    """What CloudFormation found before it touched anything; a stack's events only say that it found something.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
    """
    found = session.client("cloudformation").describe_events(**of, Filters={"FailedEvents": True})["OperationEvents"]
    return [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event['ValidationStatusReason']}"
        for event in found
        if event.get("EventType") == "VALIDATION_ERROR" and operation in {None, event["OperationId"]}
    ]
