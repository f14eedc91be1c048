"""The error that ends a phase as FAILED, and the API's errors."""

from __future__ import annotations

from local_aws.wire import AwsError


class PhaseFailedError(Exception):
    """The phase fails with this context (https://docs.aws.amazon.com/codebuild/latest/APIReference/API_PhaseContext.html)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)


def not_found(what: str, name: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"The {what} {name} does not exist.")
