"""A state machine as the target of rules, schedules and pipes.

https://docs.aws.amazon.com/step-functions/latest/dg/tutorial-cloudwatch-events-s3.html
"""

from __future__ import annotations

import logging

from local_aws.base import RoleNotAssumableError
from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.operations.executions import Executions
from local_aws.stepfunctions.operations.roles import AssumeRole, Enforce
from local_aws.stepfunctions.registry import faults
from local_aws.wire import Authorizer, AwsError, Caller

log = logging.getLogger(__name__)

EVENTS, SCHEDULER, PIPES = "events.amazonaws.com", "scheduler.amazonaws.com", "pipes.amazonaws.com"


class MachineTarget:
    """Starts executions for EventBridge, its Scheduler and its Pipes, each with the role that its target has."""

    def __init__(
        self, executions: Executions, permissions: Authorizer, assume_role: AssumeRole, enforce: Enforce, region: str
    ) -> None:
        """`permissions` are those of StartExecution; IAM is asked within the process, so nothing waits for it."""
        self._executions, self._permissions = executions, permissions
        self._assume_role, self._enforce, self._region = assume_role, enforce, region

    def start(self, arn: str, payload: str, role_arn: str, source_arn: str) -> bool:
        """Start an execution; what cannot start is logged, as nobody waits for an answer. Returns whether it could.

        `payload` is JSON text; `source_arn` is the rule, schedule or pipe, which the role's trust policy is asked
        about (`aws:SourceArn`).
        """
        request = {"stateMachineArn": arn, "input": payload}
        try:
            self._require_right(request, role_arn, source_arn)
            self._executions.begin(request)
        except (AwsError, RoleNotAssumableError) as error:
            log.warning("%s could not start %s: %s", source_arn, arn, error)
            return False
        return True

    def _require_right(self, request: dict[str, str], role_arn: str, source_arn: str) -> None:
        if not role_arn:
            raise faults.denied("the target has no RoleArn; give it a role that may start executions")
        service = _service(source_arn)
        session = service.partition(".")[0]
        credentials = self._assume_role(role_arn, service, session, source_arn)
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_arn.rpartition('/')[2]}/{session}"
        caller = Caller(ACCOUNT, self._region, arn, credentials.access_key_id)
        for permission in self._permissions(caller, request):
            denial = self._enforce(caller, permission)
            if denial:
                raise faults.denied(denial)


def _service(source_arn: str) -> str:
    """The principal that assumes the role, by what the target belongs to."""
    found = source_arn.split(":")[2:3]
    return {"scheduler": SCHEDULER, "pipes": PIPES}.get(found[0] if found else "", EVENTS)
