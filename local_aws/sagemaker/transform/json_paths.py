"""The JSONPath of InputFilter and OutputFilter.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html#data-processing-operators: names,
`*`, lists of names or of indexes, and slices. The page calls `[1:4]` the second to the fifth column, but the JSONPath
that it refers to leaves the end of a slice out, and so does this one.
"""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(
    r"\.?\[(?:"
    r"(?P<names>'[^']*'(?:, ?'[^']*')*)"
    r"|(?P<slice>(?:-?\d+)?:(?:-?\d+)?)"
    r"|(?P<indexes>-?\d+(?:, ?-?\d+)*)"
    r"|(?P<all>\*))\]"
    r"|\.(?P<name>[A-Za-z_][\w-]*)"
    r"|\.(?P<every>\*)"
)


class PathError(ValueError):
    """The path is not one of the subset, or the record lacks what it names."""


def parse(path: str) -> list[re.Match[str]]:
    """The steps of a path. Raises PathError."""
    if not path.startswith("$"):
        raise PathError(f"{path!r} is not a JSONPath: it must begin with $")
    steps, position = [], 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise PathError(f"{path!r} is not a supported JSONPath: see {path[position:]!r}")
        steps.append(step)
        position = step.end()
    return steps


def select(path: str, record: Any) -> Any:
    """What the path names in a record. Raises PathError."""
    for step in parse(path):
        record = _take(step, record)
    return record


def _take(step: re.Match[str], value: Any) -> Any:
    if step["name"] is not None:
        return _member(value, step["name"])
    if step["names"] is not None:
        names = re.findall(r"'([^']*)'", step["names"])
        return _member(value, names[0]) if len(names) == 1 else {name: _member(value, name) for name in names}
    if step["all"] or step["every"]:
        return list(value.values()) if isinstance(value, dict) else list(_array(value))
    if step["slice"] is not None:
        begin, end = (int(bound) if bound else None for bound in step["slice"].split(":"))
        return _array(value)[begin:end]
    indexes = [int(index) for index in step["indexes"].split(",")]
    return _element(value, indexes[0]) if len(indexes) == 1 else [_element(value, index) for index in indexes]


def _member(value: Any, name: str) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise PathError(f"the record has no attribute {name!r}")
    return value[name]


def _element(value: Any, index: int) -> Any:
    array = _array(value)
    if not -len(array) <= index < len(array):
        raise PathError(f"the record has {len(array)} elements, and none with the index {index}")
    return array[index]


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise PathError("the record is not an array")
    return value
