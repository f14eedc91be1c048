"""Removes endpoints of the chain by the name that its input gave, each with its config and its model."""

from __future__ import annotations

from workflows.compose import (
    RESULT,
    STATE_INPUT,
    Chain,
    Choice,
    ExecutionInput,
    Expression,
    Map,
    Pass,
    Rule,
    Workflow,
    caught,
    fail,
    join,
    variable,
)
from workflows.compose.endpoints import call
from workflows.compose.failures import FAILURE
from workflows.tabular.algorithm import NAME, PREFIX

execution_input = ExecutionInput({"EndpointName": NAME})
name = join(PREFIX, execution_input["EndpointName"])
failed = fail("Removal Failed", "WorkflowError")
MOST = 100

# --- One endpoint; the chain names config and model alike. The Map around it catches what fails.
endpoint, config = variable("endpoint"), variable("config")
kept = {"endpoint": STATE_INPUT, "config": RESULT["EndpointConfigName"]}
one = Chain(
    [
        call("Describe Endpoint", "describeEndpoint", {"EndpointName": STATE_INPUT}, assign=kept),
        call("Delete Endpoint", "deleteEndpoint", {"EndpointName": endpoint}),
        call("Delete Endpoint Config", "deleteEndpointConfig", {"EndpointConfigName": config}),
        call("Delete Model", "deleteModel", {"ModelName": config}, output=endpoint),
    ]
)

# --- All of the name: an execution follows it with 12 digits of its own.
found = variable("found")
_digits = Expression("/^(-[0-9a-f]{12})?$/")
_there = f"{RESULT}.Endpoints[EndpointStatus != 'Deleting'].EndpointName"
own = Expression(
    f"[$filter({_there}, function($found) {{ $substring($found, 0, $length({name})) = {name} "
    f"and $contains($substring($found, $length({name})), {_digits}) }})]"
)
find = call(
    "Find Endpoints",
    "listEndpoints",
    {"NameContains": name, "MaxResults": MOST},
    catch=[caught("Find Endpoints", failed)],
    assign={"found": own},
)
none = Rule(
    Expression(f"$count({found}) = 0"),
    failed,
    assign={FAILURE: Expression(f"'Found no endpoint ' & {name} & '.'")},
)
each = Map("Remove Endpoints", found, one, catch=[caught("Remove Endpoints", failed)], assign={"removed": RESULT})

workflow = Workflow(
    name="tabular-removal",
    steps=Chain(
        [find, Choice("Is There An Endpoint", [none]), each, Pass("Summarize", output={"Removed": variable("removed")})]
    ),
    input=execution_input,
    comment="Removes endpoints of the abalone chain, each with its config and its model",
)
