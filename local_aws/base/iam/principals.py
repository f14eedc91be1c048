"""IAM: who a request comes from, as bucket policies see it."""

from __future__ import annotations

from typing import Any

from local_aws.base.tables import ministack

_ALWAYS_ROOTS = frozenset({"s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"})
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html."""


def know_principals_as_documented() -> None:
    """Name a session by its role, and hold the root user to what bucket policies deny.

    - `aws:PrincipalArn` of a session is the ARN of its role, path and all
      (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn)
    - a policy of a resource denies the root user too, whom MiniStack lets do everything
      (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html)
    """
    evaluator, iam = ministack("core.iam_evaluator"), ministack("services.iam")
    resolve, ask = evaluator._resolve_condition_key, evaluator.enforce  # noqa: SLF001

    def resolve_condition_key(key: str, context: Any) -> Any:
        if key.lower() == "aws:principalarn" and context.principal_type == "AssumedRole":
            name = evaluator._role_name_from_assumed_arn(context.principal_arn)  # noqa: SLF001
            role = iam._roles.get_scoped(context.principal_account, None, name)  # noqa: SLF001
            return role["Arn"] if role else context.principal_arn
        return resolve(key, context)

    def ask_of_root_too(key_id: str, action: str, service: str, region: str, **more: Any) -> Any:
        answer = ask(key_id, action, service, region, **more)
        if answer is not None or service != "s3" or action in _ALWAYS_ROOTS or not _is_root(key_id):
            return answer
        return _denied_by_bucket(action, region, more.get("resource_arn", "*"), more.get("service_context") or {})

    evaluator._resolve_condition_key = resolve_condition_key  # noqa: SLF001
    evaluator.enforce = ask_of_root_too


def _is_root(key_id: str) -> bool:
    found = ministack("core.iam_evaluator").resolve_credential(key_id, ministack("core.responses").get_account_id())
    return getattr(found, "principal_type", "") == "Root"


def _denied_by_bucket(action: str, region: str, resource_arn: str, keys: dict[str, Any]) -> Any:
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
