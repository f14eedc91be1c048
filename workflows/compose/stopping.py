"""Stops the job of a step that gave up on it.

Step Functions stops a job when its execution is stopped or a branch beside it fails, as well as it can. A step that ran
out of time is not among those: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
"""

from __future__ import annotations

from collections.abc import Sequence

from workflows.compose.endpoints import call
from workflows.compose.expressions import STATE_INPUT, Expression, join
from workflows.compose.failures import caught, fail
from workflows.compose.graph import Catch, Chain, steps_of

TIMEOUT, EXISTS = "States.Timeout", "SageMaker.ResourceInUseException"


def stopping(
    step: str, action: str, key: str, job: str | Expression, catch: Sequence[Catch], *, is_own: bool
) -> list[Catch]:
    """Return the catches of a step, after one that stops its job and goes on as they do.

    `action` is SageMaker's, such as `stopTrainingJob`, and `key` its parameter. `is_own` says that nobody else makes a
    job of this name: then one that exists is stopped too, as it is there because the answer to its creation was lost.
    A step that catches nothing fails in a state of its own. The name is computed again from the input of the stop, so
    if it depends on the step's input, the output of the catch has to keep that.
    """
    known = next((one for one in catch if "States.ALL" in one.errors), None)
    after = known or caught(step, fail(f"{step} Failed", "WorkflowError"))
    # A job that has ended cannot be stopped either.
    gone_on = Catch(after.then, output=STATE_INPUT)
    stop = call(f"Stop {step}", action, {key: job}, output=STATE_INPUT, catch=[gone_on])
    told = {after.tells: _told(after.assign[after.tells], job)} if after.tells else {}
    errors = (TIMEOUT, EXISTS) if is_own else (TIMEOUT,)
    first = Catch(Chain([stop, *steps_of(after.then)]), errors, after.output, {**after.assign, **told}, after.tells)
    return [first, *catch]


def _told(sentence: Expression, job: str | Expression) -> Expression:
    return join(sentence, ". Its job ", job, " is told to stop; look whether it has.")
