"""The CloudWatch alarms that watch a deployment.

They are read with the execution role of the deployed model
(https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html). AWS does not document what
happens if an alarm does not exist or cannot be read: here such a deployment fails before it begins.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from local_aws import base
from local_aws.sagemaker.roles import ExecutionRole

log = logging.getLogger(__name__)

_SERVER_FAULT = 500


class UnreadableAlarmError(Exception):
    """An alarm does not exist or cannot be read; the message says which, and why."""


@dataclass(frozen=True)
class AlarmWatch:
    """Alarms by name, and the role that may describe them."""

    names: tuple[str, ...]
    role: ExecutionRole

    def tripped(self) -> str | None:
        """Why the deployment must end: an alarm in state ALARM; not INSUFFICIENT_DATA. Raises UnreadableAlarmError."""
        for name in self.names:
            alarm = self._describe(name)
            if alarm and alarm["StateValue"] == "ALARM":
                reason = alarm.get("StateReason") or "no reason given"
                return f"the alarm {name} is in ALARM ({reason})"
        return None

    def _describe(self, name: str) -> dict[str, Any] | None:
        """The alarm; None if CloudWatch does not respond, so that the next check decides."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only with alarms

        try:
            found = self.role.client("cloudwatch").describe_alarms(
                AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
        except base.RoleNotAssumableError as error:
            raise UnreadableAlarmError(f"the alarm {name} cannot be read: {error}") from None
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_FAULT:
                log.warning("the alarm %s could not be read, checking again: %s", name, error)
                return None
            reason = error.response["Error"]["Message"]
            raise UnreadableAlarmError(
                f"the alarm {name} cannot be read by the execution role {self.role.arn}, which needs "
                f"cloudwatch:DescribeAlarms on it: {reason}"
            ) from None
        except BotoCoreError as error:
            log.warning("the alarm %s could not be read, checking again: %s", name, error)
            return None
        alarms: list[dict[str, Any]] = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
        if not alarms:
            raise UnreadableAlarmError(f"the alarm {name} does not exist")
        return alarms[0]
