"""Kinds of hyperparameters: how a text is parsed, which values are allowed, and the message of a refusal.

The messages are those of the container's toolkit, which users see in FailureReason:
https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_algorithm_toolkit/hyperparameter_validation.py
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from typing import Any

from local_aws.sagemaker.containers.toolkit.exceptions import AlgorithmError, UserError

Rule = Callable[[Any, dict[str, Any]], None]
"""Takes a value and the values that it depends on; raises UserError."""


@dataclass(frozen=True)
class Interval:
    """Numbers between two bounds; None means no bound."""

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float):
            raise TypeError(type(value).__name__)
        below = self.low is not None and (value <= self.low if self.low_open else value < self.low)
        above = self.high is not None and (value >= self.high if self.high_open else value > self.high)
        return not (below or above)

    def __str__(self) -> str:
        low = "(-inf" if self.low is None else f"{'(' if self.low_open else '['}{self.low}"
        high = "+inf)" if self.high is None else f"{self.high}{')' if self.high_open else ']'}"
        return f"{low}, {high}"


@dataclass(frozen=True)
class Parameter:
    """One hyperparameter. `after` are the names that must be checked before `rule`."""

    name: str
    allowed: Container[Any]
    parse: Callable[[str], Any]
    required: bool = False
    after: tuple[str, ...] = ()
    rule: Rule | None = field(default=None, compare=False)

    def check_range(self, value: Any) -> None:
        if value not in self.allowed:
            raise UserError(f"Hyperparameter {self.name}: {value} is not in {self.allowed}")


class Elements(Parameter):
    """A hyperparameter with several values, each of which must be allowed."""

    def check_range(self, value: Any) -> None:
        try:
            refused = any(element not in self.allowed for element in self.elements(value))
        except TypeError as error:
            text = f"Hyperparameter {self.name}: unexpected failure when validating {value}"
            raise AlgorithmError(text, caused_by=error) from error
        if refused:
            raise UserError(f"Hyperparameter {self.name}: value {value} not in range {self.allowed}")

    def elements(self, value: Any) -> Iterable[Any]:
        return tuple(value)


class NestedElements(Elements):
    def elements(self, value: Any) -> Iterable[Any]:
        return [element for inner in value for element in inner]


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (SyntaxError, TypeError, MemoryError) as error:
        raise ValueError(str(error)) from error


def integer(name: str, allowed: Interval, *, required: bool = False) -> Parameter:
    return Parameter(name, allowed, int, required=required)


def continuous(name: str, allowed: Interval) -> Parameter:
    return Parameter(name, allowed, float)


def categorical(name: str, *allowed: str, after: tuple[str, ...] = (), rule: Rule | None = None) -> Parameter:
    return Parameter(name, list(allowed), str, after=after, rule=rule)


def comma_list(name: str, allowed: Container[str], after: tuple[str, ...], rule: Rule) -> Parameter:
    return Elements(name, allowed, lambda text: text.split(","), after=after, rule=rule)


def tuple_of(name: str, allowed: list[int], after: tuple[str, ...], rule: Rule) -> Parameter:
    return Elements(name, allowed, _literal, after=after, rule=rule)


def nested_list(name: str, allowed: Interval, after: tuple[str, ...], rule: Rule) -> Parameter:
    return NestedElements(name, allowed, _literal, after=after, rule=rule)
