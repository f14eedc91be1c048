"""The results of a distributed Map's children, in the forms of WriterConfig.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.stepfunctions.contracts.records import RUNNING, SUCCEEDED, ExecutionRecord
from local_aws.stepfunctions.tasks.sdk.answers import iso
from local_aws.stepfunctions.tasks.sdk.requests import compact

NONE, COMPACT, FLATTEN = "NONE", "COMPACT", "FLATTEN"
JSON, JSONL = "JSON", "JSONL"


def document(record: ExecutionRecord) -> dict[str, Any]:
    """A child as `Transformation: NONE` writes it: as DescribeExecution tells it."""
    optional = {
        "Cause": record.cause,
        "Error": record.error,
        "Output": record.output,
        "OutputDetails": {"Included": True} if record.output is not None else None,
        "StopDate": _time(record.stopped),
    }
    found = {
        "ExecutionArn": record.arn,
        "Input": record.input,
        "InputDetails": {"Included": True},
        "Name": record.name,
        "RedriveCount": record.redrive_count,
        **_redrive(record.status),
        "StartDate": _time(record.started),
        "StateMachineArn": record.machine.arn,
        "Status": record.status,
        **{name: value for name, value in optional.items() if value is not None},
    }
    return dict(sorted(found.items()))


def transformed(record: ExecutionRecord, transformation: str) -> Iterator[Any]:
    """What a child adds to its file: a child that has not succeeded is always told whole."""
    if transformation == NONE or record.status != SUCCEEDED:
        yield document(record)
        return
    output = json.loads(record.output or "null")
    if transformation == FLATTEN and isinstance(output, list):
        yield from output
    else:
        yield output


def preview(records: Iterable[ExecutionRecord], config: Mapping[str, Any]) -> Any:
    """The state's output where WriterConfig stands alone: a list, or JSON lines as one string."""
    transformation = config.get("Transformation", COMPACT)
    values = [value for record in records for value in transformed(record, transformation)]
    return "\n".join(map(compact, values)) if config.get("OutputType") == JSONL else values


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else iso(datetime.fromtimestamp(seconds, UTC))


def _redrive(status: str) -> dict[str, str]:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html."""
    if status in (SUCCEEDED, RUNNING):
        reason = f"Execution is {status} and cannot be redriven"
        return {"RedriveStatus": "NOT_REDRIVABLE", "RedriveStatusReason": reason}
    return {"RedriveStatus": "REDRIVABLE_BY_MAP_RUN"}
