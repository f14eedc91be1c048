"""The role of a state machine: who may assume it, and what it must be allowed before a machine has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from local_aws.base import Credentials, RoleNotAssumableError
from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.registry import faults
from local_aws.wire import Caller, Permission

SERVICE = "states.amazonaws.com"
LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
"""What a role needs to deliver logs, on `*`: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"""
_SESSION = "StepFunctions"
Enforce = Callable[[Caller, Permission], str | None]


class AssumeRole(Protocol):
    """`base.assume_role`."""

    def __call__(self, role_arn: str, service: str, session_name: str, source_arn: str) -> Credentials: ...


class Roles:
    """Asks IAM within the process."""

    def __init__(self, assume_role: AssumeRole, enforce: Enforce, region: str) -> None:
        self._assume_role, self._enforce, self._region = assume_role, enforce, region

    def credentials(self, role_arn: str, machine_arn: str) -> Credentials:
        """Credentials of a state machine's role.

        Raises AwsError AccessDeniedException unless it trusts Step Functions for the machine (observed on AWS).
        """
        try:
            return self._assume_role(role_arn, SERVICE, _SESSION, machine_arn)
        except RoleNotAssumableError:
            raise faults.denied(
                f"Neither the global service principal {SERVICE}, nor the regional one is authorized to assume the "
                "provided role."
            ) from None

    def may(self, role_arn: str, machine_arn: str, needs: Iterable[tuple[str, str]]) -> bool:
        """Whether the role is allowed all of these actions, each on its resource."""
        credentials = self.credentials(role_arn, machine_arn)
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_arn.rpartition('/')[2]}/{_SESSION}"
        caller = Caller(ACCOUNT, self._region, session, credentials.access_key_id)
        return not any(self._enforce(caller, Permission(action, resource)) for action, resource in needs)
