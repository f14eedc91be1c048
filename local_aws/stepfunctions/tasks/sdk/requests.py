"""The arguments of a Task as the request of an API operation.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-parameters.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Named = Callable[[str], str]
"""How an integration spells a member of the API."""


def compact(value: Any) -> str:
    """JSON as Step Functions writes it into requests."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(slots=True)
class Findings:
    """What is wrong with arguments: `unfit` is refused by Step Functions, `missing` members by the service.

    `missing` are paths as services tell them (`item`, `tags.1.member.key`).
    """

    unfit: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def parse(shape: Any, arguments: Any, named: Named) -> tuple[dict[str, Any], Findings]:
    """The request by botocore's names, and what is wrong with it. `shape` is the operation's input, or None.

    An object or list in the place of a string is written as JSON. A blob takes any JSON value and holds its text, so
    a string with its quotes (observed on AWS: S3's PutObject). What is null is left out.
    """
    findings = Findings()
    if not isinstance(arguments, dict):
        findings.unfit.append("The value of the field 'Parameters' must be an object")
        return {}, findings
    if shape is None:
        findings.unfit += [not_supported(name) for name in arguments]
        return {}, findings
    return _structure(shape, arguments, _Place("", ""), _Parser(named, findings)), findings


def not_supported(name: str) -> str:
    """AWS's words for a field that an integration does not have."""
    return f"The field '{name}' is not supported by Step Functions"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: the field that messages name, and the path as services write it."""

    name: str
    path: str

    def member(self, spelled: str, name: str) -> _Place:
        lower = name[:1].lower() + name[1:]
        return _Place(spelled, f"{self.path}.{lower}" if self.path else lower)

    def item(self, number: int) -> _Place:
        return _Place(self.name, f"{self.path}.{number}.member")


@dataclass(frozen=True, slots=True)
class _Parser:
    named: Named
    findings: Findings

    def value(self, shape: Any, value: Any, place: _Place) -> Any:
        if getattr(shape, "is_document_type", False):
            return value
        read: Reader = _READERS.get(shape.type_name, _text)
        return read(shape, value, place, self)

    def refuse(self, place: _Place, wanted: str) -> None:
        self.findings.unfit.append(f"The value for the field '{place.name}' must be {wanted}")


def _structure(shape: Any, value: Any, place: _Place, parser: _Parser) -> dict[str, Any]:
    if not isinstance(value, dict):
        parser.refuse(place, "an object")
        return {}
    members = {parser.named(name): name for name in shape.members}
    parsed: dict[str, Any] = {}
    for spelled, item in value.items():
        name = members.get(spelled)
        if name is None:
            parser.findings.unfit.append(not_supported(spelled))
        elif item is not None:
            parsed[name] = parser.value(shape.members[name], item, place.member(spelled, name))
    lacking = (name for name in shape.required_members if name not in parsed)
    parser.findings.missing += [place.member("", name).path for name in lacking]
    return parsed


def _list(shape: Any, value: Any, place: _Place, parser: _Parser) -> list[Any]:
    if not isinstance(value, list):
        parser.refuse(place, "a list")
        return []
    return [parser.value(shape.member, item, place.item(number)) for number, item in enumerate(value, 1)]


def _map(shape: Any, value: Any, place: _Place, parser: _Parser) -> dict[str, Any]:
    if not isinstance(value, dict):
        parser.refuse(place, "an object")
        return {}
    return {
        key: parser.value(shape.value, item, place.member(key, key)) for key, item in value.items() if item is not None
    }


def _text(_shape: Any, value: Any, place: _Place, parser: _Parser) -> str:
    if isinstance(value, dict | list):
        return compact(value)
    if not isinstance(value, str):
        parser.refuse(place, "a STRING")
        return ""
    return value


def _blob(_shape: Any, value: Any, _place: _Place, _parser: _Parser) -> bytes:
    return compact(value).encode()


def _boolean(_shape: Any, value: Any, place: _Place, parser: _Parser) -> bool:
    if not isinstance(value, bool):
        parser.refuse(place, "a BOOLEAN")
    return bool(value)


def _integer(_shape: Any, value: Any, place: _Place, parser: _Parser) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        parser.refuse(place, "an INTEGER")
        return 0
    return int(value)


def _number(_shape: Any, value: Any, place: _Place, parser: _Parser) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        parser.refuse(place, "a NUMBER")
        return 0.0
    return float(value)


def _timestamp(_shape: Any, value: Any, place: _Place, parser: _Parser) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        parser.refuse(place, "a TIMESTAMP")
        return 0
    return value


Reader = Callable[[Any, Any, _Place, _Parser], Any]
_READERS: dict[str, Reader] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "blob": _blob,
    "boolean": _boolean,
    "integer": _integer,
    "long": _integer,
    "float": _number,
    "double": _number,
    "timestamp": _timestamp,
}
