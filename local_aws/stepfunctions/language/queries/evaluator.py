"""One evaluation of a JSONata expression, bounded in depth, time and memory."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from local_aws.stepfunctions.jsonata import Functions, JException, Jsonata, Utils
from local_aws.stepfunctions.language.queries.bounds import (
    DEPTH,
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_SECONDS,
    MEMORY,
    TIME,
    BoundError,
)
from local_aws.stepfunctions.language.queries.patterns import Pattern
from local_aws.stepfunctions.language.queries.plain_paths import ELSEWHERE, looked_up, plain_names
from local_aws.stepfunctions.language.queries.results import text_of

_STEPS_BETWEEN_LOOKS: Final = 256
_MISSING: Final = object()


@lru_cache(maxsize=1024)
def parse(text: str) -> Any:
    """The syntax tree of an expression. Raises JException, or RecursionError where it is nested too deeply."""
    tree = Jsonata.get_parser().parse(text, Pattern)
    tree.errors = None
    return tree


class Evaluator(Jsonata):  # type: ignore[misc]  # the library has no types
    """The library's evaluator without its per-thread copies, and quicker: it finds its way by tables.

    It also differs where the library does from JSONata: it divides by zero as JavaScript does, keeps fractions in `%`,
    takes 2.0 for an integer in a range, tells true from 1 and never changes its input.
    """

    def __init__(self, deadline: float) -> None:  # the library's own would parse; the tree is parsed already
        self.parser, self.environment, self.input = Jsonata.get_parser(), None, None
        self.timestamp = round(time.time() * 1000)
        self._deadline, self._depth, self._steps = deadline, 0, 0

    def get_per_thread_instance(self) -> Evaluator:
        return self

    def eval(self, expr: Any, input: Any, environment: Any) -> Any:  # noqa: A002 - the library's name
        self._depth = depth = self._depth + 1
        self._steps += 1
        if depth > MAX_DEPTH or self._steps % _STEPS_BETWEEN_LOOKS == 0:
            self._check_bounds(depth)
        outer_input, outer_environment = self.input, self.environment
        self.input, self.environment = input, environment
        try:
            return self._valued(expr, input, environment)
        finally:
            self._depth = depth - 1
            self.input, self.environment = outer_input, outer_environment

    def _check_bounds(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._depth -= 1
            raise BoundError(DEPTH)
        if time.monotonic() > self._deadline:
            raise BoundError(TIME)

    def _valued(self, expr: Any, value: Any, environment: Any) -> Any:
        kind = expr.type
        method = _METHODS.get(kind)
        result = method(self, expr, value, environment) if method else None
        if expr.predicate is not None:
            for each in expr.predicate:
                result = self.evaluate_filter(each.expr, result, environment)
        if expr.group is not None and kind != "path":
            result = self.evaluate_group_expression(expr.group, result, environment)
        return _mangled(expr, result) if isinstance(result, Utils.JList) and result.sequence else result

    def evaluate_path(self, expr: Any, input: Any, environment: Any) -> Any:  # noqa: A002 - the library's name
        plain: Any = getattr(expr, "plain_names", _MISSING)
        if plain is _MISSING:
            plain = expr.plain_names = plain_names(expr)
        if plain is not None and self._depth < MAX_DEPTH:
            start = self.evaluate_variable(expr.steps[0], input, environment) if plain.of_variable else input
            value = looked_up(start, plain.names)
            if value is not ELSEWHERE:
                return value
        return super().evaluate_path(expr, input, environment)

    def evaluate_group_expression(self, expr: Any, input: Any, environment: Any) -> Any:  # noqa: A002 - the library's name
        if isinstance(input, list) and input:
            return super().evaluate_group_expression(expr, input, environment)
        item = None if isinstance(input, list) else input
        made: dict[str, Any] = {}
        for key_expression, value_expression in expr.lhs_object:
            key = self.eval(key_expression, item, environment)
            if key is None:
                continue
            if not isinstance(key, str) or key in made:
                raise JException("D1009" if isinstance(key, str) else "T1003", expr.position, key)
            made[key] = self.eval(value_expression, item, environment)
        return {key: value for key, value in made.items() if value is not None}

    def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: str) -> Any:
        for code, value in (("T2001", lhs), ("T2002", rhs)):
            if value is not None and not Utils.is_numeric(value):
                raise JException(code, -1, op, value)
        if lhs is None or rhs is None:
            return None
        result = _ARITHMETIC[op](float(lhs), float(rhs))
        return Utils.convert_number(result) if math.isfinite(result) else result

    def evaluate_includes_expression(self, lhs: Any, rhs: Any) -> bool:
        if lhs is None or rhs is None:
            return False
        return any(Utils.is_deep_equal(lhs, item) for item in (rhs if isinstance(rhs, list) else [rhs]))

    def evaluate_range_expression(self, lhs: Any, rhs: Any) -> Any:
        for code, value in (("T2003", lhs), ("T2004", rhs)):
            if value is not None and not (Utils.is_numeric(value) and float(value).is_integer()):
                raise JException(code, -1, value)
        if lhs is None or rhs is None or lhs > rhs:
            return None
        if rhs - lhs >= MAX_ITEMS:
            raise BoundError(MEMORY)
        return Utils.create_sequence_from_iter(range(int(lhs), int(rhs) + 1))

    def evaluate_string_concat(self, lhs: Any, rhs: Any) -> str:
        text = (text_of(lhs) or "") + (text_of(rhs) or "")
        if len(text) > MAX_CHARACTERS:
            raise BoundError(MEMORY)
        return text


def _divide(one: float, other: float) -> float:
    if other != 0:
        return one / other
    return math.nan if one == 0 else math.copysign(math.inf, one * math.copysign(1, other))


_ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": lambda one, other: math.fmod(one, other) if other else math.nan,
}


def _mangled(expr: Any, result: Any) -> Any:
    if result.tuple_stream:
        return result
    if expr.keep_array:
        result.keep_singleton = True
    if not result:
        return None
    return result[0] if len(result) == 1 and not result.keep_singleton else result


def _literal(evaluator: Evaluator, expr: Any, _input: Any, _environment: Any) -> Any:
    return evaluator.evaluate_literal(expr)


def _name(_evaluator: Evaluator, expr: Any, input: Any, _environment: Any) -> Any:  # noqa: A002 - the library's name
    if isinstance(input, dict):
        value = input.get(expr.value, _MISSING)
        return None if value is _MISSING else Utils.NULL_VALUE if value is None else value
    return Functions.lookup(input, str(expr.value))


_METHODS: Final[Mapping[str, Callable[[Any, Any, Any, Any], Any]]] = {
    "path": Evaluator.evaluate_path,
    "binary": Evaluator.evaluate_binary,
    "unary": Evaluator.evaluate_unary,
    "name": _name,
    "string": _literal,
    "number": _literal,
    "value": _literal,
    "wildcard": lambda evaluator, expr, value, _: evaluator.evaluate_wildcard(expr, value),
    "descendant": lambda evaluator, expr, value, _: evaluator.evaluate_descendants(expr, value),
    "parent": lambda _, expr, _value, environment: environment.lookup(expr.slot.label),
    "condition": Evaluator.evaluate_condition,
    "block": Evaluator.evaluate_block,
    "bind": Evaluator.evaluate_bind_expression,
    "regex": lambda _, expr, _value, _environment: expr.value,
    "function": lambda evaluator, expr, value, environment: evaluator.evaluate_function(
        expr, value, environment, Utils.NONE
    ),
    "variable": Evaluator.evaluate_variable,
    "lambda": Evaluator.evaluate_lambda,
    "partial": Evaluator.evaluate_partial_application,
    "apply": Evaluator.evaluate_apply_expression,
    "transform": Evaluator.evaluate_transform_expression,
}


def run(tree: Any, frame: Any) -> Any:
    """Evaluate a tree with the variables of a frame; None is undefined, `Utils.NULL_VALUE` null.

    Raises JException and BoundError, and whatever the library lets out.
    """
    evaluator = Evaluator(time.monotonic() + MAX_SECONDS)
    before = getattr(Jsonata.CURRENT, "jsonata", None)
    Jsonata.CURRENT.jsonata = evaluator  # the library's functions find the evaluator here
    try:
        return evaluator.eval(tree, None, Jsonata.Frame(frame))
    finally:
        Jsonata.CURRENT.jsonata = before
