"""What made the last operation on a stack fail, from its newest events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.console.stacks.places import has_failed
from slipway.stacks.states import CANCELLED, STARTS


def first_failure(name: str, status: str, events: Sequence[Mapping[str, Any]]) -> str:
    """Return which resource failed first, and why; empty if the events, newest first, tell of none.

    What was cancelled failed only because of it.
    """
    if not has_failed(status):
        return ""
    failed = ""
    for event in events:
        own = event["LogicalResourceId"] == name
        reason = event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and not own and not reason.startswith(CANCELLED):
            failed = f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason or 'no reason'}"
        if own and event["ResourceStatus"] in STARTS:
            break
    return failed
