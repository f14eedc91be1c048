"""Reads a function's environment and an action's UserParameters into frozen dataclasses of strings.

A field without a default is required. All problems are reported together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline_lambdas.runtime.failures import ConfigurationError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def read_environment(kind: type[T], environ: Mapping[str, str]) -> T:
    """Build `kind` from the environment variables named like its fields in upper case; an empty one counts as missing.

    Raises ConfigurationError with the names of all missing ones that have no default.
    """
    names = {field.name: field.name.upper() for field in fields(kind) if _required(field)}
    missing = sorted(name for name in names.values() if not environ.get(name))
    if missing:
        raise ConfigurationError(
            f"The function's environment lacks {', '.join(missing)}. Set them in the function's template."
        )
    given = {field.name: environ.get(field.name.upper()) for field in fields(kind)}
    return kind(**{name: value for name, value in given.items() if value})


def read_parameters(kind: type[T], text: str) -> T:
    """Build `kind` from UserParameters, a JSON object of strings.

    Raises ConfigurationError that lists every missing, unknown or mistyped key.
    """
    try:
        values: Any = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"UserParameters: found text that is not JSON ({error}).") from None
    if not isinstance(values, dict):
        raise ConfigurationError("UserParameters: found JSON that is not an object.")
    known = {field.name: field for field in fields(kind)}
    problems = [
        *(f"lacks {name}" for name, field in known.items() if _required(field) and not values.get(name)),
        *(f"has the unknown key {name}" for name in values if name not in known),
        *(
            f"has {name} that is not a text"
            for name, value in values.items()
            if name in known and not isinstance(value, str)
        ),
    ]
    if problems:
        raise ConfigurationError(
            f"UserParameters {', '.join(problems)}; allowed: {', '.join(known)}. "
            "Correct the action in the pipeline's template."
        )
    return kind(**values)


def listed(text: str) -> tuple[str, ...]:
    """Return the items of a comma list."""
    return tuple(item.strip() for item in text.split(",") if item.strip())


def paired(text: str) -> dict[str, str]:
    """Return the pairs of a text such as `xgboost=1.2.3.4,linear-learner=5.6.7.8`."""
    return dict(item.partition("=")[::2] for item in listed(text))


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING
