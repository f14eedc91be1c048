"""What executions write to CloudWatch Logs.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html; the record's form is observed on AWS.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from local_aws.log_batch import LogBatch
from local_aws.stepfunctions.contracts.engine import Event
from local_aws.stepfunctions.contracts.records import ExecutionRecord

log = logging.getLogger(__name__)

Deliver = Callable[[str, str, Sequence[dict[str, Any]]], None]
"""`base.deliver_logs`: group, stream, events."""
_MAX_BYTES = 248 * 1024
_ALL, _ERROR, _FATAL = "ALL", "ERROR", "FATAL"
_FATAL_TYPES = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
_ERROR_ENDS = ("Failed", "Aborted", "TimedOut")
_DATA = {"input": "inputDetails", "output": "outputDetails", "assignedVariables": "assignedVariablesDetails"}


def is_logged(event_type: str, level: str) -> bool:
    """Whether a level logs a type of event: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html."""
    if level == _ERROR:
        return event_type.endswith(_ERROR_ENDS) or event_type == "FailStateEntered"
    return level == _ALL or (level == _FATAL and event_type in _FATAL_TYPES)


def log_events(deliver: Deliver, record: ExecutionRecord, events: Iterable[Event]) -> None:
    """Log the events of an execution that its machine's level asks for.

    Delivery is best-effort on AWS: a group that is gone loses the lines and stops nothing.
    """
    machine = record.machine
    wanted = [event for event in events if is_logged(event["type"], machine.log_level)] if machine.log_group else []
    if not wanted:
        return
    group = machine.log_group.partition(":log-group:")[2].removesuffix(":*")
    batch, stream = LogBatch(), _stream(record)
    try:
        for event in wanted:
            message = json.dumps(log_record(record, event), ensure_ascii=False, separators=(",", ":"))
            if not batch.has_room(message):
                deliver(group, stream, batch.take())
            batch.add(_ms(event), message)
        deliver(group, stream, batch.take())
    except LookupError as error:
        log.warning("the log group of %s is gone, and its events are not logged: %s", machine.arn, error)


def log_record(record: ExecutionRecord, event: Event) -> dict[str, Any]:
    """One event as it stands in the log."""
    details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    return {
        "id": str(event["id"]),
        "type": event["type"],
        "details": _with_data(details) if record.machine.include_execution_data else _without_data(details),
        "previous_event_id": str(event.get("previousEventId", 0)),
        "event_timestamp": str(_ms(event)),
        "execution_arn": record.arn,
        "redrive_count": str(record.redrive_count),
    }


def _without_data(details: dict[str, Any]) -> dict[str, Any]:
    left_out = {*_DATA, *_DATA.values()}
    return {key: value for key, value in details.items() if key not in left_out}


def _with_data(details: dict[str, Any]) -> dict[str, Any]:
    """The details, with an input or output that is too long for an event cut off and marked."""
    shown = dict(details)
    for name in ("input", "output"):
        text = shown.get(name)
        if isinstance(text, str) and _escaped(text) > _MAX_BYTES:
            shown |= {name: _cut(text), _DATA[name]: {"truncated": True}}
    return shown


def _cut(text: str) -> str:
    low, high = 0, min(len(text), _MAX_BYTES)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _escaped(text[:middle]) <= _MAX_BYTES else (low, middle - 1)
    return text[:low]


def _escaped(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode())


def _stream(record: ExecutionRecord) -> str:
    """A stream for the machine and the minute in which the execution started."""
    minute = datetime.fromtimestamp(record.started, UTC).strftime("%Y-%m-%d-%H-%M")
    digest = hashlib.sha256(f"{record.machine.arn} {minute}".encode()).hexdigest()[:8]
    return f"states/{record.machine.name}/{minute}/{digest}"


def _ms(event: Event) -> int:
    return round(float(event["timestamp"]) * 1000)
