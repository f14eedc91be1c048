"""The input of an execution: names and types, checked before the start and again by the machine itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from workflows.compose.errors import CompositionError, InputMismatchError
from workflows.compose.expressions import CONTEXT, Expression, literal

TYPES: Mapping[type, str] = {str: "string", float: "number", bool: "boolean", list: "array", dict: "object"}
"""Python's types to those of JSONata's `$type`; `float` takes whole numbers too."""
_ARTICLES = {"array": "an", "object": "an"}
_SHOWN = 60
"""Characters of a text that a message repeats."""

Described: TypeAlias = str | Mapping[str, Any]
"""A key in JSON's words: a type, or an object with `type`, and `pattern` and `meaning`, `most`, or `optional`."""


@dataclass(frozen=True)
class Field:
    """What a key holds, where its type does not say all."""

    kind: type
    pattern: str = ""
    """A regular expression of the whole text, in the words that Python, JSONata and Java share."""
    meaning: str = ""
    """The pattern for a person."""
    most: int | None = None
    """Elements of an array."""

    def __post_init__(self) -> None:
        if self.pattern and not (self.kind is str and self.meaning):
            raise CompositionError(f"Pattern {self.pattern}: it needs the type str, and a meaning for a person.")
        if self.most is not None and self.kind is not list:
            raise CompositionError(f"A most of {self.most}: it needs the type list.")

    @property
    def described(self) -> Described:
        more = {"pattern": self.pattern, "meaning": self.meaning, "most": self.most}
        given = {name: value for name, value in more.items() if value}
        return {"type": TYPES[self.kind], **given} if given else TYPES[self.kind]


@dataclass(frozen=True)
class ExecutionInput:
    """The keys that an execution must be given, each with a type of `TYPES` or a Field.

    A key in brackets is a placeholder: it may stand wherever a state takes a value. CompositionError for a type that is
    not in `TYPES`, and for a placeholder of a key that is not in the schema.
    """

    schema: Mapping[str, type | Field]

    def __post_init__(self) -> None:
        kinds = {key: one.kind if isinstance(one, Field) else one for key, one in self.schema.items()}
        unknown = [f"{key}: {kind.__name__}" for key, kind in kinds.items() if kind not in TYPES]
        if unknown:
            allowed = ", ".join(kind.__name__ for kind in TYPES)
            raise CompositionError(f"The input's schema has {', '.join(unknown)}; allowed types: {allowed}.")

    def __getitem__(self, key: str) -> Expression:
        """Return the placeholder of a key.

        It reads the Context object, so it has the same value in every state, in those of an inline Map too.
        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
        """
        if key not in self.schema:
            raise CompositionError(f"The input has no key {key!r}; its schema has {', '.join(self.schema) or 'none'}.")
        return CONTEXT["Execution"]["Input"][key]

    @property
    def types(self) -> dict[str, str]:
        """The schema in JSON's words, types alone: `{"JobName": "string"}`."""
        return {key: type_of(one) for key, one in self.described.items()}

    @property
    def described(self) -> dict[str, Described]:
        """The schema in JSON's words, as `check_input` takes it."""
        return {key: one.described if isinstance(one, Field) else TYPES[one] for key, one in self.schema.items()}

    def problems(self) -> Expression:
        """Return JSONata that gives the same problems as a list of texts; none for an input that fits."""
        types = literal(self.types)
        formed = "".join(f", {one}" for key, one in self.described.items() for one in _form_jsonata(key, one))
        return Expression(
            f"( $given := {CONTEXT}.Execution.Input; $types := {types}; $isObject := $type($given) = 'object'; "
            "$keys1 := $keys($types); $keys2 := $isObject ? $keys($given) : []; "
            "$lacking := $filter($keys1, function($k) { $not($k in $keys2) }); "
            "$unknown := $filter($keys2, function($k) { $not($k in $keys1) }); "
            "$mistyped := $filter($keys1, function($k) "
            "{ $k in $keys2 and $type($lookup($given, $k)) != $lookup($types, $k) }); "
            "[$isObject ? [$map($lacking, function($k) { 'lacks ' & $k }), "
            "$map($unknown, function($k) { 'has the unknown key ' & $k }), "
            "$map($mistyped, function($k) "
            "{ 'has ' & $k & ' of type ' & $type($lookup($given, $k)) & ', not ' & $lookup($types, $k) })"
            f"{formed}] : ['is not an object']] )"
        )


