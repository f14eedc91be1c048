"""Payload templates: Parameters, ItemSelector, ResultSelector and Assign of JSONPath states.

A field whose name ends in `.$` holds a path or an intrinsic function, and its name is kept without that ending.
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
"""

from __future__ import annotations

from typing import Any

from local_aws.stepfunctions.contracts.errors import PARAMETER_PATH, RUNTIME, StatesError
from local_aws.stepfunctions.language.functions.parser import is_intrinsic
from local_aws.stepfunctions.language.intrinsics import evaluate_intrinsic
from local_aws.stepfunctions.language.jsonpath import (
    MissingPathError,
    PathSyntaxError,
    evaluate,
    null_input,
    parse_path,
)
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.values import json_text


def fill(template: Any, document: Any, scope: Scope, field: str = "") -> Any:
    """A template with its paths and functions evaluated in a document.

    `field` is the name of the state's field, for errors. Raises StatesError.
    """
    if isinstance(template, dict):
        return dict(_member(name, value, document, scope, field) for name, value in template.items())
    if isinstance(template, list):
        return [fill(item, document, scope, field) for item in template]
    return template


def _member(name: str, value: Any, document: Any, scope: Scope, field: str) -> tuple[str, Any]:
    if not name.endswith(".$"):
        return name, fill(value, document, scope, field)
    if not isinstance(value, str):
        raise StatesError(
            PARAMETER_PATH,
            f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call",
        )
    return name[:-2], resolve(name, value, document, scope, field)


def resolve(name: str, text: str, document: Any, scope: Scope, field: str = "") -> Any:
    """The value of one field, a path or an intrinsic function.

    A path whose last index lies beyond its array gives null, and no path leads into an input of null, `$` itself
    included (both observed on AWS). Raises StatesError.
    """
    if is_intrinsic(text):
        return evaluate_intrinsic(text, document, scope, field)
    try:
        if document is None and parse_path(text).root == "$":
            raise null_input(field)
        return evaluate(text, document, scope)
    except MissingPathError as missing:
        if missing.beyond:
            return None
        raise _not_found(name, text, document, scope, field) from None
    except PathSyntaxError as problem:
        raise StatesError(PARAMETER_PATH, str(problem), location=field) from None


def _not_found(name: str, text: str, document: Any, scope: Scope, field: str) -> StatesError:
    looked_in = json_text(scope.context if parse_path(text).root == "$$" else document)
    cause = f"The JSONPath '{text}' specified for the field '{name}' could not be found in the input '{looked_in}'"
    return StatesError(RUNTIME, cause, location=field)
