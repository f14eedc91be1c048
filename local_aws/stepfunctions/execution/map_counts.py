"""How many items and children of a map run are where.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_MapRunItemCounts.html
"""

from __future__ import annotations

from local_aws.stepfunctions.contracts import records
from local_aws.stepfunctions.contracts.records import ExecutionRecord, MapRunRecord

_NAMES = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")
ENDED = {
    records.SUCCEEDED: "succeeded",
    records.FAILED: "failed",
    records.TIMED_OUT: "timedOut",
    records.ABORTED: "aborted",
}
"""Status of a child that has ended to the count that it belongs to."""


def none() -> dict[str, int]:
    """The counts of a run that has not begun."""
    return dict.fromkeys(_NAMES, 0)


def count(record: MapRunRecord, name: str, items: int, *, by: int = 1, by_executions: int | None = None) -> None:
    """Count a child with that many items; `by` -1 takes it away."""
    record.items[name] += items * by
    record.executions[name] += by if by_executions is None else by_executions


def is_to_do(child: ExecutionRecord, run: MapRunRecord) -> bool:
    """Whether a child is to be run: one that was running at a kill, or that had failed before the run was redriven."""
    if child.status in (records.RUNNING, records.SUCCEEDED):
        return child.status == records.RUNNING
    return run.redriven is not None and (child.stopped or 0.0) <= run.redriven


def exceeds(record: MapRunRecord, *, whole: bool) -> bool:
    """Whether more items have failed than the run tolerates; `whole` if the total is known."""
    failed = record.items["failed"] + record.items["timedOut"] + record.items["aborted"]
    if not failed:
        return False
    most, percentage = record.tolerated_failure_count, record.tolerated_failure_percentage
    if not most and not percentage:
        return True
    if most and failed > most:
        return True
    return bool(percentage and whole and failed * 100.0 > percentage * record.items["total"])
