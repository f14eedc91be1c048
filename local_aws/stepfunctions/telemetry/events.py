"""The events that standard executions send to EventBridge; express ones send none.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.stepfunctions.contracts.engine import Announce
from local_aws.stepfunctions.contracts.records import ExecutionRecord
from local_aws.stepfunctions.operations.redriving import redrive_status
from local_aws.stepfunctions.registry.records import STANDARD

SOURCE = "aws.states"
DETAIL_TYPE = "Step Functions Execution Status Change"
_MAX_BYTES = 248 * 1024
PutEvent = Callable[[str, str, Mapping[str, Any], list[str]], None]


def announcer(put_event: PutEvent) -> Announce:
    """What sends a detail type, a detail and resources in the name of Step Functions."""

    def send(detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
        put_event(SOURCE, detail_type, detail, resources)

    return send


def announce(send: Announce, record: ExecutionRecord, now: float) -> None:
    """Tell of an execution's status, once it has changed."""
    if record.machine.type == STANDARD:
        send(DETAIL_TYPE, status_detail(record, now), [record.arn])


def status_detail(record: ExecutionRecord, now: float) -> dict[str, Any]:
    """The `detail`, which says what DescribeExecution says; times are milliseconds since 1970.

    An input and an output that together exceed 248 KB when escaped leave the input out, such an output itself.
    """
    given, made = _bytes(record.input), _bytes(record.output)
    with_input = given + made <= _MAX_BYTES
    with_output = made <= _MAX_BYTES
    status, reason = redrive_status(record, now)
    return {
        "executionArn": record.arn,
        "stateMachineArn": record.machine.arn,
        "name": record.name,
        "status": record.status,
        "startDate": _ms(record.started),
        "stopDate": _ms(record.stopped),
        "input": record.input if with_input else None,
        "inputDetails": {"included": with_input},
        "output": record.output if with_output else None,
        "outputDetails": None if record.output is None else {"included": with_output},
        "error": record.error,
        "cause": record.cause,
        "stateMachineVersionArn": record.machine.version_arn or None,
        "stateMachineAliasArn": record.machine.alias_arn or None,
        "redriveCount": record.redrive_count,
        "redriveDate": _ms(record.redriven),
        "redriveStatus": status,
        "redriveStatusReason": reason or None,
    }


def _bytes(text: str | None) -> int:
    return 0 if text is None else len(json.dumps(text, ensure_ascii=False).encode())


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
