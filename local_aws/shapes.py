"""AWS documents parsed, checked and written by the shapes of botocore's service models.

A request is checked as the service itself checks it: what is missing, of the wrong type, outside an enum, a
length, a range or a pattern is refused before any behaviour runs, with the message that AWS composes
(`N validation errors detected: Value '…' at '…' failed to satisfy constraint: …`).
"""

from __future__ import annotations

import base64
import math
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

_SHOWN = 2048
"""Characters of a refused value that its message repeats."""
_MATCHED = 1 << 16
"""Characters up to which a value is held to its pattern; beyond it is refused for its length where there is one."""
JAVA_CLASSES = {r"\p{L}": r"^\W\d_", r"\p{Z}": r"\s", r"\p{N}": r"\d", r"\p{P}": r"!-/:-@\[-`{-~"}


class SerializationError(Exception):
    """The document is no JSON of the operation's shape; AWS answers `SerializationException`."""


class ShapeError(Exception):
    """The document breaks the constraints of its shape; the message is AWS's."""

    def __init__(self, problems: list[str]) -> None:
        """Count the problems as AWS does: `1 validation error detected: …`."""
        self.problems = problems
        noun = "error" if len(problems) == 1 else "errors"
        super().__init__(f"{len(problems)} validation {noun} detected: " + "; ".join(problems))


def parse(shape: Any, document: Any) -> dict[str, Any]:
    """Return the members of a structure shape as Python values (datetime, bytes, int, …).

    Raises SerializationError for a wrong JSON type and ShapeError for a violated constraint. Members that the
    model does not know are left out, as the services do.
    """
    problems: list[str] = []
    try:
        parsed: dict[str, Any] = _parse(shape, document, "", problems)
    except RecursionError:
        raise SerializationError("the document is nested too deeply") from None
    if problems:
        raise ShapeError(problems)
    return parsed


def _parse(shape: Any, value: Any, path: str, problems: list[str]) -> Any:
    parser = _PARSERS.get(shape.type_name, _parse_text)
    parsed = parser(shape, value, path, problems)
    _check(shape, parsed, path, problems)
    return parsed


def _parse_structure(shape: Any, value: Any, path: str, problems: list[str]) -> dict[str, Any]:
    _expect(value, dict, path, "an object")
    required = set(shape.required_members)
    payload = shape.serialization.get("payload")
    parsed: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        below = _join(path, lower_first(wire_name))
        if name == payload and isinstance(value.get(wire_name), bytes):
            parsed[name] = value[wire_name]  # the service's own limit decides, which is not always the model's
        elif value.get(wire_name) is not None:
            parsed[name] = _parse(member, value[wire_name], below, problems)
        elif name in required:
            problems.append(f"Value null at '{below}' failed to satisfy constraint: Member must not be null")
    return parsed


def _parse_list(shape: Any, value: Any, path: str, problems: list[str]) -> list[Any]:
    _expect(value, list, path, "a list")
    return [_parse(shape.member, item, f"{path}.{number}.member", problems) for number, item in enumerate(value, 1)]


def _parse_map(shape: Any, value: Any, path: str, problems: list[str]) -> dict[str, Any]:
    _expect(value, dict, path, "an object")
    parsed = {}
    for key, item in value.items():
        _whole(key, path)
        _check(shape.key, key, f"{path}.key", problems)
        parsed[key] = _parse(shape.value, item, f"{path}.{key}.member", problems)
    return parsed


def _parse_text(_shape: Any, value: Any, path: str, _problems: list[str]) -> str:
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    _expect(value, str, path, "a string")
    return _whole(value, path)


def _parse_integer(shape: Any, value: Any, path: str, _problems: list[str]) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(_bounded(value, path)):
        raise SerializationError(f"{path or 'the document'}: expected an integer, found {type(value).__name__}")
    whole = int(value)
    if value != whole or not -_INTEGERS[shape.type_name] <= whole < _INTEGERS[shape.type_name]:
        raise SerializationError(f"{path or 'the document'}: expected an integer, found {value:g}")
    return whole


