"""What made the last operation on a stack fail, from its newest events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.console.stacks.places import has_failed
from slipway.session import Session
from slipway.stacks.states import CANCELLED, STARTS, validation_errors

_MOST_ERRORS = 3


def first_failure(session: Session, stack: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> str:
    """Return which resource of a stack failed first, and why; empty if the events, newest first, tell of none.

    What was cancelled failed only because of it. What CloudFormation refused before it began is in no event.
    """
    if not has_failed(stack["StackStatus"]):
        return ""
    failed = ""
    for event in events:
        own = event["LogicalResourceId"] == stack["StackName"]
        reason = event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and not own and not reason.startswith(CANCELLED):
            failed = f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason or 'no reason'}"
        if event.get("DetailedStatus") == "VALIDATION_FAILED":
            errors = validation_errors(session, {"StackName": stack["StackId"]}, event.get("OperationId"))
            return "; ".join(map(str.strip, errors[:_MOST_ERRORS]))
        if own and event["ResourceStatus"] in STARTS:
            break
    return failed
