"""Deploys CloudFormation stacks by change sets: it shows the changes, and asks, before anything changes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from rich.text import Text

from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.session import Session
from slipway.stacks.changes import Change, Consent, changes_table, read_change, refuse_stateful
from slipway.stacks.states import (
    CHANGEABLE,
    NEVER_CREATED,
    SUCCESS,
    failed,
    last_reasons,
    not_changeable,
    stack_events,
    validation_errors,
)
from slipway.stacks.templates import Template
from slipway.terminal.interrupts import goes_on
from slipway.terminal.output import Step

_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class Deployed:
    """The result of a deployment, or of --dry-run; no changes if the stack was up to date."""

    stack: str
    created: bool
    changes: tuple[Change, ...]

    def document(self) -> dict[str, Any]:
        """The deployment for programs."""
        return {
            "stack": self.stack,
            "created": self.created,
            "changes": [change.document() for change in self.changes],
        }


@dataclass(frozen=True)
class _ChangeSet:
    """A change set, and whether its stack already existed."""

    stack: str
    id: str
    new_stack: bool
    placeholder: bool
    """Whether the stack came with the change set, as one that is only reviewed."""

    def execute(self, session: Session) -> None:
        # A rollback removes also what the template retains, as it is new and empty; else it would be in the way next
        # time: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
        session.client("cloudformation").execute_change_set(
            StackName=self.stack, ChangeSetName=self.id, RetainExceptOnCreate=True
        )

    def discard(self, session: Session) -> None:
        """Delete the change set, and the stack if the change set created it."""
        cloudformation = session.client("cloudformation")
        cloudformation.delete_change_set(StackName=self.stack, ChangeSetName=self.id)
        if self.placeholder:
            cloudformation.delete_stack(StackName=self.stack)


def find_stack(session: Session, name: str) -> dict[str, Any] | None:
    """Return the stack's description; None if it does not exist."""
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


def stack_exists(session: Session, name: str) -> bool:
    """Tell whether there is a stack that has not been deleted."""
    stack = find_stack(session, name)
    return stack is not None and stack["StackStatus"] != "DELETE_COMPLETE"


def deploy_stack(
    session: Session,
    name: str,
    template: Template,
    parameters: Mapping[str, str],
    consent: Consent | None = None,
) -> Deployed:
    """Create or update a stack and wait; parameters that are not given keep their values.

    Raises SlipwayError with the resources that failed and their reasons, or if the update would, without consent,
    replace or remove something that cannot be restored.
    """
    agreed = consent or Consent()
    with session.output.step(f"stack {name}") as step:
        step.outcome = "failed"
        change_set = _create_change_set(session, name, template, parameters, _usable(session, name, step, agreed))
        try:
            changes = _wait_for_change_set(session, change_set, step)
            go_on = bool(changes) and _agreed(session, change_set, changes, agreed, step)
        except BaseException:
            change_set.discard(session)
            raise
        if not go_on:
            change_set.discard(session)
            step.outcome = "dry run, nothing was changed" if changes else "no changes"
            return Deployed(name, created=False, changes=changes)
        seen = {event["EventId"] for event in stack_events(session, name)}
        change_set.execute(session)
        with goes_on(f"CloudFormation continues with stack {name}.", f"Look at it: {session.command('status')}"):
            _follow(session, name, seen, len(changes), step)
        certain = sum(change.certain for change in changes)
        made = f"created, {len(changes)} resources" if change_set.new_stack else f"updated, {certain} resources"
        step.outcome = made
    return Deployed(name, created=change_set.new_stack, changes=changes)


def delete_stack(session: Session, name: str, step: Step) -> bool:
    """Delete a stack and wait; returns whether it existed. SlipwayError if a resource of it cannot be deleted."""
    found = find_stack(session, name)
    if found is None:
        return False
    # By its id the stack can still be described when it is gone.
    stack_id = found["StackId"]
    seen = {event["EventId"] for event in stack_events(session, stack_id)}
    if found["StackStatus"] != "DELETE_IN_PROGRESS":
        session.client("cloudformation").delete_stack(StackName=name)
    while (found := find_stack(session, stack_id)) and found["StackStatus"] != "DELETE_COMPLETE":
        # The status may still be that of an earlier attempt; the events tell.
        new = [event for event in stack_events(session, stack_id) if event["EventId"] not in seen]
        if any(event["PhysicalResourceId"] == stack_id and event["ResourceStatus"] == "DELETE_FAILED" for event in new):
            raise failed(session, name, "DELETE_FAILED", seen)
        step.update("deleting")
        time.sleep(session.target.poll_s)
    return True