def _parse_float(_shape: Any, value: Any, path: str, _problems: list[str]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SerializationError(f"{path or 'the document'}: expected a number, found {type(value).__name__}")
    return float(_bounded(value, path))


def _parse_boolean(_shape: Any, value: Any, path: str, _problems: list[str]) -> bool:
    _expect(value, bool, path, "a boolean")
    return bool(value)


def _parse_blob(_shape: Any, value: Any, path: str, _problems: list[str]) -> bytes:
    if isinstance(value, bytes):
        return value
    _expect(value, str, path, "base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError as error:  # binascii.Error, or characters beyond ASCII
        raise SerializationError(f"{path}: not base64: {error}") from None


def _parse_timestamp(_shape: Any, value: Any, path: str, _problems: list[str]) -> datetime:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            raise SerializationError(f"{path}: not a timestamp: {value!r}") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SerializationError(f"{path}: expected a timestamp, found {type(value).__name__}")
    try:
        return datetime.fromtimestamp(_bounded(value, path), UTC)
    except (ValueError, OverflowError, OSError):
        raise SerializationError(f"{path}: not a timestamp: {value:g}") from None


def _bounded(value: float, path: str) -> float:
    """A number as it is. Raises SerializationError for an integer beyond the range of floating point."""
    try:
        float(value)
    except OverflowError:
        raise SerializationError(f"{path or 'the document'}: expected a number of 64 bits at most") from None
    return value


def _whole(text: str, path: str) -> str:
    """A text as it is. Raises SerializationError for half of a surrogate pair, which is no character."""
    if _SURROGATE.search(text):
        raise SerializationError(f"{path or 'the document'}: found half of a surrogate pair")
    return text


_INTEGERS = {"integer": 1 << 31, "long": 1 << 63}
_SURROGATE = re.compile("[\ud800-\udfff]")
_PARSERS = {
    "structure": _parse_structure,
    "list": _parse_list,
    "map": _parse_map,
    "string": _parse_text,
    "integer": _parse_integer,
    "long": _parse_integer,
    "float": _parse_float,
    "double": _parse_float,
    "boolean": _parse_boolean,
    "blob": _parse_blob,
    "timestamp": _parse_timestamp,
}


def _check(shape: Any, value: Any, path: str, problems: list[str]) -> None:
    """Append what the value violates, worded as AWS words it."""

    def refuse(constraint: str) -> None:
        problems.append(f"Value{_quoted(shape, value)} at '{path}' failed to satisfy constraint: {constraint}")

    metadata = shape.metadata
    if metadata.get("enum") and value not in metadata["enum"]:
        refuse(f"Member must satisfy enum value set: [{', '.join(metadata['enum'])}]")
    measured, noun = (len(value), "length ") if isinstance(value, str | list | dict | bytes) else (value, "value ")
    if isinstance(measured, int | float) and not isinstance(measured, bool):
        if "min" in metadata and measured < metadata["min"]:
            refuse(f"Member must have {noun}greater than or equal to {metadata['min']}")
        if "max" in metadata and measured > metadata["max"]:
            refuse(f"Member must have {noun}less than or equal to {metadata['max']}")
    if isinstance(value, str) and "pattern" in metadata and len(value) <= _MATCHED:
        pattern = _compiled(metadata["pattern"])
        if pattern and not pattern.fullmatch(value):
            refuse(f"Member must satisfy regular expression pattern: {metadata['pattern']}")


def _quoted(shape: Any, value: Any) -> str:
    """A value as a message shows it; what the model calls sensitive is not shown (observed on AWS)."""
    if shape.metadata.get("sensitive"):
        return ""
    text = str(value)
    return f" '{text}'" if len(text) <= _SHOWN else f" '{text[:_SHOWN]}...'"


@lru_cache(maxsize=512)
def _compiled(java_pattern: str) -> re.Pattern[str] | None:
    """Translate a Java pattern; None where Python has no equal (such a pattern is not checked)."""
    if r"\p{L}" in java_pattern:
        return None
    for java, python in JAVA_CLASSES.items():
        java_pattern = java_pattern.replace(java, python)
    try:
        return re.compile(java_pattern)
    except re.error:
        return None


def serialize(shape: Any, value: Any, path: str = "output") -> Any:
    """Return the JSON document of a shape; a member that the model lacks is a mistake here and raises KeyError."""
    if shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        if unknown:
            raise KeyError(f"{path}: {', '.join(sorted(unknown))} not in shape {shape.name}")
        return {
            member.serialization.get("name", name): serialize(member, value[name], f"{path}.{name}")
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if shape.type_name == "list":
        return [serialize(shape.member, item, f"{path}[]") for item in value]
    if shape.type_name == "map":
        return {key: serialize(shape.value, item, f"{path}.{key}") for key, item in value.items()}
    if shape.type_name == "timestamp":
        return round(value.timestamp(), 3) if isinstance(value, datetime) else value
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return value


def _expect(value: Any, kind: type, path: str, noun: str) -> None:
    if not isinstance(value, kind):
        raise SerializationError(f"{path or 'the document'}: expected {noun}, found {type(value).__name__}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def lower_first(name: str) -> str:
    """A name as APIs that begin members in lower case have it: `runOrder` for `RunOrder`."""
    return name[:1].lower() + name[1:]
