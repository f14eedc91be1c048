"""Rules of a Choice: comparisons in JSONPath, conditions in JSONata.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

from typing import Any

from local_aws.stepfunctions.definition.expressions import CLOSING, OPENING, is_expression
from local_aws.stepfunctions.definition.validation.objects import (
    Check,
    at_most_one,
    each,
    exactly_one,
    foreign,
    is_filled_array,
    is_object,
    required,
    supported,
)
from local_aws.stepfunctions.definition.validation.place import Place
from local_aws.stepfunctions.definition.validation.templates import assignments, expression, payload
from local_aws.stepfunctions.definition.validation.values import boolean, number, operand, text, timestamp, words

_ORDERED = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
_WITH_ORDER: dict[str, Check] = {"String": words, "Numeric": number, "Timestamp": timestamp}
_IS = ("IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp")
OPERATORS: dict[str, Check] = {
    **{f"{kind}{order}": check for kind, check in _WITH_ORDER.items() for order in _ORDERED},
    **{f"{kind}{order}Path": operand for kind in _WITH_ORDER for order in _ORDERED},
    "BooleanEquals": boolean,
    "BooleanEqualsPath": operand,
    "StringMatches": words,
    **dict.fromkeys(_IS, boolean),
}
_SELECTORS = ("And", "Or", "Not", "Variable", "Condition")
_JSONPATH = {"And", "Or", "Not", "Variable", *OPERATORS}
_JSONATA = {"Condition", "Output"}
_OF_THE_TOP: dict[str, Check] = {"Next": text, "Output": payload, "Assign": assignments}


def rules(place: Place, value: Any) -> None:
    """The array of a Choices field."""
    for index, rule in enumerate(value if is_filled_array(place, value) else []):
        here = place.item(index)
        if is_object(here, rule):
            required(here, rule, ["Next"])
            _rule(here, rule, _OF_THE_TOP)


def _rule(place: Place, rule: dict[str, Any], extra: dict[str, Check]) -> None:
    others = foreign(place, rule, _JSONPATH, _JSONATA)
    supported(place, rule, {*_COMPARISON, *extra, *others})
    if not others:
        _one_test(place, rule)
    checks = _COMPARISON | extra
    each(place, rule, {name: check for name, check in checks.items() if name not in others})


def _one_test(place: Place, rule: dict[str, Any]) -> None:
    if sum(name in rule for name in _SELECTORS) != 1:
        place.schema(f"The object must have only one of the following fields, [{', '.join(_SELECTORS)}]")
    elif "Variable" in rule:
        exactly_one(place, rule, list(OPERATORS))
    else:
        at_most_one(place, rule, [*_SELECTORS, *OPERATORS])


def _several(place: Place, value: Any) -> None:
    for index, rule in enumerate(value if is_filled_array(place, value) else []):
        _nested(place.item(index), rule)


def _nested(place: Place, rule: Any) -> None:
    if is_object(place, rule):
        _rule(place, rule, {})


def _condition(place: Place, value: Any) -> None:
    if is_expression(value):
        expression(place, value)
    elif not isinstance(value, bool):
        place.schema(f"JSONata string must start with {OPENING} and end with {CLOSING}")


_COMPARISON: dict[str, Check] = {
    "Comment": text,
    "Variable": operand,
    "And": _several,
    "Or": _several,
    "Not": _nested,
    "Condition": _condition,
    **OPERATORS,
}
