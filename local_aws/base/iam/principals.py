"""IAM: who a request comes from, as bucket policies see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.base.tables import ministack

_ALWAYS_ROOTS = frozenset({"s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"})
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html."""


def resolve_principal_arn() -> None:
    """Name a session by its role: `aws:PrincipalArn` is the ARN of the role, path and all.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    evaluator, iam = ministack("core.iam_evaluator"), ministack("services.iam")
    resolve = evaluator._resolve_condition_key  # noqa: SLF001

    def resolve_condition_key(key: str, context: Any) -> Any:
        if key.lower() == "aws:principalarn" and context.principal_type == "AssumedRole":
            name = evaluator._role_name_from_assumed_arn(context.principal_arn)  # noqa: SLF001
            role = iam._roles.get_scoped(context.principal_account, None, name)  # noqa: SLF001
            return role["Arn"] if role else context.principal_arn
        return resolve(key, context)

    evaluator._resolve_condition_key = resolve_condition_key  # noqa: SLF001


def denied_to_root(key_id: str, action: str, region: str, resource_arn: str, keys: Mapping[str, Any]) -> Any:
    """The denial of the root user by a bucket's policy; None for others, and where there is none.

    MiniStack lets the root user do everything; a policy of a resource denies it too:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    if action in _ALWAYS_ROOTS or not _is_root(key_id):
        return None
    return _denied_by_bucket(action, region, resource_arn, keys)


def _is_root(key_id: str) -> bool:
    found = ministack("core.iam_evaluator").resolve_credential(key_id, ministack("core.responses").get_account_id())
    return getattr(found, "principal_type", "") == "Root"


def _denied_by_bucket(action: str, region: str, resource_arn: str, keys: Mapping[str, Any]) -> Any:
    evaluator = ministack("core.iam_evaluator")
    found = evaluator._resource_policy("s3", resource_arn)  # noqa: SLF001
    if found is None:
        return None
    account = ministack("core.responses").get_account_id()
    context = evaluator.EvalContext(
        principal_arn=f"arn:aws:iam::{account}:root",
        principal_type="Root",
        principal_account=account,
        action=action,
        resource_arn=resource_arn,
        region=region,
        service_context={key.lower(): value for key, value in keys.items()},
    )
    everything = evaluator.parse_policy_document({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    decided = evaluator.combine_resource_policy(
        evaluator.evaluate(context, [everything]), context, *found, required=False, limits=[]
    )
    return decided if decided.decision == "Deny" else None
