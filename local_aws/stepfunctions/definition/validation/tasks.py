"""What only a Task has: the resource it calls, what that needs, and for how long it may run.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

import re
from typing import Any

from local_aws.stepfunctions.definition.validation.objects import is_object
from local_aws.stepfunctions.definition.validation.place import Place
from local_aws.stepfunctions.definition.validation.templates import payload
from local_aws.stepfunctions.definition.validation.values import text

_ARN = re.compile(r"arn:[\w-]+:(?P<service>[\w-]+):(?P<region>[\w-]*):(?P<account>[\w-]*):(?P<name>.+)")
_PATTERN = re.compile(r"(?P<service>[\w-]+):(?P<call>.+?)(?P<pattern>\.sync(?::2)?|\.waitForTaskToken)?")
_NO_SYNC = {"lambda", "sns", "sqs", "dynamodb", "events", "apigateway", "aws-sdk", "bedrock-agentcore"}
_NO_TOKEN = {
    *("athena", "batch", "codebuild", "elasticmapreduce", "emr-containers", "emr-serverless", "glue", "databrew"),
    *("mediaconvert", "sagemaker", "dynamodb", "bedrock-agentcore"),
}
_SECOND_FORM = ".sync:2"
_NEEDED = {
    "lambda:invoke": ("FunctionName",),
    "sqs:sendMessage": ("QueueUrl", "MessageBody"),
    "sns:publish": ("Message",),
    "dynamodb:putItem": ("TableName", "Item"),
    "dynamodb:getItem": ("TableName", "Key"),
    "states:startExecution": ("StateMachineArn",),
    "events:putEvents": ("Entries",),
    "ecs:runTask": ("TaskDefinition",),
    "glue:startJobRun": ("JobName",),
}
"""Fields without which a call is refused; those of the other calls are checked when the call is made."""


def task(place: Place, raw: dict[str, Any]) -> None:
    """The fields of a Task that depend on each other."""
    resource = raw.get("Resource")
    _times(place, raw)
    if isinstance(resource, str):
        _resource(place, raw, resource)


def credentials(place: Place, value: Any) -> None:
    """The role that the call is made with."""
    if not isinstance(value, str) and is_object(place, value) and not {"RoleArn", "RoleArn.$"} & value.keys():
        place.schema("The field 'RoleArn' is required but was missing")
    payload(place, value)


def resource_text(place: Place, value: Any) -> None:
    """The ARN of what a Task calls; what it names is checked with the rest of the state."""
    text(place, value)


def _times(place: Place, raw: dict[str, Any]) -> None:
    timeout, heartbeat = raw.get("TimeoutSeconds"), raw.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        place.at("HeartbeatSeconds").schema("'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'")


def _resource(place: Place, raw: dict[str, Any], resource: str) -> None:
    here, arn = place.at("Resource"), _ARN.fullmatch(resource)
    if not arn:
        here.schema("Value is not a valid resource ARN")
    elif arn["service"] == "states" and not arn["region"] and not arn["account"]:
        _integration(place, raw, resource, _PATTERN.fullmatch(arn["name"]))
    elif arn["service"] == "states" and arn["name"].startswith("activity:"):
        _activity(place, raw)
    elif not (arn["service"] == "lambda" and arn["name"].startswith("function:")):
        _unknown(here, resource)


def _unknown(place: Place, resource: str) -> None:
    place.schema(
        f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, or the resource "
        "is not available in this region."
    )


def _activity(place: Place, raw: dict[str, Any]) -> None:
    if place.express:
        place.at("Resource").schema("Express state machine does not support Activity ARN")
    if "Credentials" in raw:
        place.at("Credentials").schema("The field 'Credentials' is not supported for activities")


def _integration(place: Place, raw: dict[str, Any], resource: str, parts: re.Match[str] | None) -> None:
    here = place.at("Resource")
    if not parts or not _offered(parts["service"], parts["pattern"] or ""):
        _unknown(here, resource)
        return
    if place.express and parts["pattern"]:
        pattern = parts["pattern"].removesuffix(":2")
        here.schema(f"Express state machine does not support '{pattern}' service integration ")  # the space is AWS's
    _payload(place, raw, resource, _NEEDED.get(f"{parts['service']}:{parts['call']}", ()))


def _offered(service: str, pattern: str) -> bool:
    if pattern == _SECOND_FORM:
        return service == "states"
    if pattern == ".sync":
        return service not in _NO_SYNC
    return not pattern or service not in _NO_TOKEN


def _payload(place: Place, raw: dict[str, Any], resource: str, needed: tuple[str, ...]) -> None:
    name = "Arguments" if place.jsonata else "Parameters"
    value = raw.get(name)
    if name not in raw:
        place.schema(f"{name} field is required for resource ARN: {resource}")
    for field in needed:
        if isinstance(value, dict) and field not in value and f"{field}.$" not in value:
            place.at(name).schema(f"The field '{field}' is required but was missing")
