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


def leave_no_log_of_deleted_functions() -> None:
    """Let an invocation that outlives its function write to the function's log group, but not make one anew.

    Lambda makes a group with the rights of the function's role, which is gone with the function:
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html. MiniStack always makes it.
    """
    functions = ministack("services.lambda_svc")
    write = functions._emit_lambda_logs  # noqa: SLF001

    def write_if_there(function: dict[str, Any], *arguments: Any, **more: Any) -> None:
        name = (function.get("config") or function).get("FunctionName", "")
        groups = ministack("services.cloudwatch_logs")._log_groups  # noqa: SLF001
        if name in functions._functions or f"/aws/lambda/{name}" in groups:  # noqa: SLF001
            write(function, *arguments, **more)

    functions._emit_lambda_logs = write_if_there  # noqa: SLF001


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
