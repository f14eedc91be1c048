"""Says in a sentence what failed."""

from __future__ import annotations

from workflows.compose.expressions import ERROR, Expression, literal, variable
from workflows.compose.graph import Catch, Target
from workflows.compose.states import Fail

FAILURE = "failure"
"""The variable with the sentence."""


def sentence(step: str) -> Expression:
    """Return JSONata for the `output` or `assign` of a Catch: `STEP failed: REASON`.

    The cause of a job that did not complete is its description as JSON, any other is text; a timeout has none.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
    """
    return Expression(
        f"( $cause := {ERROR}.Cause; $job := $substring($cause, 0, 1) = '{{' ? $parse($cause) : {{}}; "
        f"{literal(f'{step} failed: ')} & ($exists($job.FailureReason) ? $job.FailureReason "
        f": $exists($job.*) ? 'its job was stopped' : $exists($cause) ? $cause : {ERROR}.Error) )"
    )


def caught(step: str, then: Target) -> Catch:
    """Return a Catch of every error that keeps the sentence for `fail`."""
    return Catch(then, assign={FAILURE: sentence(step)}, tells=FAILURE)


def fail(name: str, error: str) -> Fail:
    """Return the end of an execution that failed, with the sentence as its cause."""
    return Fail(name, error, variable(FAILURE))
