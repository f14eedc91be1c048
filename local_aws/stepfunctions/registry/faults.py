"""What Step Functions refuses, in AWS's words.

Codes: https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html and the page of each
operation. The texts are observed on AWS, but where a function says otherwise.
"""

from __future__ import annotations

from local_aws.wire import AwsError

LABELED, MISSING, ENDED, ROUTING = (
    "API_DOES_NOT_SUPPORT_LABELED_ARNS",
    "MISSING_REQUIRED_PARAMETER",
    "CANNOT_UPDATE_COMPLETED_MAP_RUN",
    "INVALID_ROUTING_CONFIGURATION",
)
"""Reasons of a ValidationException, as the service model lists them."""
_CONFLICT, _QUOTA = 409, 402


def invalid_arn(reason: str) -> AwsError:
    return AwsError("InvalidArn", f"Invalid Arn: '{reason}'")


def invalid_name(name: str) -> AwsError:
    return AwsError("InvalidName", f"Invalid Name: '{name}'")


def invalid_input(reason: str) -> AwsError:
    return AwsError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{reason}'")


def invalid_definition(reason: str) -> AwsError:
    return AwsError("InvalidDefinition", f"Invalid State Machine Definition: '{reason}'")


def invalid_logging(reason: str) -> AwsError:
    return AwsError("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {reason}")


def invalid_encryption(reason: str) -> AwsError:
    """The text after the colon is not documented."""
    return AwsError("InvalidEncryptionConfiguration", f"Invalid Encryption Configuration: {reason}")


def invalid(message: str, reason: str | None = None) -> AwsError:
    """A ValidationException, with the modelled reason if there is one."""
    return (
        AwsError("ValidationException", message, reason=reason) if reason else AwsError("ValidationException", message)
    )


def labeled(arn: str) -> AwsError:
    """A state of a machine where only the machine itself may stand; the text is not documented."""
    return invalid(f"This operation does not support labeled state machine ARNs: '{arn}'", LABELED)


def no_machine(arn: str) -> AwsError:
    return AwsError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def machine_exists(arn: str) -> AwsError:
    return AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")


def machine_deleting(arn: str) -> AwsError:
    return AwsError("StateMachineDeleting", f"State Machine is being deleted: '{arn}'")


def wrong_type() -> AwsError:
    return AwsError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")


def no_execution(arn: str) -> AwsError:
    return AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def no_activity(arn: str) -> AwsError:
    return AwsError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")


def no_resource(arn: str) -> AwsError:
    return AwsError("ResourceNotFound", f"Resource not found: '{arn}'", resourceName=arn)


def no_reference() -> AwsError:
    return AwsError("ResourceNotFound", "Request references a resource that does not exist.")


def conflict(message: str) -> AwsError:
    return AwsError("ConflictException", message, _CONFLICT)


def over_quota(message: str) -> AwsError:
    """The text is not documented."""
    return AwsError("ServiceQuotaExceededException", message, _QUOTA)


def denied(message: str) -> AwsError:
    return AwsError("AccessDeniedException", message)


def invalid_token() -> AwsError:
    return AwsError("InvalidToken", "Invalid Token: 'Invalid token'")
