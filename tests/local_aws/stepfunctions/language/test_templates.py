from __future__ import annotations

from typing import Any

import pytest

from local_aws.stepfunctions.contracts.errors import PARAMETER_PATH, RUNTIME, StatesError
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.templates import fill

SCOPE = Scope({"Execution": {"Id": "arn"}}, {"size": 3})
INPUT = {
    "comment": "c",
    "product": {"details": {"color": "blue", "size": "small"}, "sku": "2317"},
    "a": [1, 2],
    "n": None,
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            {"MyDetails": {"size.$": "$.product.details.size", "exists": "yes"}},
            {"MyDetails": {"size": "small", "exists": "yes"}},
        ),
        ({"id.$": "$$.Execution.Id", "whole.$": "$$"}, {"id": "arn", "whole": {"Execution": {"Id": "arn"}}}),
        ({"v.$": "$size"}, {"v": 3}),
        ({"list": [{"x.$": "$.a[1]"}, "$.a", 1]}, {"list": [{"x": 2}, "$.a", 1]}),
        ({"f.$": "States.Format('{}!', $.comment)"}, {"f": "c!"}),
        ({"text": "$.comment", "number": 1, "none": None}, {"text": "$.comment", "number": 1, "none": None}),
        ({"null.$": "$.n"}, {"null": None}),
        ({"beyond.$": "$.a[5]"}, {"beyond": None}),
        ({"all.$": "$.a[*]", "some.$": "$..color"}, {"all": [1, 2], "some": ["blue"]}),
        ({"self.$": "$.a"}, {"self": [1, 2]}),
        ({}, {}),
        ("$.comment", "$.comment"),
    ],
)
def test_a_template_is_filled(template: Any, expected: Any) -> None:
    assert fill(template, INPUT, SCOPE) == expected


@pytest.mark.parametrize(
    ("template", "document", "cause"),
    [
        (
            {"m.$": "$.nope"},
            {"x": "a"},
            "The JSONPath '$.nope' specified for the field 'm.$' could not be found in the input '{\"x\":\"a\"}'",
        ),
        (
            {"m.$": "$$.Nope"},
            {},
            "The JSONPath '$$.Nope' specified for the field 'm.$' could not be found in the input "
            '\'{"Execution":{"Id":"arn"}}\'',
        ),
        ({"m.$": "$"}, None, "Unable to apply Path transformation to null or empty input."),
    ],
)
def test_a_path_that_leads_nowhere_names_its_field_and_the_input(template: Any, document: Any, cause: str) -> None:
    with pytest.raises(StatesError) as error:
        fill(template, document, SCOPE, "Parameters")
    assert (error.value.error, error.value.cause, error.value.location) == (RUNTIME, cause, "Parameters")


@pytest.mark.parametrize("value", [1, None, {}, "$.a[", "text"])
def test_a_field_that_must_hold_a_path_holds_one(value: Any) -> None:
    with pytest.raises(StatesError) as error:
        fill({"m.$": value}, INPUT, SCOPE)
    assert error.value.error == PARAMETER_PATH
