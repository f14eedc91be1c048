"""Filter expressions of JSONPath, `[?(@.price < 10 && @.tags contains 'new')]`: what their operators mean.

As the library that AWS runs documents them: https://github.com/json-path/JsonPath#filter-operators
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from local_aws.stepfunctions.language.paths.patterns import FilterPattern
from local_aws.stepfunctions.language.values import is_number, same


class _Undefined(Enum):
    UNDEFINED = "undefined"


UNDEFINED: Final = _Undefined.UNDEFINED
"""What an operand is whose path leads nowhere."""

Operand = Callable[[Any, Any], Any]
"""The value of an operand for a node and its document."""


def _equal(left: Any, right: Any) -> bool:
    return left is not UNDEFINED and right is not UNDEFINED and same(left, right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def check(left: Any, right: Any) -> bool:
        comparable = (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str))
        return comparable and compare(left, right)

    return check


def _among(left: Any, right: Any) -> bool:
    return isinstance(right, list) and any(_equal(left, item) for item in right)


def _every(left: Any, right: Any) -> bool:
    return isinstance(left, list) and isinstance(right, list) and all(_among(item, right) for item in left)


def _any(left: Any, right: Any) -> bool:
    return isinstance(left, list) and isinstance(right, list) and any(_among(item, right) for item in left)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return _among(right, left)


def _size(left: Any, right: Any) -> bool:
    return isinstance(left, str | list | dict) and _equal(len(left), right)


def _empty(left: Any, right: Any) -> bool:
    return isinstance(left, str | list | dict) and (not left) is (right is True)


def _matches(left: Any, right: Any) -> bool:
    pattern, text = (right, left) if isinstance(right, FilterPattern) else (left, right)
    return isinstance(pattern, FilterPattern) and isinstance(text, str) and pattern.matches(text)


OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": _equal,
    "===": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "!==": lambda left, right: not _equal(left, right),
    "<": _ordered(lambda left, right: bool(left < right)),
    "<=": _ordered(lambda left, right: bool(left <= right)),
    ">": _ordered(lambda left, right: bool(left > right)),
    ">=": _ordered(lambda left, right: bool(left >= right)),
    "=~": _matches,
    "in": _among,
    "nin": lambda left, right: isinstance(right, list) and not _among(left, right),
    "subsetof": _every,
    "anyof": _any,
    "noneof": lambda left, right: isinstance(left, list) and isinstance(right, list) and not _any(left, right),
    "contains": _contains,
    "all": lambda left, right: _every(right, left),
    "size": _size,
    "empty": _empty,
}
