"""State machines of ours as targets: what MiniStack gives to its own Step Functions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local_aws.base.tables import ministack

MachineTarget = Callable[[str, str, str, str], bool]
"""Takes the machine's ARN, the input, and the ARNs of the target's role and of the rule, schedule or pipe; returns
whether an execution was started."""


def deliver_to_state_machines(start: MachineTarget) -> None:
    """Start our executions for rules and schedules, whose targets go one way, and for pipes.

    MiniStack starts its own, whatever the target's role may do:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
    """
    eventbridge, pipes = ministack("services.eventbridge"), ministack("services.pipes")
    invoke = eventbridge._invoke_target  # noqa: SLF001
    pending = threading.local()

    def invoke_target(target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], view: Any = None) -> None:
        pending.role_arn, pending.source_arn = target.get("RoleArn", ""), rule.get("Arn", "")
        invoke(target, event, rule, view)

    def dispatch(arn: str, payload: str) -> None:
        start(arn, payload, pending.role_arn, pending.source_arn)

    def start_from_pipe(arn: str, pipe: Mapping[str, Any], records: Sequence[Any]) -> bool:
        return start(arn, json.dumps(list(records)), pipe.get("RoleArn", ""), pipe["Arn"])

    eventbridge._invoke_target = invoke_target  # noqa: SLF001
    eventbridge._dispatch_to_stepfunctions = dispatch  # noqa: SLF001
    pipes._start_state_machine_from_records = start_from_pipe  # noqa: SLF001
