"""https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html ."""

from __future__ import annotations

import json

import pytest

from local_aws.stepfunctions.definition.parser import variable_references
from tests.local_aws.stepfunctions.definition.machines import PASS, TASK, Raw, found, jsonata, machine, states

NAMES = {
    "a-b": ("INVALID_VARIABLE_NAME", "Invalid variable name 'a-b': the variable name contains invalid characters."),
    "_a": ("INVALID_VARIABLE_NAME", "Invalid variable name '_a': the variable name contains invalid characters."),
    "x" * 81: (
        "INVALID_VARIABLE_NAME",
        f"Invalid variable name '{'x' * 81}': the variable name exceeds 80 characters.",
    ),
    "states": ("RESERVED_VARIABLE_NAME", "Cannot assign to reserved variable '$states'."),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_cannot_be_assigned(name: str) -> None:
    for definition in (jsonata(A=PASS | {"Assign": {name: 1}}), machine(A=PASS | {"Assign": {name: 1}})):
        (only,) = found(definition)
        assert (only.code, only.message) == NAMES[name]
        assert only.location == f"/States/A/Assign/{name}"


def test_names_of_paths_end_before_the_dollar() -> None:
    assert not found(machine(A=PASS | {"Assign": {"a.$": "$.b"}}))
    (only,) = found(jsonata(A=PASS | {"Assign": {"a.$": "$.b"}}))
    assert only.code == "INVALID_VARIABLE_NAME"


def test_rules_and_catchers_assign_too() -> None:
    rule = {"Variable": "$.a", "IsNull": True, "Next": "Z", "Assign": {"states": 1}}
    (only,) = found(machine(C={"Type": "Choice", "Choices": [rule]}, Z=PASS))
    assert only.location == "/States/C/Choices[0]/Assign/states"
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Z", "Assign": {"states": 1}}
    (only,) = found(machine(T=TASK | {"Catch": [catcher]}, Z=PASS))
    assert only.location == "/States/T/Catch[0]/Assign/states"


def nested(config: Raw, name: str) -> Raw:
    inner = states(I=PASS | {"Assign": {name: 2}}) | {"ProcessorConfig": config}
    return machine(
        A={"Type": "Pass", "Assign": {"total": 1}, "Next": "M"},
        M={"Type": "Map", "ItemProcessor": inner, "End": True},
    )


def test_an_iteration_has_names_of_its_own() -> None:
    assert not found(nested({}, "count"))
    (only,) = found(nested({}, "total"))
    assert only.code == "DUPLICATE_VARIABLE_NAME"
    assert only.message == "The variable name 'total' was already defined in a parent scope."
    assert only.location == "/States/M/ItemProcessor/States/I/Assign/total"


def test_a_distributed_iteration_does_not_see_outer_names() -> None:
    assert not found(nested({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "total"))


def test_branches_may_share_names() -> None:
    branches = [states(B=PASS | {"Assign": {"x": 1}}), states(C=PASS | {"Assign": {"x": 1}})]
    assert not found(machine(P={"Type": "Parallel", "Branches": branches, "End": True}))


def referred(definition: Raw) -> dict[str, list[str]]:
    assert not found(definition)
    return variable_references(json.dumps(definition))


def test_references_of_jsonpath() -> None:
    rule = {"Variable": "$guess", "StringEqualsPath": "$answer", "Next": "Wrong"}
    inner = states(Sum=PASS | {"Assign": {"s.$": "States.MathAdd($x, States.MathAdd($y, $bias.low))"}})
    definition = machine(
        Static={"Type": "Pass", "Parameters": {"a": "$result"}, "Result": {"b.$": "$no"}, "Next": "Check"},
        Check={"Type": "Choice", "Choices": [rule], "Default": "Wrong"},
        Wrong={"Type": "Pass", "Assign": {"guess.$": "$answer"}, "Next": "Pause"},
        Pause={"Type": "Wait", "SecondsPath": "$waitTime", "Next": "Levels"},
        Levels={"Type": "Map", "ItemsPath": "$levels", "ItemProcessor": inner, "Next": "Oops"},
        Oops={"Type": "Fail", "CausePath": "States.Format('{}', $why)"},
    )
    assert referred(definition) == {
        "Check": ["answer", "guess"],
        "Wrong": ["answer"],
        "Pause": ["waitTime"],
        "Levels": ["levels"],
        "Oops": ["why"],
        "Sum": ["bias", "x", "y"],
    }


def test_references_of_jsonata() -> None:
    definition = jsonata(
        A=PASS | {"Output": {"a": ["{% $b + $a %}"]}, "Comment": "{% $no %}", "End": False, "Next": "C"},
        C={"Type": "Choice", "Choices": [{"Condition": "{% $limit > 1 %}", "Next": "D"}], "Default": "D"},
        D=PASS | {"Output": "{% $states.input %}"},
    )
    assert referred(definition) == {"A": ["a", "b"], "C": ["limit"]}
