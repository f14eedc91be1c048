"""The arguments of a Task as its definition declares them, before any value is known.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-parameters.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local_aws.stepfunctions.tasks.sdk.requests import Named

_PATH = ".$"


def problems(shape: Any, template: Any, named: Named) -> list[str]:
    """What AWS refuses when the state machine is made: fields that are unknown or missing.

    Paths (`Name.$`) and expressions (`{% … %}`) stand for any value. `shape` is the operation's input, or None.
    """
    if not isinstance(template, dict):
        return []
    return list(_structure(shape, template, named)) if shape is not None else [_unknown(name) for name in template]


def _structure(shape: Any, template: dict[str, Any], named: Named) -> Iterator[str]:
    members = {named(name): name for name in shape.members}
    given = {key.removesuffix(_PATH): key for key in template}
    for spelled, key in given.items():
        if spelled not in members:
            yield _unknown(spelled)
        elif not key.endswith(_PATH):
            yield from _value(shape.members[members[spelled]], template[key], named)
    for name in shape.required_members:
        if named(name) not in given:
            yield f'The field "{named(name)}" is required but was missing'


def _value(shape: Any, template: Any, named: Named) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return
    if shape.type_name == "structure" and isinstance(template, dict):
        yield from _structure(shape, template, named)
    elif shape.type_name == "list" and isinstance(template, list):
        for item in template:
            yield from _value(shape.member, item, named)
    elif shape.type_name == "map" and isinstance(template, dict):
        for key, item in template.items():
            if not key.endswith(_PATH):
                yield from _value(shape.value, item, named)


def _unknown(name: str) -> str:
    return f'The field "{name}" is not supported by Step Functions'
