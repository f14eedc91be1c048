"""The syntax of JSONPath: text to steps."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from local_aws.stepfunctions.language.paths.filters import OPERATORS, UNDEFINED, Operand
from local_aws.stepfunctions.language.paths.patterns import FilterPattern, PatternError
from local_aws.stepfunctions.language.paths.reader import Reader
from local_aws.stepfunctions.language.paths.steps import (
    Deep,
    Filter,
    Index,
    Indexes,
    MissingPathError,
    Name,
    Names,
    Predicate,
    Slice,
    Step,
    Wildcard,
    walk,
)

FUNCTIONS: Final = frozenset(
    {"length", "size", "min", "max", "avg", "stddev", "sum", "keys", "first", "last", "index", "append", "concat"}
)

_PLAIN: Final = re.compile(r"[^.\[\]()\s,'\"*?]+")
_QUOTED: Final = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_SLICE: Final = re.compile(r"(?>\s*)(-?\d*)(?>\s*):(?>\s*)(-?\d*)(?>\s*)(?::(?>\s*)-?\d*(?>\s*))?\]")
_INDEXES: Final = re.compile(r"\s*(-?\d+(?:\s*,\s*-?\d+)*)\s*\]")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_REGEX: Final = re.compile(r"/((?:[^/\\]|\\.)*)/([imsux]*)")
_OPERATOR: Final = re.compile(
    r"===|!==|==|!=|<=|>=|=~|<|>|(?:subsetof|anyof|noneof|contains|nin|in|all|size|empty)(?![\w-])", re.IGNORECASE
)
_WORD: Final = re.compile(r"true|false|null", re.IGNORECASE)


def read_steps(reader: Reader) -> list[Step]:
    """All steps from here on, up to the end or to what belongs to no path."""
    steps: list[Step] = []
    while (step := _step(reader)) is not None:
        if steps and isinstance(steps[-1], Names):
            steps[-1] = Names(steps[-1].names, each=True)
        steps.append(step)
    return steps


def _step(reader: Reader) -> Step | None:
    if reader.take(".."):
        return Deep(_bracket(reader) if reader.take("[") else _dotted(reader))
    if reader.take("["):
        return _bracket(reader)
    start = reader.at
    if not reader.take("."):
        return None
    if reader.take("["):
        return _bracket(reader)
    if function_at(reader):
        reader.at = start
        return None
    return _dotted(reader)


def function_at(reader: Reader) -> str:
    """The name of the function that is called next, or ""."""
    found = re.compile(r"(\w+)\(").match(reader.text, reader.at)
    return found.group(1) if found else ""


def _dotted(reader: Reader) -> Step:
    if reader.take("*"):
        return Wildcard()
    if found := reader.match(_PLAIN):
        return Name(found.group())
    raise reader.error("expected a name or '*'")


def _bracket(reader: Reader) -> Step:
    reader.spaces()
    if reader.take("*"):
        reader.expect("]")
        return Wildcard()
    if reader.take("?"):
        return _filter(reader)
    if found := reader.match(_INDEXES):
        indexes = tuple(int(each) for each in found.group(1).split(","))
        return Index(indexes[0]) if len(indexes) == 1 else Indexes(indexes)
    if found := reader.match(_SLICE):
        start, stop = (int(each) if each.strip("-") else None for each in found.groups())
        return Slice(start, stop)
    return _names(reader)


def _names(reader: Reader) -> Step:
    names = [_quoted(reader)]
    reader.spaces()
    while reader.take(","):
        reader.spaces()
        names.append(_quoted(reader))
        reader.spaces()
    reader.expect("]")
    return Name(names[0]) if len(names) == 1 else Names(tuple(names))


def _quoted(reader: Reader) -> str:
    found = reader.match(_QUOTED)
    if not found:
        raise reader.error("expected a name in quotes, an index, a slice, '*' or a filter")
    return re.sub(r"\\(.)", r"\1", found.group(1) if found.group(1) is not None else found.group(2))


def _filter(reader: Reader) -> Step:
    start = reader.at
    reader.expect("(")
    keep = _either(reader)
    reader.expect(")")
    text = reader.text[start : reader.at]
    reader.expect("]")
    return Filter(keep, text)


def _either(reader: Reader) -> Predicate:
    keep = _both(reader)
    reader.spaces()
    while reader.take("||"):
        keep = _or(keep, _both(reader))
        reader.spaces()
    return keep


def _both(reader: Reader) -> Predicate:
    keep = _term(reader)
    reader.spaces()
    while reader.take("&&"):
        keep = _and(keep, _term(reader))
        reader.spaces()
    return keep


def _or(one: Predicate, other: Predicate) -> Predicate:
    return lambda node, root: one(node, root) or other(node, root)


def _and(one: Predicate, other: Predicate) -> Predicate:
    return lambda node, root: one(node, root) and other(node, root)


def _not(keep: Predicate) -> Predicate:
    return lambda node, root: not keep(node, root)


def _term(reader: Reader) -> Predicate:
    reader.spaces()
    if reader.take("!"):
        return _not(_term(reader))
    if reader.take("("):
        keep = _either(reader)
        reader.expect(")")
        return keep
    return _comparison(reader)


def _comparison(reader: Reader) -> Predicate:
    left = _operand(reader)
    reader.spaces()
    found = reader.match(_OPERATOR)
    if not found:
        return lambda node, root: left(node, root) not in (UNDEFINED, [])
    compare = OPERATORS[found.group().lower()]
    reader.spaces()
    right = _operand(reader)
    return lambda node, root: compare(left(node, root), right(node, root))


def _operand(reader: Reader) -> Operand:
    if reader.take("@"):
        return _path_operand(read_steps(reader), of_node=True)
    if reader.take("$"):
        return _path_operand(read_steps(reader), of_node=False)
    value = _literal(reader)
    return lambda _node, _root: value


def _path_operand(steps: list[Step], *, of_node: bool) -> Operand:
    definite = all(step.definite for step in steps)

    def value(node: Any, root: Any) -> Any:
        try:
            found = walk(steps, node if of_node else root)
        except MissingPathError:
            return UNDEFINED
        return found[0] if definite else found

    return value


def _literal(reader: Reader) -> Any:
    if found := reader.match(_QUOTED):
        return re.sub(r"\\(.)", r"\1", found.group(1) if found.group(1) is not None else found.group(2))
    if found := reader.match(_NUMBER):
        return json.loads(found.group())
    if found := reader.match(_WORD):
        return json.loads(found.group().lower())
    if found := reader.match(_REGEX):
        return _regex(reader, found)
    if reader.take("["):
        return _list(reader)
    raise reader.error("expected a path that starts with '@' or '$', a string, a number, a list or /regex/")


def _regex(reader: Reader, found: re.Match[str]) -> FilterPattern:
    try:
        return FilterPattern(found.group(1), found.group(2))
    except PatternError as problem:
        raise reader.error(f"a regular expression that cannot be read ({problem})") from None


def _list(reader: Reader) -> list[Any]:
    items: list[Any] = []
    reader.spaces()
    while not reader.take("]"):
        if items:
            reader.expect(",")
            reader.spaces()
        items.append(_literal(reader))
        reader.spaces()
    return items
