"""IAM: who calls one of our services, and whether they may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.base.tables import ministack
from local_aws.settings import ACCOUNT
from local_aws.wire import Caller, Permission


def identify(headers: Mapping[str, str], query: Mapping[str, Any]) -> Caller:
    """The caller of a request whose signature the gate has verified."""
    router, evaluator = ministack("core.router"), ministack("core.iam_evaluator")
    return Caller(
        account=ACCOUNT,
        region=router.extract_region(headers, query),
        arn=evaluator.request_caller_arn(headers, query),
        access_key_id=router.extract_access_key_id(headers, query) or "",
    )


def enforce(caller: Caller, permission: Permission) -> str | None:
    """Ask IAM: None if the caller may, else AWS's sentence of denial."""
    evaluator = ministack("core.iam_evaluator")
    denied = evaluator.enforce(
        caller.access_key_id,
        permission.action,
        permission.action.partition(":")[0],
        caller.region,
        resource_arn=permission.resource,
        service_context=dict(permission.context),
    )
    if denied is None:
        return None
    if isinstance(denied, evaluator.AuthError):
        return str(denied.message)
    message: str = ministack("core.iam_actions").identity_denial_message(
        permission.action, caller.arn, permission.resource, denied.decision == "Deny"
    )
    return message


def root_caller(region: str) -> Caller:
    """The account's root, as which CloudFormation makes a resource once IAM has allowed it; it holds no key."""
    return Caller(account=ACCOUNT, region=region, arn=f"arn:aws:iam::{ACCOUNT}:root")
