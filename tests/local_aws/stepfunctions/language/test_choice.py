from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.stepfunctions.contracts.errors import RUNTIME, StatesError
from local_aws.stepfunctions.language.choice import PATH_TESTS, TESTS, holds
from local_aws.stepfunctions.language.scope import Scope

SCOPE = Scope({"State": {"Name": "C"}}, {"limit": 5})
EARLY, LATE = "2016-03-14T01:59:00Z", "2016-03-14T02:59:00.5+01:00"


@pytest.mark.parametrize(
    ("operator", "value", "expected", "matches"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", 1, "1", False),
        ("StringLessThan", "a", "b", True),
        ("StringLessThan", "\U0001f600", "\uffff", True),
        ("StringGreaterThan", "b", "a", True),
        ("StringLessThanEquals", "a", "a", True),
        ("StringGreaterThanEquals", "a", "b", False),
        ("StringMatches", "log-2026.txt", "log-*.txt", True),
        ("StringMatches", "log-2026.txt", "log-*", True),
        ("StringMatches", "a\nb", "a*b", True),
        ("StringMatches", "log-2026.txt", "*.csv", False),
        ("StringMatches", "aba", "ab*ba", False),
        ("StringMatches", "abcabd", "*ab*d", True),
        ("StringMatches", "", "*", True),
        ("StringMatches", "", "", True),
        ("StringMatches", "a", "a**a", False),
        ("StringMatches", "a" * 5000, "*a" * 200 + "*b", False),
        ("StringMatches", "a*b", r"a\*b", True),
        ("StringMatches", "axb", r"a\*b", False),
        ("StringMatches", r"a\b", r"a\\b", True),
        ("StringMatches", "a.b", "a?b", False),
        ("StringMatches", 5, "*", False),
        ("NumericEquals", 1, 1.0, True),
        ("NumericEquals", True, 1, False),
        ("NumericEquals", "1", 1, False),
        ("NumericLessThan", 1, 1.5, True),
        ("NumericGreaterThan", 2, 1.5, True),
        ("NumericLessThanEquals", 1, 1, True),
        ("NumericGreaterThanEquals", 0, 1, False),
        ("BooleanEquals", True, True, True),
        ("BooleanEquals", False, True, False),
        ("BooleanEquals", 1, True, False),
        ("TimestampEquals", EARLY, "2016-03-14T02:59:00+01:00", True),
        ("TimestampLessThan", EARLY, LATE, True),
        ("TimestampGreaterThan", EARLY, LATE, False),
        ("TimestampLessThanEquals", EARLY, EARLY, True),
        ("TimestampGreaterThanEquals", LATE, EARLY, True),
        ("TimestampEquals", "2016-03-14", "2016-03-14", False),
        ("IsNull", None, True, True),
        ("IsNull", 0, True, False),
        ("IsNull", 0, False, True),
        ("IsNumeric", 1.5, True, True),
        ("IsNumeric", True, True, False),
        ("IsString", "", True, True),
        ("IsBoolean", False, True, True),
        ("IsTimestamp", EARLY, True, True),
        ("IsTimestamp", LATE, True, True),
        ("IsTimestamp", "2016-03-14t01:59:00Z", True, False),
        ("IsTimestamp", "2016-03-14T01:59:00", True, False),
        ("IsTimestamp", "2016-02-30T01:59:00Z", True, False),
        ("IsTimestamp", 1457920740, True, False),
    ],
)
def test_an_operator_compares(operator: str, value: Any, expected: Any, matches: bool) -> None:
    document = {"v": value, "other": expected}
    assert holds({"Variable": "$.v", operator: expected, "Next": "N"}, document, SCOPE) is matches
    if f"{operator}Path" in PATH_TESTS:
        assert holds({"Variable": "$.v", f"{operator}Path": "$.other"}, document, SCOPE) is matches


def test_all_comparison_operators_are_known() -> None:
    # IsPresent alone is no test of a value. https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
    assert len(TESTS) + len(PATH_TESTS) + 1 == 39


@pytest.mark.parametrize(
    ("comparison", "matches"),
    [
        ({"And": [{"Variable": "$.n", "NumericEquals": 1}, {"Variable": "$.s", "IsString": True}]}, True),
        ({"And": [{"Variable": "$.n", "NumericEquals": 2}, {"Variable": "$.missing", "IsString": True}]}, False),
        ({"Or": [{"Variable": "$.n", "NumericEquals": 1}, {"Variable": "$.missing", "IsString": True}]}, True),
        ({"Or": [{"Variable": "$.n", "NumericEquals": 2}, {"Variable": "$.s", "IsNull": True}]}, False),
        ({"Not": {"Variable": "$.n", "NumericEquals": 2}}, True),
        ({"Not": {"Or": [{"Variable": "$.n", "NumericEquals": 1}]}}, False),
        ({"Variable": "$.missing", "IsPresent": False}, True),
        ({"Variable": "$.missing.deeper", "IsPresent": True}, False),
        ({"Variable": "$.list[0]", "IsPresent": True}, True),
        ({"Variable": "$.list[1]", "IsPresent": True}, False),
        ({"Variable": "$.none", "IsPresent": True}, True),
        ({"Variable": "$unknown", "IsPresent": True}, False),
        ({"Variable": "$limit", "NumericGreaterThan": 4}, True),
        ({"Variable": "$.n", "NumericLessThanPath": "$limit"}, True),
        ({"Variable": "$$.State.Name", "StringEquals": "C"}, True),
        ({"Variable": "$.list[?(@ > 5)]", "IsNull": False}, True),
    ],
)
def test_rules_are_combined(comparison: dict[str, Any], matches: bool) -> None:
    assert holds(comparison, {"n": 1, "s": "x", "none": None, "list": [9]}, SCOPE) is matches


@pytest.mark.parametrize(
    ("comparison", "path"),
    [
        ({"Variable": "$.missing", "NumericEquals": 1}, "$.missing"),
        ({"Variable": "$.missing", "IsNull": True}, "$.missing"),
        ({"Variable": "$.n", "NumericEqualsPath": "$.right"}, "$.right"),
        ({"Not": {"Variable": "$unknown", "IsString": True}}, "$unknown"),
    ],
)
def test_a_path_that_leads_nowhere_is_a_runtime_error(comparison: dict[str, Any], path: str) -> None:
    with pytest.raises(StatesError) as error:
        holds(comparison, {"n": 1}, SCOPE)
    assert error.value.error == RUNTIME
    assert error.value.cause == f"Invalid path '{path}': The choice state's condition path references an invalid value."


@given(st.text(alphabet="ab*\\.", max_size=8))
def test_an_escaped_pattern_matches_itself_alone(text: str) -> None:
    pattern = text.replace("\\", "\\\\").replace("*", "\\*")
    assert holds({"Variable": "$", "StringMatches": pattern}, text, SCOPE)
    assert not holds({"Variable": "$", "StringMatches": pattern}, text + "x", SCOPE)
    assert holds({"Variable": "$", "StringMatches": pattern + "*"}, text + "x", SCOPE)
