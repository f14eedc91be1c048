"""What a resource names and its service looks for when the resource is made: functions, topics, log groups, roles.

MiniStack makes the resource without it, so that a stack would be green here and roll back on AWS. What AWS does not
look for either is left alone: targets of rules, actions of alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from local_aws.base.iam.roles import RoleNotAssumableError, require_trust
from local_aws.base.tables import check_before, ministack
from local_aws.settings import ACCOUNT

Check = Callable[[Mapping[str, Any]], None]

ROLE_OF_FUNCTION = "The role defined for the function cannot be assumed by Lambda."


class _RefusedError(ValueError):
    """A service refuses a resource; the sentence is the service's, as CloudFormation reports it."""

    def __init__(self, message: str, service: str, status: int) -> None:
        super().__init__(f"{message} (Service: {service}, Status Code: {status})")


def refuse_function_roles() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html, for CreateFunction and its update."""
    functions = ministack("services.lambda_svc")
    create, update = functions._create_function, functions._update_config  # noqa: SLF001

    def refuse() -> Any:
        return functions.error_response_json("InvalidParameterValueException", ROLE_OF_FUNCTION, HTTPStatus.BAD_REQUEST)

    def create_function(data: dict[str, Any]) -> Any:
        return create(data) if _lambda_may_assume(data.get("Role")) else refuse()

    def update_config(name: str, data: dict[str, Any]) -> Any:
        return update(name, data) if _lambda_may_assume(data.get("Role")) else refuse()

    functions._create_function, functions._update_config = create_function, update_config  # noqa: SLF001


def refuse_target_roles() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html."""
    events = ministack("services.eventbridge")
    put = events._put_targets  # noqa: SLF001

    def put_targets(data: dict[str, Any]) -> Any:
        for target in data.get("Targets", []):
            refused = _refused_by_eventbridge(target.get("RoleArn"))
            if refused:
                return events.error_response_json("ValidationException", refused, HTTPStatus.BAD_REQUEST)
        return put(data)

    events._put_targets = put_targets  # noqa: SLF001


def refuse_missing_stack_targets() -> None:
    """Fail a stack whose resource names what there is not, with the sentence of the resource's service."""
    handlers = ministack("services.cloudformation.provisioners")._RESOURCE_HANDLERS  # noqa: SLF001
    for name, check in CHECKS.items():
        check_before(handlers[name], check)


def _lambda_may_assume(role: str | None) -> bool:
    return role is None or _may_assume(role, "lambda.amazonaws.com")


def _may_assume(role: str, service: str) -> bool:
    try:
        require_trust(role, service, None)
    except RoleNotAssumableError:
        return False
    return True


def _refused_by_eventbridge(role: str | None) -> str | None:
    """https://github.com/Miserlou/Zappa/issues/381."""
    if not role or _may_assume(role, "events.amazonaws.com"):
        return None
    return f"Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'."


def _require_role_of_function(properties: Mapping[str, Any]) -> None:
    """https://github.com/pdomala/LambdaCDDemo/issues/1."""
    if not _lambda_may_assume(properties.get("Role")):
        raise _RefusedError(ROLE_OF_FUNCTION, "Lambda", HTTPStatus.BAD_REQUEST)


def _require_function(properties: Mapping[str, Any]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html."""
    find = ministack("services.cloudformation.provisioners")._lambda_function_for_cfn_ref  # noqa: SLF001
    named = str(properties.get("FunctionName", ""))
    if find(named)[0] is None:
        arn = named
        if not named.startswith("arn:"):
            region = ministack("core.responses").get_region()
            arn = f"arn:aws:lambda:{region}:{ACCOUNT}:function:{named.partition('function:')[2] or named}"
        raise _RefusedError(f"Function not found: {arn}", "Lambda", HTTPStatus.NOT_FOUND)


def _require_topic(properties: Mapping[str, Any]) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html."""
    for topic in (properties["TopicArn"],) if "TopicArn" in properties else properties.get("Topics", ()):
        if topic not in ministack("services.sns")._topics:  # noqa: SLF001
            raise _RefusedError("Topic does not exist", "Sns", HTTPStatus.NOT_FOUND)


def _require_log_group(properties: Mapping[str, Any]) -> None:
    """https://github.com/gilt/s3-sftp-bridge/issues/2."""
    if properties.get("LogGroupName") not in ministack("services.cloudwatch_logs")._log_groups:  # noqa: SLF001
        raise _RefusedError("The specified log group does not exist.", "CloudWatchLogs", HTTPStatus.BAD_REQUEST)


def _require_bucket(properties: Mapping[str, Any]) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList."""
    if properties.get("Bucket") not in ministack("services.s3")._buckets:  # noqa: SLF001
        raise _RefusedError("The specified bucket does not exist", "S3", HTTPStatus.NOT_FOUND)


def _require_roles_of_targets(properties: Mapping[str, Any]) -> None:
    for target in properties.get("Targets", []):
        refused = _refused_by_eventbridge(target.get("RoleArn"))
        if refused:
            raise _RefusedError(refused, "EventBridge", HTTPStatus.BAD_REQUEST)


def _require_role_of_schedule(properties: Mapping[str, Any]) -> None:
    """https://github.com/aws/aws-sdk-js-v3/issues/6494."""
    role = properties.get("Target", {}).get("RoleArn", "")
    if not _may_assume(role, "scheduler.amazonaws.com"):
        message = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        raise _RefusedError(message, "Scheduler", HTTPStatus.BAD_REQUEST)


CHECKS: Mapping[str, Check] = {
    "AWS::Events::Rule": _require_roles_of_targets,
    "AWS::Lambda::Alias": _require_function,
    "AWS::Lambda::EventInvokeConfig": _require_function,
    "AWS::Lambda::EventSourceMapping": _require_function,
    "AWS::Lambda::Function": _require_role_of_function,
    "AWS::Lambda::Permission": _require_function,
    "AWS::Lambda::Version": _require_function,
    "AWS::Logs::MetricFilter": _require_log_group,
    "AWS::Logs::SubscriptionFilter": _require_log_group,
    "AWS::S3::BucketPolicy": _require_bucket,
    "AWS::SNS::Subscription": _require_topic,
    "AWS::SNS::TopicPolicy": _require_topic,
    "AWS::Scheduler::Schedule": _require_role_of_schedule,
}
