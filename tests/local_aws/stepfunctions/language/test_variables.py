from __future__ import annotations

import pytest

from local_aws.stepfunctions.contracts.errors import DATA_LIMIT, StatesError
from local_aws.stepfunctions.language.expressions import query
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.variables import (
    MAX_STORED_BYTES,
    assign_by_paths,
    assign_by_query,
    check_stored,
    sizes,
)

KIB_256 = 256 * 1024


def test_variables_are_assigned_side_by_side() -> None:
    # The documentation's own example: y takes the old x.
    # https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
    scope = Scope({}, {"x": 3, "a": 6})
    asked = query({}, scope)
    assert assign_by_query({"x": "{% $a %}", "nextX": "{% $x %}"}, asked) == {"x": 6, "nextX": 3}
    assert assign_by_paths({"x.$": "$a", "nextX.$": "$x"}, {}, scope) == {"x": 6, "nextX": 3}


def test_constants_stay_as_they_are_written() -> None:
    assert assign_by_paths({"path": "$.a", "variable": "$v", "list": ["$$"], "none": None}, {}, Scope()) == {
        "path": "$.a",
        "variable": "$v",
        "list": ["$$"],
        "none": None,
    }


def test_a_variable_holds_256_kibibytes() -> None:
    fits = {"x": "a" * (KIB_256 - 2)}
    assert assign_by_paths({"x.$": "$.x"}, fits, Scope()) == fits
    with pytest.raises(StatesError, match="The variable 'x' exceeds the maximum of 262144 bytes") as error:
        assign_by_paths({"x.$": "$.x"}, {"x": "a" * (KIB_256 - 1)}, Scope())
    assert error.value.error == DATA_LIMIT


def test_one_assign_holds_256_kibibytes() -> None:
    half = "a" * (KIB_256 // 2 - 2)
    asked = query({"half": half}, Scope())
    template = {"x": "{% $states.input.half %}", "y": "{% $states.input.half %}"}
    assert assign_by_query(template, asked) == {"x": half, "y": half}
    with pytest.raises(StatesError, match="The variables of one Assign exceed the maximum of 262144 bytes"):
        assign_by_query({**template, "z": 1}, asked)


def test_an_execution_stores_ten_mebibytes() -> None:
    assert sizes({"x": '"ñ"', "y": "[1]"}) == {"x": 4, "y": 3}
    check_stored(MAX_STORED_BYTES)
    with pytest.raises(StatesError) as error:
        check_stored(MAX_STORED_BYTES + 1)
    assert error.value.error == DATA_LIMIT
