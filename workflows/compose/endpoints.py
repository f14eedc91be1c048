"""Steps around an endpoint, and what undoes the making of endpoints, configs and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workflows.compose.expressions import CONTEXT, ERROR, RESULT, Expression, variable
from workflows.compose.failures import FAILURE
from workflows.compose.graph import Catch, Chain, Retry, Rule, State, Target
from workflows.compose.states import Choice, Task, Wait

SDK_BUSY = Retry(("SageMaker.SageMakerException", "SageMaker.SdkClientException"))
"""Throttling and interrupted calls by the names of the AWS SDK integrations.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""
CALL_LIMIT_S = 60


def in_service(endpoint: str | Expression, wrong: Target, catch: Sequence[Catch] = (), poll_s: int = 5) -> list[State]:
    """Return steps that wait until an endpoint is InService; they go to `wrong` if it becomes anything else.

    An execution that was stopped has lost its endpoint to `workflow-sweep`, and a redrive goes on after its creation:
    what `catch` tells then says so.
    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
    States of endpoints: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
    """
    status, reason = variable("endpointStatus"), variable("endpointReason")
    kept = {"endpointStatus": RESULT["EndpointStatus"], "endpointReason": Expression(f"[{RESULT}.FailureReason]")}
    swept = [replace(one, assign={**one.assign, **_told_of_redrive(one)}) for one in catch]
    describe = call("Describe Endpoint", "describeEndpoint", {"EndpointName": endpoint}, catch=swept, assign=kept)
    wait = Chain([Wait("Wait For Endpoint", poll_s), describe])
    sentence = Expression(f"'Create Endpoint failed: the endpoint is ' & {status} & '. ' & $join({reason}, ' ')")
    rules = [
        Rule(Expression(f"{status} = 'Creating'"), wait),
        Rule(Expression(f"{status} != 'InService'"), wrong, assign={FAILURE: sentence}),
    ]
    return [describe, Choice("Is Endpoint In Service", rules)]


def _told_of_redrive(catch: Catch) -> dict[str, Expression]:
    if not catch.tells:
        return {}
    is_swept = f"{CONTEXT}.Execution.RedriveCount > 0 and $contains($string({ERROR}.Cause), 'Could not find endpoint')"
    more = "'. It was deleted when the execution was stopped, so a redrive has none: start a new execution.'"
    return {catch.tells: Expression(f"{catch.assign[catch.tells]} & ({is_swept} ? {more} : '')")}


def call(name: str, action: str, arguments: Mapping[str, Any], **more: Any) -> Task:
    """Return a step that makes another call of SageMaker's API: `action` is `deleteEndpoint`, for example."""
    resource = f"arn:aws:states:::aws-sdk:sagemaker:{action}"
    return Task(name, resource, arguments, CALL_LIMIT_S, retry=(SDK_BUSY,), **more)


def undo(name: str, action: str, arguments: Mapping[str, Any], then: Target) -> Task:
    """Return a step that deletes what an execution made, and goes on to `then` where that fails."""
    return call(name, action, arguments, catch=[Catch(then)])
