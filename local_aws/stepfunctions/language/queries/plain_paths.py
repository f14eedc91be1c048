"""Paths that are names alone (`$states.input.a.b`): while they lead through objects they need no sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from local_aws.stepfunctions.jsonata import Utils

_MISSING: Final = object()
ELSEWHERE: Final = object()
"""There is an array on the way."""


@dataclass(frozen=True, slots=True)
class PlainNames:
    """A path of names alone (`$states.input.a.b`), which needs no sequences while it leads through objects."""

    of_variable: bool
    names: tuple[str, ...]


def plain_names(path: Any) -> PlainNames | None:
    if path.keep_singleton_array or path.group is not None or path.tuple is not None:
        return None
    of_variable = path.steps[0].type == "variable"
    names = path.steps[1:] if of_variable else path.steps
    if any(_is_bent(step) for step in path.steps) or any(step.type != "name" for step in names):
        return None
    return PlainNames(of_variable, tuple(str(step.value) for step in names))


def _is_bent(step: Any) -> bool:
    extras = (step.predicate, step.stages, step.focus, step.index, step.tuple, step.ancestor, step.group)
    return bool(step.keep_array) or any(extra is not None for extra in extras)


def looked_up(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        if not isinstance(value, dict):
            return ELSEWHERE if isinstance(value, list) else None
        value = value.get(name, _MISSING)
        if value is _MISSING:
            return None
        if value is None:
            value = Utils.NULL_VALUE
    return value
