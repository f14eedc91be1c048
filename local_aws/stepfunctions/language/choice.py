"""The rules of a Choice state.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any, Final

from local_aws.stepfunctions.contracts.errors import RUNTIME, StatesError
from local_aws.stepfunctions.language.jsonpath import MissingPathError, evaluate
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.times import parse_timestamp
from local_aws.stepfunctions.language.values import is_number
from local_aws.wildcards import stand_in_order

Test = Callable[[Any, Any], bool]

_ORDERS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "Equals": eq,
    "LessThan": lt,
    "GreaterThan": gt,
    "LessThanEquals": le,
    "GreaterThanEquals": ge,
}


def _string(value: Any) -> Any:
    # Java compares UTF-16 units, which orders characters beyond U+FFFF before some of those below.
    return value.encode("utf-16-be", "surrogatepass") if isinstance(value, str) else None


def _number(value: Any) -> Any:
    return value if is_number(value) else None


def _comparison(read: Callable[[Any], Any], compare: Callable[[Any, Any], Any]) -> Test:
    """A test that fails where one of the two values is of another type."""

    def test(value: Any, expected: Any) -> bool:
        left, right = read(value), read(expected)
        return left is not None and right is not None and bool(compare(left, right))

    return test


def _booleans(value: Any, expected: Any) -> bool:
    return isinstance(value, bool) and isinstance(expected, bool) and value is expected


def _string_matches(value: Any, pattern: Any) -> bool:
    """Whether the texts between the asterisks of a pattern follow one another in a value, from its start to its end."""
    return isinstance(value, str) and isinstance(pattern, str) and stand_in_order(_parts(pattern), value)


@lru_cache(maxsize=512)
def _parts(pattern: str) -> list[str]:
    r"""The texts around the asterisks; `\*` stands for an asterisk and `\\` for a backslash."""
    parts = [""]
    for piece in re.findall(r"\\[*\\]|[^*\\]|\*|\\", pattern):
        if piece == "*":
            parts.append("")
        else:
            parts[-1] += piece[-1]
    return parts


def _is(check: Callable[[Any], bool]) -> Test:
    return lambda value, expected: check(value) is expected


TESTS: Final[Mapping[str, Test]] = {
    **{f"String{name}": _comparison(_string, order) for name, order in _ORDERS.items()},
    **{f"Numeric{name}": _comparison(_number, order) for name, order in _ORDERS.items()},
    **{f"Timestamp{name}": _comparison(parse_timestamp, order) for name, order in _ORDERS.items()},
    "BooleanEquals": _booleans,
    "StringMatches": _string_matches,
    "IsNull": _is(lambda value: value is None),
    "IsNumeric": _is(is_number),
    "IsString": _is(lambda value: isinstance(value, str)),
    "IsBoolean": _is(lambda value: isinstance(value, bool)),
    "IsTimestamp": _is(lambda value: parse_timestamp(value) is not None),
}
"""Every comparison with a value; all but StringMatches and Is… also exist with the ending `Path`."""

PATH_TESTS: Final = frozenset(f"{name}Path" for name in TESTS if name != "StringMatches" and not name.startswith("Is"))


def holds(comparison: Mapping[str, Any], document: Any, scope: Scope) -> bool:
    """Whether a rule matches; And, Or and Not may be nested in it.

    Raises StatesError States.Runtime where a path leads nowhere, but for IsPresent.
    """
    if "And" in comparison:
        return all(holds(each, document, scope) for each in comparison["And"])
    if "Or" in comparison:
        return any(holds(each, document, scope) for each in comparison["Or"])
    if "Not" in comparison:
        return not holds(comparison["Not"], document, scope)
    if "IsPresent" in comparison:
        return _is_present(comparison["Variable"], document, scope) is comparison["IsPresent"]
    return _compare(comparison, _at(comparison["Variable"], document, scope), document, scope)


def _compare(comparison: Mapping[str, Any], value: Any, document: Any, scope: Scope) -> bool:
    for name, expected in comparison.items():
        if name in TESTS:
            return TESTS[name](value, expected)
        if name in PATH_TESTS:
            return TESTS[name.removesuffix("Path")](value, _at(expected, document, scope))
    raise StatesError(RUNTIME, f"The choice rule has no comparison operator: {', '.join(comparison)}")


def _is_present(path: str, document: Any, scope: Scope) -> bool:
    try:
        evaluate(path, document, scope)
    except MissingPathError:
        return False
    return True


def _at(path: str, document: Any, scope: Scope) -> Any:
    try:
        return evaluate(path, document, scope)
    except MissingPathError:
        cause = f"Invalid path '{path}': The choice state's condition path references an invalid value."
        raise StatesError(RUNTIME, cause) from None
