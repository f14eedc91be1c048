"""Properties of CloudFormation's resource types as the API's operations take them, and names for resources."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from typing import Any

_SUFFIX_LENGTH = 12
_CASTS: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}


class PropertyError(Exception):
    """A property that cannot be used; CloudFormation shows the message as the reason."""


def typed(shape: Any, value: Any, path: str, spelled: Callable[[str], str] = str) -> Any:
    """A property with the types of the API's shape: templates may have numbers and booleans as text.

    `spelled` returns the API's name of a property. Raises PropertyError, which names the place below `path`.
    """
    if shape.type_name == "structure" and isinstance(value, dict):
        unknown = [key for key in value if spelled(key) not in shape.members]
        if unknown:
            raise PropertyError(f"{path}: local AWS does not emulate the property {', '.join(unknown)}")
        return {
            spelled(key): typed(shape.members[spelled(key)], item, f"{path}.{key}", spelled)
            for key, item in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [typed(shape.member, item, path, spelled) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: typed(shape.value, item, f"{path}.{key}", spelled) for key, item in value.items()}
    if isinstance(value, str) and shape.type_name in _CASTS:
        try:
            return _CASTS[shape.type_name](value)
        except (ValueError, KeyError):
            raise PropertyError(f"{path}: expected {shape.type_name}, found {value!r}") from None
    return value


def tags_of(properties: Mapping[str, Any]) -> list[dict[str, str]]:
    """The tags of a template, with the names of the APIs that begin members in lower case."""
    return [{"key": tag["Key"], "value": str(tag["Value"])} for tag in properties.get("Tags") or []]


def generated_name(prefix: str, longest: int, characters: str = string.ascii_letters + string.digits) -> str:
    """The name of a resource whose template gives it none; its form is observed on AWS."""
    suffix = "".join(secrets.choice(characters) for _ in range(_SUFFIX_LENGTH))
    return f"{prefix[: longest - _SUFFIX_LENGTH - 1].rstrip('-')}-{suffix}"
