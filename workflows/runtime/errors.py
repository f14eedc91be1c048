"""The errors of a function in a state machine; their names are what Retry and Catch see.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html

Beside them stand those of `pipeline_lambdas.runtime.failures`, which calls of AWS raise: UnavailableError is worth a
retry, PermissionDeniedError and AwsRequestError are not.
"""

from __future__ import annotations


class WorkflowError(Exception):
    """A failure whose message is for the person who started the execution."""


class InputError(WorkflowError):
    """The input of an execution, or of a state, is not as the function needs it."""


class DataError(WorkflowError):
    """An object in S3 is missing, or its content is not as the workflow needs it."""


class GateError(WorkflowError):
    """A model is worse than the execution's input allows."""
