"""Errors that an execution sees."""

from __future__ import annotations


class StatesError(Exception):
    """An error with a name that Retry and Catch match, and its cause.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """

    def __init__(self, error: str, cause: str = "", *, location: str = "") -> None:
        """`location` is the field that was evaluated, as EvaluationFailed tells it (`Arguments/Name`); empty if none.

        `cause` holds the fact alone; whoever knows the state and its event puts them before it.
        """
        super().__init__(f"{error}: {cause}")
        self.error, self.cause, self.location = error, cause, location


RUNTIME = "States.Runtime"
QUERY_EVALUATION = "States.QueryEvaluationError"
DATA_LIMIT = "States.DataLimitExceeded"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
TASK_FAILED = "States.TaskFailed"
PERMISSIONS = "States.Permissions"
RESULT_PATH_MATCH = "States.ResultPathMatchFailure"
PARAMETER_PATH = "States.ParameterPathFailure"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
EXCEED_TOLERATED = "States.ExceedToleratedFailureThreshold"
ITEM_READER_FAILED = "States.ItemReaderFailed"
RESULT_WRITER_FAILED = "States.ResultWriterFailed"
ALL = "States.ALL"
