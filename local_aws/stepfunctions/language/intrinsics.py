"""Evaluation of intrinsic functions: their arguments, and the errors that AWS reports.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

from typing import Any, Final

from local_aws.stepfunctions.contracts.errors import INTRINSIC_FAILURE, RUNTIME, StatesError
from local_aws.stepfunctions.language.functions import catalogue
from local_aws.stepfunctions.language.functions.parser import (
    Argument,
    Call,
    Constant,
    PathArgument,
    Text,
    parse_intrinsic,
    unescape,
)
from local_aws.stepfunctions.language.jsonpath import MissingPathError, evaluate, parse_path
from local_aws.stepfunctions.language.paths.reader import PathSyntaxError
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.values import json_text

FUNCTIONS: Final = catalogue.FUNCTIONS


def check_intrinsic(text: str) -> Call:
    """Read a call and check names and numbers of arguments, nested ones included. Raises PathSyntaxError."""
    call = parse_intrinsic(text)
    _check(call, text)
    return call


def _check(call: Call, text: str) -> None:
    function = FUNCTIONS.get(call.name)
    if function is None:
        raise PathSyntaxError(f"{text!r} calls {call.name}, which is no intrinsic function")
    if not function.takes(len(call.arguments)):
        raise PathSyntaxError(f"{text!r} gives {len(call.arguments)} arguments to {call.name}: {function.expected}")
    for argument in call.arguments:
        if isinstance(argument, Call):
            _check(argument, text)


def evaluate_intrinsic(text: str, document: Any, scope: Scope, field: str = "") -> Any:
    """The result of a call.

    Raises StatesError: States.Runtime for a path that leads nowhere, States.IntrinsicFailure for what a function
    refuses; the cause names the whole call, whichever of the nested ones failed.
    """
    try:
        return _value(check_intrinsic(text), document, scope)
    except (catalogue.RefusedError, PathSyntaxError) as refused:
        error, reason = INTRINSIC_FAILURE, str(refused)
    except MissingPathError as missing:
        error, reason = RUNTIME, str(missing)
    cause = f"The function '{text}' had the following error: {reason}"
    raise StatesError(error, cause, location=field)


def _value(argument: Argument, document: Any, scope: Scope) -> Any:
    if isinstance(argument, Call):
        return _result(argument, document, scope)
    if isinstance(argument, Text):
        return unescape(argument.raw)
    return argument.value if isinstance(argument, Constant) else _path(argument, document, scope)


def _result(call: Call, document: Any, scope: Scope) -> Any:
    values = [_value(argument, document, scope) for argument in call.arguments]
    if call.name == "States.Format" and isinstance(call.arguments[0], Text):
        values[0] = call.arguments[0].raw  # an escaped brace is no placeholder
    return FUNCTIONS[call.name].call(*values)


def _path(argument: PathArgument, document: Any, scope: Scope) -> Any:
    try:
        return evaluate(argument.path, document, scope)
    except MissingPathError as missing:
        if str(missing).startswith("Filter:"):
            raise
        looked_in = scope.context if parse_path(argument.path).root == "$$" else document
        raise MissingPathError(
            f"The JsonPath argument for the field '{argument.path}' could not be found in the input "
            f"'{json_text(looked_in)}'"
        ) from None
