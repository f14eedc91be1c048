"""Turns errors of a provider into failures of an action, worded for whoever reads the execution."""

from __future__ import annotations

import logging

from local_aws.base import RoleNotAssumableError
from local_aws.codepipeline.actions.contract import ActionError, Failed, Work
from local_aws.wire import AwsError

log = logging.getLogger(__name__)

_DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "403", "KMS.AccessDeniedException")
_MAX_MESSAGE = 5000


def failure_of(error: Exception, work: Work) -> Failed:
    """The failure for an error; its code is one of CodePipeline's failure types."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the first client

    if isinstance(error, ActionError):
        return _failed(error.code, str(error))
    if isinstance(error, RoleNotAssumableError):
        return _failed("PermissionError", str(error))
    if isinstance(error, AwsError):
        return _refused(error.code, error.message, work)
    if isinstance(error, ClientError):
        cause, operation = error.response["Error"], error.operation_name
        return _refused(cause.get("Code", ""), f"{operation}: {cause.get('Message', '')}", work)
    if isinstance(error, BotoCoreError):
        return _failed("SystemUnavailable", f"{work.action.name}: {error}")
    log.error("action %s of %s", work.action.name, work.execution.id, exc_info=error)
    return _failed("SystemUnavailable", f"{work.action.name} failed with an internal error; see the log of local AWS.")


def is_unreachable(error: Exception) -> bool:
    """Whether local AWS itself did not respond, because it is starting or stopping."""
    from botocore.exceptions import ConnectionClosedError, EndpointConnectionError  # noqa: PLC0415 - as above

    return isinstance(error, ConnectionClosedError | EndpointConnectionError)


def _refused(code: str, message: str, work: Work) -> Failed:
    if code in _DENIED:
        role = work.action.role_arn or work.pipeline.role_arn
        return _failed(
            "PermissionError",
            f"The service role or action role {role} lacks a permission that action {work.action.name} needs: "
            f"{message}",
        )
    return _failed("ConfigurationError", f"{code}: {message}")


def _failed(code: str, message: str) -> Failed:
    return Failed(code, message[:_MAX_MESSAGE])