def _usable(session: Session, name: str, step: Step, consent: Consent) -> dict[str, Any] | None:
    """Return the stack if it can be updated, None if it must be created; deletes one whose creation failed."""
    stack = find_stack(session, name)
    status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
    if status in {"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"} or status in CHANGEABLE:
        return stack if status != "DELETE_COMPLETE" else None
    if status not in NEVER_CREATED or consent.dry_run:
        raise not_changeable(session, name, status)
    session.output.say(f"stack {name} is in {status}: its creation failed.")
    for reason in last_reasons(session, name):
        session.output.say(reason)
    session.output.say("Nothing of it is in use, so it is deleted and created again.")
    delete_stack(session, name, step)
    return None


def _create_change_set(
    session: Session, name: str, template: Template, parameters: Mapping[str, str], stack: Mapping[str, Any] | None
) -> _ChangeSet:
    given: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())
    ]
    new_stack = stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS"
    if stack is not None and not new_stack:
        kept = {item["ParameterKey"] for item in stack.get("Parameters", [])} & template.parameters - parameters.keys()
        given += [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept)]
    answer = session.client("cloudformation").create_change_set(
        StackName=name,
        ChangeSetName=f"slipway-{uuid.uuid4().hex[:12]}",
        ChangeSetType="CREATE" if new_stack else "UPDATE",
        Parameters=given,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        **template.argument,
    )
    return _ChangeSet(name, str(answer["Id"]), new_stack, placeholder=stack is None)


def _wait_for_change_set(session: Session, change_set: _ChangeSet, step: Step) -> tuple[Change, ...]:
    cloudformation = session.client("cloudformation")
    where = {"StackName": change_set.stack, "ChangeSetName": change_set.id}
    while True:
        found = cloudformation.describe_change_set(**where)
        status, reason = found["Status"], found.get("StatusReason", "")
        if status == "CREATE_COMPLETE":
            break
        if status == "FAILED":
            if any(text in reason for text in _NO_CHANGES):
                return ()
            errors = validation_errors(session, {"ChangeSetName": change_set.id})
            raise SlipwayError(
                "\n".join([f"stack {change_set.stack}: CloudFormation refused the change: {reason}", *errors])
            )
        step.update("comparing")
        time.sleep(session.target.poll_s)
    pages = cloudformation.get_paginator("describe_change_set").paginate(**where)
    return tuple(
        read_change(change["ResourceChange"])
        for page in pages
        for change in page["Changes"]
        if "ResourceChange" in change
    )


def _agreed(
    session: Session, change_set: _ChangeSet, changes: tuple[Change, ...], consent: Consent, step: Step
) -> bool:
    """Show the changes; returns whether to carry them out. SlipwayError if they are refused."""
    if consent.dry_run or not change_set.new_stack:
        certain = [change for change in changes if change.certain]
        if certain:
            session.output.say(changes_table(certain))
        uncertain = [change.logical_id for change in changes if not change.certain]
        if uncertain:
            listed = ", ".join(uncertain)
            session.output.say(Text(f"if what they refer to changes: {listed}", style="bright_black"))
    refuse_stateful(change_set.stack, changes, consent, session.command("deploy"))
    if consent.dry_run:
        return False
    replaced = [change.logical_id for change in changes if change.replaced and change.certain]
    if replaced and not consent.assume_yes and session.output.can_ask:
        with step.paused():
            if not session.output.confirm(f"Replace {', '.join(replaced)}?"):
                raise SlipwayError(f"stack {change_set.stack}: nothing was changed.")
    return True


def _follow(session: Session, name: str, seen: set[str], total: int, step: Step) -> None:
    """Wait until the operation ends, and show the newest event; SlipwayError if it failed."""
    while True:
        stack = find_stack(session, name)
        status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
        events = [event for event in stack_events(session, name) if event["EventId"] not in seen]
        if not status.endswith("_IN_PROGRESS"):
            if status in SUCCESS:
                return
            raise failed(session, name, status, seen)
        done = {event["LogicalResourceId"] for event in events if event["ResourceStatus"].endswith("_COMPLETE")}
        newest = f", {events[-1]['LogicalResourceId']} {events[-1]['ResourceStatus']}" if events else ""
        step.update(f"{min(len(done), total)} of {total} resources{newest}")
        time.sleep(session.target.poll_s)
