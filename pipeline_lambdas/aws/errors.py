"""Translates AWS's errors into this project's failures, so that no module above this folder needs botocore."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline_lambdas.runtime.failures import AwsRequestError, JobError, PermissionDeniedError, UnavailableError

_DENIED = re.compile(r"AccessDenied|Unauthorized|NotAuthorized|^403$|Forbidden")
_UNAVAILABLE = re.compile(
    r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalFailure|InternalError"
    r"|InternalServerError|InternalDependencyException|RequestTimeout$|^5\d\d$"
)
# SageMaker answers a failed look-up with ValidationException and one of these sentences.
_NOT_FOUND = re.compile(r"Requested resource not found|Could not find|does not exist", re.IGNORECASE)
_ACTION = re.compile(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)")


def call(operation: Callable[..., Any], /, **parameters: Any) -> Any:
    """Call a client's operation; turn botocore's errors into a JobError."""
    try:
        return operation(**parameters)
    except (ClientError, BotoCoreError) as error:
        raise translate(error) from error


def translate(error: ClientError | BotoCoreError) -> JobError:
    """Return the failure that `error` stands for."""
    if isinstance(error, BotoCoreError):
        return UnavailableError(f"AWS could not be asked: {error}")
    operation = error.operation_name
    details = error.response.get("Error", {})
    code, reason = str(details.get("Code", "Unknown")), str(details.get("Message", ""))
    if _DENIED.search(code):
        named = _ACTION.search(reason)
        action = named.group(1) if named else operation
        return PermissionDeniedError(f"The role of the call is not allowed {action} ({operation}: {reason})")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if _UNAVAILABLE.search(code) or status >= 500:
        return UnavailableError(f"{operation} answered {code}: {reason}")
    return AwsRequestError(operation, code, reason)


def is_missing(error: AwsRequestError) -> bool:
    """Tell whether AWS did not find a resource that the call names."""
    sentence = error.code == "ValidationException" and _NOT_FOUND.search(error.reason)
    return bool(sentence) or error.code in {"ResourceNotFound", "ResourceNotFoundException"}
