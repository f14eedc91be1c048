"""Explains stacks that cannot be changed: what failed in them and why, and the next step.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from slipway.errors import SlipwayError
from slipway.session import Session

SUCCESS = frozenset(("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"))
CHANGEABLE = SUCCESS | {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
NEVER_CREATED = frozenset(("ROLLBACK_COMPLETE", "ROLLBACK_FAILED"))
"""Of such a stack nothing is in use, and CloudFormation lets nothing be done with it but delete it."""

CANCELLED = ("Resource creation cancelled", "Resource update cancelled")
STARTS = frozenset(("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"))


def stack_events(session: Session, name: str) -> list[dict[str, Any]]:
    """The stack's events, oldest first."""
    pages = session.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name)
    return [event for page in pages for event in page["StackEvents"]][::-1]


def failed(session: Session, name: str, status: str, seen: Collection[str] = ()) -> SlipwayError:
    """Return the error of a failed operation, from its events after those `seen`, the first failure first."""
    new = [event for event in stack_events(session, name) if event["EventId"] not in seen]
    reasons = _reasons(session, name, new)
    message = "\n".join([f"stack {name} ended in {status}:", *(reasons or ["  no resource gives a reason"])])
    return SlipwayError(message, _next_step(session, name, status, reasons))


def not_changeable(session: Session, name: str, status: str) -> SlipwayError:
    """Return the error about a stack whose state does not allow changes."""
    reasons = last_reasons(session, name)
    message = "\n".join([f"stack {name}: found it in {status}, in which it cannot be changed.", *reasons])
    return SlipwayError(message, _next_step(session, name, status, reasons))


def last_reasons(session: Session, name: str) -> list[str]:
    """Return the failures of the stack's last operation, oldest first, one per line."""
    events = stack_events(session, name)
    starts = [
        number
        for number, event in enumerate(events)
        if event["LogicalResourceId"] == name and event["ResourceStatus"] in STARTS
    ]
    return _reasons(session, name, events[starts[-1] :] if starts else events)


def validation_errors(session: Session, of: Mapping[str, str], operation: str | None = None) -> list[str]:
    """Return what CloudFormation found before it changed anything; the stack's events do not say what it was.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
    """
    found = session.client("cloudformation").describe_events(**of, Filters={"FailedEvents": True})["OperationEvents"]
    return [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event['ValidationStatusReason']}"
        for event in found
        if event.get("EventType") == "VALIDATION_ERROR" and operation in {None, event["OperationId"]}
    ]


def _reasons(session: Session, name: str, events: list[dict[str, Any]]) -> list[str]:
    reasons = [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
        and event["LogicalResourceId"] != name
        and not event.get("ResourceStatusReason", "").startswith(CANCELLED)
    ]
    invalid = next((event for event in events if event.get("DetailedStatus") == "VALIDATION_FAILED"), None)
    if invalid:
        reasons += validation_errors(session, {"StackName": name}, invalid.get("OperationId"))
    return reasons


def _in_the_way(session: Session, name: str, destroy: str, deploy: str) -> str:
    """Say what to do about names in use: by what a deleted setup stack kept, or what another stack left."""
    if name == session.names.setup_stack:
        return (
            "What already exists was kept when an earlier stack was deleted. Use another --suffix; or remove what an "
            f"earlier installation of this name left, with all data: {destroy}; then: {deploy}"
        )
    return (
        "What already exists is not part of the stack, such as log groups that something wrote to after the "
        f"stack was deleted. Remove what is left of the model, except its data: {destroy}; then: {deploy}"
    )


def _next_step(session: Session, name: str, status: str, reasons: list[str]) -> str:
    deploy = session.command("deploy")
    destroy = session.command("destroy --all --data" if name == session.names.setup_stack else "destroy")
    if any("already exists" in reason for reason in reasons):
        return _in_the_way(session, name, destroy, deploy)

    def aws(operation: str) -> str:
        return session.target.aws(f"cloudformation {operation} --stack-name {name}")

    if status.endswith("_IN_PROGRESS"):
        return f"Wait until it is done: {aws('describe-stack-events')}"
    if status in NEVER_CREATED:
        return f"Fix the cause, then again: {deploy}. It removes first what is left of this creation."
    return {
        "CREATE_FAILED": f"Remove what there is: {aws('delete-stack')}; fix the cause, then: {deploy}",
        "DELETE_FAILED": f"Fix the cause, then delete it to the end: {destroy}",
        "UPDATE_FAILED": f"Take it back to where it was: {aws('rollback-stack')}; fix the cause, then: {deploy}",
        "UPDATE_ROLLBACK_FAILED": (
            f"Fix the cause, take it back to where it was: {aws('continue-update-rollback')}; then: {deploy}"
        ),
    }.get(status, f"Fix the cause, then again: {deploy}. The stack is as it was; nothing of the change is left.")
