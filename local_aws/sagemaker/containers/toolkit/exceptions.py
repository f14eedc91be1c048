"""The container's three kinds of failure, and the one for what the local stand-in cannot do."""

from __future__ import annotations


class ToolkitError(Exception):
    """Base of all failures that the container reports.

    Users see the class name and the message in FailureReason
    (https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_algorithm_toolkit/exceptions.py).
    """

    documented_name = "sagemaker_algorithm_toolkit.exceptions.ToolkitError"

    def __init__(self, message: str, caused_by: BaseException | None = None) -> None:
        suffix = f" (caused by {type(caused_by).__name__})" if caused_by is not None else ""
        super().__init__(message + suffix)


class UserError(ToolkitError):
    """The customer can fix it: a hyperparameter, a channel, the data."""

    documented_name = "sagemaker_algorithm_toolkit.exceptions.UserError"


class AlgorithmError(ToolkitError):
    """XGBoost failed in a way that the container does not know."""

    documented_name = "sagemaker_algorithm_toolkit.exceptions.AlgorithmError"


class PlatformError(ToolkitError):
    """The platform does not meet the container contract."""

    documented_name = "sagemaker_algorithm_toolkit.exceptions.PlatformError"


class NotEmulatedError(ToolkitError):
    """AWS supports it, local AWS does not; the message says what."""

    documented_name = "local_aws.NotEmulatedError"
