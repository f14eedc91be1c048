"""Logging, tracing and encryption of a state machine, and the rights of its role, as a request gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.definition.model import StateMachine
from local_aws.stepfunctions.operations.definitions import resources
from local_aws.stepfunctions.operations.platform import Platform
from local_aws.stepfunctions.operations.roles import LOG_DELIVERY
from local_aws.stepfunctions.registry import arns, faults
from local_aws.stepfunctions.registry.records import Document, Revision

OFF = "OFF"
CUSTOMER_KEY, AWS_KEY = "CUSTOMER_MANAGED_KMS_KEY", "AWS_OWNED_KEY"
_REUSE_S = 300
"""https://docs.aws.amazon.com/step-functions/latest/apireference/API_EncryptionConfiguration.html"""
_LOG_GROUP = re.compile(rf"arn:aws:logs:(?P<region>[\w-]+):{ACCOUNT}:log-group:(?P<name>[^:*]+):\*")


def logging_of(platform: Platform, given: Document | None) -> Document:
    """The logging configuration that is stored. Raises AwsError InvalidLoggingConfiguration.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_LoggingConfiguration.html
    """
    given = given or {}
    level, destinations = given.get("level", OFF), given.get("destinations", [])
    if len(destinations) > 1 or (level != OFF and len(destinations) != 1):
        raise faults.invalid_logging("Must specify exactly one Log Destination.")
    for destination in destinations:
        _require_group(platform, destination)
    shown = {"destinations": destinations} if "destinations" in given else {}
    return {"level": level, "includeExecutionData": given.get("includeExecutionData", False), **shown}


def _require_group(platform: Platform, destination: Document) -> None:
    arn = destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn")
    if arn is None:
        raise faults.invalid_logging("Must specify exactly one Log Destination.")
    found = _LOG_GROUP.fullmatch(arn)
    if found is None:
        raise faults.invalid_logging("Invalid Log Destination. The ARN must be of a log group and end with ':*'.")
    if found["region"] != platform.region or not platform.has_log_group(found["name"]):
        raise faults.invalid_logging("Log Destination not found.")


def log_group(logging: Document) -> str:
    """The ARN of the log group; empty without one."""
    destinations = logging.get("destinations") or [{}]
    return str(destinations[0].get("cloudWatchLogsLogGroup", {}).get("logGroupArn", ""))


def encryption_of(given: Document | None) -> Document:
    """The encryption configuration that is stored. Raises AwsError InvalidEncryptionConfiguration."""
    if given is None:
        return {"type": AWS_KEY}
    if given["type"] == CUSTOMER_KEY:
        if "kmsKeyId" not in given:
            raise faults.invalid_encryption(f"kmsKeyId is required for the type {CUSTOMER_KEY}")
        return {"kmsDataKeyReusePeriodSeconds": _REUSE_S, **given}
    if given.keys() & {"kmsKeyId", "kmsDataKeyReusePeriodSeconds"}:
        raise faults.invalid_encryption(f"the type {AWS_KEY} takes no key and no reuse period")
    return {"type": AWS_KEY}


def require_rights(platform: Platform, machine_arn: str, revision: Revision, machine: StateMachine) -> None:
    """Hold the role against what the machine needs from its beginning. Raises AwsError AccessDeniedException.

    The rules that `.sync` needs: https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
    """
    role = revision.role_arn
    arns.require_role(role)
    platform.roles.credentials(role, machine_arn)
    if log_group(revision.logging) and not platform.roles.may(role, machine_arn, _on_all(LOG_DELIVERY)):
        raise faults.denied("The state machine IAM Role is not authorized to access the Log Destination")
    rules = [need for resource in resources(machine) for need in platform.sync_permissions(resource)]
    if rules and not platform.roles.may(role, machine_arn, dict.fromkeys(rules)):
        raise faults.denied(f"'{role}' is not authorized to create managed-rule.")


def _on_all(actions: Iterable[str]) -> list[tuple[str, str]]:
    return [(action, "*") for action in actions]