def check_input(schema: Mapping[str, Described], given: Any) -> None:
    """Compare an input with a schema in JSON's words.

    Raises InputMismatchError that names every missing, unknown, mistyped and badly formed key.
    """
    problems = _problems(schema, given) if isinstance(given, dict) else ["is not an object"]
    if problems:
        raise InputMismatchError(f"The input {', '.join(problems)}; expected {expected(schema)}.")


def type_of(described: Described) -> str:
    """Return the type of a key that is described in JSON's words."""
    return described if isinstance(described, str) else str(described["type"])


def is_optional(described: Described) -> bool:
    return not isinstance(described, str) and bool(described.get("optional"))


def expected(schema: Mapping[str, Described]) -> str:
    """Say what an input has to hold."""
    keys = ", ".join(f"{key} ({_expected_of(one)})" for key, one in schema.items())
    return keys or "an empty object"


def _expected_of(described: Described) -> str:
    kind = type_of(described)
    form = "" if isinstance(described, str) else _form(described)
    optional = ", optional" if is_optional(described) else ""
    return f"{_ARTICLES.get(kind, 'a')} {kind}{f' of {form}' if form else ''}{optional}"


def _form(described: Mapping[str, Any]) -> str:
    return f"at most {described['most']}" if "most" in described else str(described.get("meaning", ""))


def _problems(schema: Mapping[str, Described], given: Mapping[str, Any]) -> list[str]:
    there = {key: one for key, one in schema.items() if key in given}
    mistyped = [key for key, one in there.items() if _type_of(given[key]) != type_of(one)]
    formed = [one for key, one in there.items() if key not in mistyped for one in _form_problems(key, one, given[key])]
    return [
        *(f"lacks {key}" for key, one in schema.items() if key not in given and not is_optional(one)),
        *(f"has the unknown key {key}" for key in given if key not in schema),
        *(f"has {key} of type {_type_of(given[key])}, not {type_of(schema[key])}" for key in mistyped),
        *formed,
    ]


def _form_problems(key: str, described: Described, value: Any) -> Iterator[str]:
    """What is wrong with the value of a key, whose type is right."""
    if isinstance(described, str):
        return
    if "pattern" in described and not re.fullmatch(described["pattern"], value):
        yield f'has {key} "{value[:_SHOWN]}", not {described["meaning"]}'
    if "most" in described and len(value) > described["most"]:
        yield f"has {len(value)} elements in {key}, not at most {described['most']}"


def _form_jsonata(key: str, described: Described) -> Iterator[str]:
    """The same in JSONata, in a scope with the input as $given; nothing for a value that is right or mistyped.

    `$match` is compared with the whole value: `$` of some dialects holds before a line break at the end too.
    """
    if isinstance(described, str):
        return
    value = f"$lookup($given, {literal(key)})"
    if "pattern" in described:
        begin, end = literal(f'has {key} "'), literal(f'", not {described["meaning"]}')
        is_wrong = (
            f"$type({value}) = 'string' and $not($match({value}, /^({described['pattern']})$/)[0].match = {value})"
        )
        yield f"({is_wrong} ? {begin} & $substring({value}, 0, {_SHOWN}) & {end})"
    if "most" in described:
        end = literal(f" elements in {key}, not at most {described['most']}")
        is_wrong = f"$type({value}) = 'array' and $count({value}) > {described['most']}"
        yield f"({is_wrong} ? 'has ' & $count({value}) & {end})"


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    # True is an int of Python's.
    return "number" if type(value) is int else TYPES.get(type(value), type(value).__name__)
