"""The reasons why an action can fail, as CodePipeline's failure types.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html
"""

from __future__ import annotations

from typing import ClassVar, Literal

FailureType = Literal["JobFailed", "ConfigurationError", "PermissionError", "SystemUnavailable"]


class JobError(Exception):
    """A failure whose message is for the person who released."""

    failure_type: ClassVar[FailureType] = "JobFailed"
    external_id: str | None = None


class JobFailedError(JobError):
    """The work itself failed: a training job, an endpoint, a gate. `external_id` names it, or what it wrote."""

    def __init__(self, message: str, external_id: str | None = None) -> None:
        super().__init__(message)
        self.external_id = external_id


class ConfigurationError(JobError):
    """A config, a manifest, a parameter or the environment is not valid."""

    failure_type: ClassVar[FailureType] = "ConfigurationError"


class PermissionDeniedError(JobError):
    """AWS denied a call; the message names the action that the role lacks."""

    failure_type: ClassVar[FailureType] = "PermissionError"


class UnavailableError(JobError):
    """A service throttled, was unavailable or unreachable; a retry may succeed."""

    failure_type: ClassVar[FailureType] = "SystemUnavailable"


class AwsRequestError(JobError):
    """AWS refused a call for any other reason.

    `code` and `reason` are AWS's, so that a caller can tell `already exists` from the rest.
    """

    def __init__(self, operation: str, code: str, reason: str) -> None:
        super().__init__(f"{operation} answered {code}: {reason}")
        self.operation = operation
        self.code = code
        self.reason = reason
