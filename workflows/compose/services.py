"""Steps that call a function or another state machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.compose.expressions import CONTEXT, RESULT, Expression
from workflows.compose.graph import Retry
from workflows.compose.states import Task

LAMBDA_BUSY = Retry(
    (
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
    )
)
"""https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception"""
STATES_BUSY = Retry(("StepFunctions.AWSStepFunctionsException", "StepFunctions.SdkClientException"))


def function(name: str, arn: str, payload: Any, timeout_s: int = 900, **more: Any) -> Task:
    """Return a step that invokes a Lambda function; its output is what the function returned.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
    """
    arguments = {"FunctionName": arn, "Payload": payload}
    given = {"output": RESULT["Payload"], "retry": (LAMBDA_BUSY,), **more}
    return Task(name, "arn:aws:states:::lambda:invoke", arguments, timeout_s, **given)


def nested(name: str, machine: str, given: Mapping[str, Any] | Expression, timeout_s: int, **more: Any) -> Task:
    """Return a step that runs another state machine to its end; its output is that of the execution.

    The console shows the two together by AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID:
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html
    """
    started_by = {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": CONTEXT["Execution"]["Id"]}
    whole = Expression(f"$merge([{given}, {{'AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID': {CONTEXT}.Execution.Id}}])")
    arguments = {
        "StateMachineArn": machine,
        "Input": whole if isinstance(given, Expression) else {**given, **started_by},
    }
    fields = {"output": RESULT["Output"], "retry": (STATES_BUSY,), **more}
    return Task(name, "arn:aws:states:::states:startExecution.sync:2", arguments, timeout_s, **fields)
