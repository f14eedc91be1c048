"""Lambda: the permissions of EventBridge by a function's policy, and those of its log by its role."""

from __future__ import annotations

from typing import Any

from local_aws.base.tables import ministack
from local_aws.settings import ACCOUNT

_EVENTS = "events.amazonaws.com"


def require_log_rights() -> None:
    """Let a function whose log group is not there make it only if its role may, and else lose what it logs.

    A group that a stack has deleted would otherwise be made anew by what still runs, and stand in the way of the next
    stack: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html. MiniStack always makes it.
    """
    functions = ministack("services.lambda_svc")
    write = functions._emit_lambda_logs  # noqa: SLF001

    def write_if_allowed(function: dict[str, Any], *arguments: Any, **more: Any) -> None:
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName', '')}"
        groups = ministack("services.cloudwatch_logs")._log_groups  # noqa: SLF001
        if group in groups or _may_make(config.get("Role", ""), group):
            write(function, *arguments, **more)

    functions._emit_lambda_logs = write_if_allowed  # noqa: SLF001


def _may_make(role_arn: str, group: str) -> bool:
    evaluator, region = ministack("core.iam_evaluator"), ministack("core.responses").get_region()
    context = evaluator.EvalContext(
        principal_arn=role_arn,
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action="logs:CreateLogGroup",
        resource_arn=f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}:*",
        region=region,
        service_context={},
    )
    policies = evaluator._gather_role_policies(role_arn.rpartition("/")[2], ACCOUNT)  # noqa: SLF001
    return str(evaluator.evaluate(context, policies).decision) == "Allow"


def serves_rule(function_arn: str, rule_arn: str) -> bool:
    """Whether the function's policy lets EventBridge invoke it for the rule.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    evaluator = ministack("core.iam_evaluator")
    found, _, _ = ministack("services.lambda_svc")._get_func_record_for_ref(function_arn)  # noqa: SLF001
    context = evaluator.EvalContext(
        principal_arn=_EVENTS,
        principal_type="Service",
        principal_account=ACCOUNT,
        action="lambda:InvokeFunction",
        resource_arn=function_arn,
        region="",
        service_context={"aws:sourcearn": rule_arn, "aws:sourceaccount": ACCOUNT},
    )
    policy = found["policy"] if found else None
    return str(evaluator.evaluate_resource_policy(policy, context, service=_EVENTS).decision) == "Allow"
