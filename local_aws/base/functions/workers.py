"""Lambda: workers that end with the server, and functions that EventBridge may invoke."""

from __future__ import annotations

import json
import logging
from typing import Any

from local_aws.base.tables import ministack
from local_aws.settings import ACCOUNT

log = logging.getLogger(__name__)

_EVENTS = "events.amazonaws.com"


def invoke_functions_as_documented() -> None:
    """Let a rule invoke a function only if the function's own policy allows it, and again if it fails.

    MiniStack invokes it once, whatever its policy says. What is refused is logged, as AWS tells nobody but a metric:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html. Retries are those of an
    asynchronous invocation: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    eventbridge, functions = ministack("services.eventbridge"), ministack("services.lambda_svc")
    original = eventbridge._invoke_target  # noqa: SLF001

    def invoke_target(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> None:
        arn, rule_arn = target.get("Arn", ""), rule.get("Arn", "")
        if ":lambda:" in arn and ":function:" in arn and not _serves(arn, rule_arn):
            log.warning("EventBridge may not invoke %s for %s: the function's policy does not allow it", arn, rule_arn)
            return
        original(target, event, rule, view)

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        function, config, _ = functions._get_func_record_for_ref(arn)  # noqa: SLF001
        record = functions._execution_record_for_config(function, config)  # noqa: SLF001
        functions.invoke_async_with_retry(record, json.loads(payload))

    eventbridge._invoke_target = invoke_target  # noqa: SLF001
    eventbridge._dispatch_to_lambda = dispatch_to_lambda  # noqa: SLF001


def make_log_groups_with_the_rights_of_roles() -> None:
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


def _serves(function_arn: str, rule_arn: str) -> bool:
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
