"""https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html ."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.stepfunctions.definition.validation.choice import OPERATORS
from tests.local_aws.stepfunctions.definition.machines import Raw, found, jsonata, machine, told_of

HERE = "/Choices[0]"


def of_rule(rule: Raw, **more: Any) -> list[str]:
    return told_of({"Type": "Choice", "Choices": [{"Next": "Z", **rule}], "Default": "Z"}, **more)


ONE_TEST = "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]"
RULES: dict[str, tuple[Raw, list[str]]] = {
    "comparison": ({"Variable": "$.a", "StringEquals": "x", "Comment": "why"}, []),
    "of the context object": ({"Variable": "$$.State.RetryCount", "NumericGreaterThan": 1}, []),
    "of variables": ({"Variable": "$guess", "StringEqualsPath": "$answer"}, []),
    "nested": (
        {
            "Not": {"And": [{"Variable": "$.a", "IsNull": True}, {"Or": [{"Variable": "$.b", "IsNumeric": False}]}]},
            "Assign": {"x.$": "$.a"},
        },
        [],
    ),
    "no test": ({}, [f"{ONE_TEST} at {HERE}"]),
    "two tests": (
        {"Not": {"Variable": "$.a", "IsNull": True}, "And": []},
        [f"{ONE_TEST} at {HERE}", f"Value cannot be empty at {HERE}/And"],
    ),
    "no operator": (
        {"Variable": "$.a"},
        [f"This object should have only one of the following fields: [{', '.join(OPERATORS)}] at {HERE}"],
    ),
    "two operators": (
        {"Variable": "$.a", "StringEquals": "x", "NumericEquals": 1},
        [f"There should only be one of the following fields: [{', '.join(OPERATORS)}] at {HERE}"],
    ),
    "operator without variable": ({"StringEquals": "x"}, [f"{ONE_TEST} at {HERE}"]),
    "unknown operator": (
        {"Variable": "$.a", "StringEqual": "x"},
        [
            f"Field 'StringEqual' is not supported at {HERE}",
            f"This object should have only one of the following fields: [{', '.join(OPERATORS)}] at {HERE}",
        ],
    ),
    "no path": (
        {"Variable": "States.ArrayLength($.a)", "NumericEquals": 0},
        [f"Value is not a Reference Path: Reference path didn't start with '$' at {HERE}/Variable"],
    ),
    "several values": ({"Variable": "$.a[*]", "IsNull": True}, [f"Value is not a Reference Path at {HERE}/Variable"]),
    "Next in a nested rule": (
        {"And": [{"Variable": "$.a", "IsNull": True, "Next": "Z"}]},
        [f"Field 'Next' is not supported at {HERE}/And[0]"],
    ),
    "Assign in a nested rule": (
        {"Not": {"Variable": "$.a", "IsNull": True, "Assign": {}}},
        [f"Field 'Assign' is not supported at {HERE}/Not"],
    ),
    "empty And": ({"And": []}, [f"Value cannot be empty at {HERE}/And"]),
    "Or is no array": ({"Or": {}}, [f"Expected value of type [ARRAY] at {HERE}/Or"]),
    "nested rule is no object": ({"And": [1]}, [f"Expected value of type [OBJECT] at {HERE}/And[0]"]),
    "of the other language": (
        {"Condition": "{% true %}"},
        [
            "The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' "
            f"QueryLanguage at {HERE}"
        ],
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_rules_of_jsonpath(case: str) -> None:
    rule, expected = RULES[case]
    assert of_rule(rule) == expected


CONDITIONS: dict[str, tuple[Raw, list[str]]] = {
    "expression": ({"Condition": "{% $states.input.a = 1 %}", "Assign": {"x": 1}, "Output": "{% 1 %}"}, []),
    "constant": ({"Condition": True}, []),
    "text": (
        {"Condition": "$states.input.a = 1"},
        [f"JSONata string must start with {{% and end with %}} at {HERE}/Condition"],
    ),
    "nothing": ({}, [f"{ONE_TEST} at {HERE}"]),
    "of the other language": (
        {"Variable": "$.a", "StringEquals": "x"},
        [
            f"The QueryLanguage is set to 'JSONata', but field '{name}' is only supported for the 'JSONPath' "
            f"QueryLanguage at {HERE}"
            for name in ("Variable", "StringEquals")
        ],
    ),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_rules_of_jsonata(case: str) -> None:
    rule, expected = CONDITIONS[case]
    assert of_rule(rule, QueryLanguage="JSONata") == expected


def _good_and_bad(operator: str) -> tuple[Any, Any]:
    if operator.endswith("Path"):
        return "$.b", "b"
    if operator.startswith("String"):
        return "x*", 1
    if operator.startswith("Numeric"):
        return -1.5, "1"
    if operator.startswith("Timestamp"):
        return "2030-01-01T00:00:00Z", "tomorrow"
    return False, "false"


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_compare_with_their_type(operator: str) -> None:
    good, bad = _good_and_bad(operator)
    assert of_rule({"Variable": "$.a", operator: good}) == []
    (line,) = of_rule({"Variable": "$.a", operator: bad})
    assert line.endswith(f" at {HERE}/{operator}")


def test_there_are_thirty_nine_operators() -> None:
    assert len(OPERATORS) == 39


def test_a_choice_has_rules() -> None:
    assert told_of({"Type": "Choice", "Choices": [], "Default": "Z"}) == ["Value cannot be empty at /Choices"]
    assert told_of({"Type": "Choice", "Choices": [3], "Default": "Z"}) == [f"Expected value of type [OBJECT] at {HERE}"]
    missing = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True}], "Default": "Z"}
    assert told_of(missing) == [f"These fields are required: [Next] at {HERE}"]


def test_a_path_compared_as_a_text_is_a_warning() -> None:
    rule = {"Variable": "$.a", "StringEquals": "$.b", "Next": "Z"}
    held: dict[str, Raw] = {"S": {"Type": "Choice", "Choices": [rule]}, "Z": {"Type": "Succeed"}}
    (only,) = found(machine(**held), severity="WARNING")
    assert (only.code, only.location) == ("NO_PATH", "/States/S/Choices[0]/StringEquals")


def test_the_output_of_a_rule_is_of_jsonata() -> None:
    rule = {"Condition": "{% true %}", "Output": {"a": "{% b %}"}, "Next": "Z"}
    (only,) = found(jsonata(S={"Type": "Choice", "Choices": [rule]}, Z={"Type": "Succeed"}))
    assert only.location == "/States/S/Choices[0]/Output/a"
