"""IAM: how a statement is compared with a request. Its wildcards cover every character, its variables are resolved."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from copy import copy
from functools import lru_cache
from typing import Any

from local_aws.base.tables import ministack
from local_aws.wildcards import stand_in_order

_VARIABLES_SINCE = "2012-10-17"
_VARIABLE = re.compile(r"\$\{(\$|[^}',$]+)(?:,\s*'([^']*)'\s*)?\}")
# No request has a value that holds it, so what it stands in equals nothing and is like nothing.
_NO_VALUE = secrets.token_hex(32)
_PATTERNS_KEPT = 64
"""Regular expressions of patterns with a question mark."""
_DOCUMENTS_KEPT = 128
"""Policies as they were read; those of a release's own sessions push out those of the one before."""
_document_version: ContextVar[str] = ContextVar("document_version", default="")

_Part = tuple[str, bool]
"""A piece of a pattern, and whether * and ? in it are wildcards."""


class _Resolved(str):
    """A value of a policy whose variables are replaced; what came from the request is no wildcard."""

    __slots__ = ("parts",)
    parts: tuple[_Part, ...]

    def __str__(self) -> str:
        return self


def match_statements() -> None:
    """Resolve variables in Resource and Condition, and let wildcards cover every character.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html: since version 2012-10-17, in
    resources and in the string and ARN operators. A variable without a value matches no resource, and only inverted
    operators. MiniStack takes them literally, and a newline for the end of what * covers.
    """
    evaluator = ministack("core.iam_evaluator")
    parse, first_match = evaluator.parse_policy_document, evaluator._first_match  # noqa: SLF001
    evaluate_resource_policy = evaluator.evaluate_resource_policy

    def parse_policy_document(document: Any) -> Any:
        version = _document_version.get()
        return list(parsed_text(document, version) if isinstance(document, str) else parsed(document, version))

    def parsed(document: Any, version: str) -> Any:
        read = _read(document)
        statements = parse(read)
        version = read.get("Version") or version
        for statement in statements:
            statement.has_variables = version == _VARIABLES_SINCE and _has_variables(statement)
        return statements

    # A role asks often, and each time all its policies are looked at.
    parsed_text = lru_cache(_DOCUMENTS_KEPT)(parsed)

    def evaluate_resource(document: Any, *arguments: Any, **more: Any) -> Any:
        scope = _document_version.set(str(_read(document).get("Version", "")))
        try:
            return evaluate_resource_policy(document, *arguments, **more)
        finally:
            _document_version.reset(scope)

    def first_match_resolved(context: Any, statements: list[Any], effect: str) -> Any:
        for statement in statements:
            resolved = _resolve_statement(statement, context) if statement.has_variables else statement
            if statement.effect == effect and first_match(context, [resolved], effect):
                return statement
        return None

    evaluator.parse_policy_document, evaluator.evaluate_resource_policy = parse_policy_document, evaluate_resource
    evaluator._first_match = first_match_resolved  # noqa: SLF001
    evaluator.fnmatch_iam = lambda value, pattern: _matches(value, pattern, ignore_case=True)
    evaluator.fnmatch_iam_cs = lambda value, pattern: _matches(value, pattern, ignore_case=False)


def _read(document: Any) -> dict[str, Any]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return {}
    return document if isinstance(document, dict) else {}


def _has_variables(statement: Any) -> bool:
    return "${" in json.dumps([statement.resources, statement.not_resources, statement.conditions], default=str)


def _resolve_statement(statement: Any, context: Any) -> Any:
    resolved = copy(statement)
    resolved.resources = [_resolve(each, context) for each in statement.resources]
    resolved.not_resources = [_resolve(each, context) for each in statement.not_resources]
    resolved.conditions = {
        operator: {key: _resolve_values(values, context) for key, values in keys.items()}
        if isinstance(keys, dict) and re.search("string|arn", operator, re.IGNORECASE)
        else keys
        for operator, keys in statement.conditions.items()
    }
    return resolved


def _resolve_values(values: Any, context: Any) -> list[Any]:
    each = values if isinstance(values, list) else [values]
    return [_resolve(value, context) if isinstance(value, str) else value for value in each]


def _resolve(text: str, context: Any) -> str:
    parts = tuple(_parts(text, context))
    resolved = _Resolved("".join(part for part, _ in parts))
    resolved.parts = parts
    return resolved


def _parts(text: str, context: Any) -> Iterator[_Part]:
    end = 0
    for found in _VARIABLE.finditer(text):
        yield text[end : found.start()], True
        yield _value(found.group(1).strip(), found.group(2), context), False
        end = found.end()
    yield text[end:], True


def _value(name: str, default: str | None, context: Any) -> str:
    if name in {"*", "?", "$"}:
        return name
    value = ministack("core.iam_evaluator")._resolve_condition_key(name, context)  # noqa: SLF001
    if value is None or isinstance(value, list | tuple | set | Mapping):  # keys of several values are no variables
        return _NO_VALUE if default is None else default
    return str(value)


def _matches(value: str, pattern: str, *, ignore_case: bool) -> bool:
    """Whether a pattern covers a value, in time proportional to both: no star gives back what it took.

    Without a question mark it takes no regular expression, of which Python keeps 512: each release has policies with
    patterns of its own, which nothing is compared with after it.
    """
    parts = pattern.parts if isinstance(pattern, _Resolved) else ((pattern, True),)
    if any(wild and "?" in part for part, wild in parts):
        return _compiled(parts, ignore_case).fullmatch(value) is not None
    pieces = _pieces(parts)
    if ignore_case:
        value, pieces = value.lower(), [piece.lower() for piece in pieces]
    return stand_in_order(pieces, value)


def _pieces(parts: tuple[_Part, ...]) -> list[str]:
    """What stands before, between and behind the stars of a pattern."""
    pieces = [""]
    for part, wild in parts:
        first, *more = part.split("*") if wild else [part]
        pieces[-1] += first
        pieces += more
    return pieces


@lru_cache(maxsize=_PATTERNS_KEPT)
def _compiled(parts: tuple[_Part, ...], ignore_case: bool) -> re.Pattern[str]:
    """A pattern that takes time in proportion to its length and the value's: no star gives back what it took."""
    text = "".join(
        "".join({"*": "\0", "?": "."}.get(letter, re.escape(letter)) for letter in part) if wild else re.escape(part)
        for part, wild in parts
    )
    first, *middle = re.split("\0+", text)
    last = f".*{middle.pop()}" if middle else ""
    expression = first + "".join(f"(?>.*?{piece})" for piece in middle) + last
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
