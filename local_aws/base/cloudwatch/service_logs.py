"""CloudWatch Logs: what services deliver in their own name, as vended logs.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local_aws.base.tables import ministack

_OK = 200


def has_log_group(name: str) -> bool:
    """Whether there is a log group of that name."""
    return name in ministack("services.cloudwatch_logs")._log_groups  # noqa: SLF001


def deliver_logs(group: str, stream: str, events: Sequence[dict[str, Any]]) -> None:
    """Add events to a stream, which is made if it is missing; each has `timestamp` (ms since 1970) and `message`.

    Raises LookupError if the group does not exist.
    """
    logs = ministack("services.cloudwatch_logs")
    if not has_log_group(group):
        raise LookupError(group)
    place = {"logGroupName": group, "logStreamName": stream}
    if stream not in logs._log_groups[group]["streams"]:  # noqa: SLF001
        logs._create_log_stream(place)  # noqa: SLF001
    status, _, _ = logs._put_log_events({**place, "logEvents": list(events)})  # noqa: SLF001
    if status != _OK:
        raise LookupError(f"{group}/{stream}")
