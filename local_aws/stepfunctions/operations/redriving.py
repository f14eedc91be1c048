"""Whether an execution can be redriven.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
"""

from __future__ import annotations

from local_aws.stepfunctions.contracts.records import ABORTED, FAILED, MAX_EVENTS, TIMED_OUT, ExecutionRecord

REDRIVABLE, NOT_REDRIVABLE, BY_MAP_RUN = "REDRIVABLE", "NOT_REDRIVABLE", "REDRIVABLE_BY_MAP_RUN"
_PERIOD_S, _LONGEST_S = 14 * 24 * 60 * 60.0, 365 * 24 * 60 * 60.0
_UNSUCCESSFUL = frozenset({ABORTED, FAILED, TIMED_OUT})


def redrive_status(record: ExecutionRecord, now: float, *, deleting: bool = False) -> tuple[str, str]:
    """`redriveStatus`, and `redriveStatusReason` where it is not redrivable; `deleting` is of its machine."""
    if record.status not in _UNSUCCESSFUL:
        return NOT_REDRIVABLE, f"Execution is {record.status} and cannot be redriven"
    if record.map_run_arn:
        return BY_MAP_RUN, ""
    if deleting:
        return NOT_REDRIVABLE, "State machine is in DELETING status"
    if record.events >= MAX_EVENTS - 1:
        return NOT_REDRIVABLE, "Execution history event limit exceeded"
    reason = _past_its_time(record, now)
    return (NOT_REDRIVABLE, reason) if reason else (REDRIVABLE, "")


def _past_its_time(record: ExecutionRecord, now: float) -> str:
    if now - record.started > _LONGEST_S:
        return "Execution has exceeded the max execution time"
    if now - (record.stopped or record.started) > _PERIOD_S:
        return "Execution redrivable period exceeded"
    return ""
