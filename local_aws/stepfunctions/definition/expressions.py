"""JSONata expressions as the definition holds them: whether they parse, and what they refer to.

AWS evaluates an expression without a context item, so it refuses a name, `$` or `$$` at the top level, and fields of
`$states` that do not exist where the expression stands; observed on AWS.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

OPENING, CLOSING = "{%", "%}"


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is known of one expression; `error` is the parser's message, and the rest is empty then."""

    error: str = ""
    top_level: tuple[str, ...] = ()
    states_fields: tuple[str, ...] = ()
    variables: frozenset[str] = frozenset()


def is_expression(value: object) -> bool:
    """Whether a string is an expression: it begins with `{%` and ends with `%}`, without a space outside."""
    return isinstance(value, str) and value.startswith(OPENING) and value.endswith(CLOSING) and len(value) >= 4


def inner(text: str) -> str:
    """An expression without its braces."""
    return text[len(OPENING) : -len(CLOSING)].strip()


@lru_cache(maxsize=2048)
def analyse(expression: str) -> Analysis:
    """Parse the text between `{%` and `%}`."""
    from local_aws.stepfunctions.jsonata import JException, Parser  # noqa: PLC0415 - only where JSONata is used

    try:
        return _Reader().read(Parser().parse(expression))
    except JException as error:
        return Analysis(error=_told(error))
    except IndexError:  # what the parser does at the end of an open comment
        return Analysis(error="Comment has no closing tag")
    except (RecursionError, re.error) as error:
        return Analysis(error=f"Invalid expression: {error}")


def _told(error: Any) -> str:
    """The message as the reference implementation words it: with its values quoted."""
    if error.current is None:
        return str(error)
    template = error.error_codes.get(error.error, str(error))
    names = {"{{token}}": error.current, "{{value}}": error.current if "{{token}}" not in template else error.expected}
    if error.error == "S0202":
        names = {"{{value}}": error.current, "{{token}}": error.expected}
    for name, value in names.items():
        template = template.replace(name, json.dumps(value, ensure_ascii=False, default=str))
    return str(template)


@lru_cache(maxsize=1)
def _built_in() -> frozenset[str]:
    """The functions of JSONata, which an expression names like variables, and the six that AWS adds.

    https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
    """
    from local_aws.stepfunctions.jsonata import Jsonata  # noqa: PLC0415 - imported only where a definition uses JSONata

    Jsonata("1")  # the first expression fills the table
    return frozenset(Jsonata.static_frame.bindings) | {"partition", "range", "hash", "random", "uuid", "parse"}


class _Reader:
    """Walks the tree of one expression."""

    def __init__(self) -> None:
        self.top_level: dict[str, None] = {}
        self.states_fields: dict[str, None] = {}
        self.used: set[str] = set()
        self.bound: set[str] = set()

    def read(self, tree: Any) -> Analysis:
        self._walk(tree, top=True)
        variables = frozenset(self.used - self.bound - {"states"} - _built_in())
        return Analysis("", tuple(self.top_level), tuple(self.states_fields), variables)

    def _walk(self, node: Any, *, top: bool) -> None:
        """`top` holds while there is no context item: names read one there."""
        self.bound.update(_positions(node))
        reader = getattr(self, f"_{node.type}", None)
        if reader:
            reader(node, top)
        else:
            self._children(node, top)

    def _children(self, node: Any, top: bool) -> None:
        for child in _parts(node):
            self._walk(child, top=top)
        for child in _relative_parts(node):
            self._walk(child, top=False)

    def _path(self, node: Any, top: bool) -> None:
        first, *rest = node.steps
        self._walk(first, top=top)
        if first.type == "variable" and first.value == "states" and rest and rest[0].type == "name":
            self.states_fields[rest[0].value] = None
        for step in rest:
            self._walk(step, top=False)
        for child in _relative_parts(node):
            self._walk(child, top=False)

    def _name(self, node: Any, top: bool) -> None:
        if top:
            self.top_level[str(node.value)] = None
        self._children(node, top)

    def _wildcard(self, node: Any, top: bool) -> None:
        self._name(node, top)

    def _descendant(self, node: Any, top: bool) -> None:
        self._name(node, top)

    def _variable(self, node: Any, top: bool) -> None:
        if node.value == "$":
            self.top_level["$$"] = None
        elif node.value:
            self.used.add(str(node.value))
        elif top:
            self.top_level["$"] = None
        self._children(node, top)

    def _function(self, node: Any, top: bool) -> None:
        if node.procedure.type != "variable":
            self._walk(node.procedure, top=top)
        self._children(node, top)

    def _partial(self, node: Any, top: bool) -> None:
        self._function(node, top)

    def _bind(self, node: Any, top: bool) -> None:
        self.bound.add(str(node.lhs.value))
        self._walk(node.rhs, top=top)

    def _lambda(self, node: Any, top: bool) -> None:
        self.bound.update(str(argument.value) for argument in node.arguments)
        self._walk(node.body, top=top)


def _positions(node: Any) -> Iterator[str]:
    """The variables that a step binds: `@$item` and `#$index`."""
    yield from (str(name) for key in ("focus", "index") if isinstance(name := getattr(node, key, None), str))
    stages = getattr(node, "stages", None) or ()
    yield from (str(stage.value) for stage in stages if stage.type == "index")


def _parts(node: Any) -> Iterator[Any]:
    """The parts that are evaluated where `node` is."""
    for name in ("lhs", "rhs", "expression", "condition", "then", "_else", "body"):
        if (part := getattr(node, name, None)) is not None and hasattr(part, "type"):
            yield part
    for name in ("arguments", "expressions"):
        yield from (part for part in getattr(node, name, None) or () if hasattr(part, "type"))
    for pair in getattr(node, "lhs_object", None) or ():
        yield from pair


def _relative_parts(node: Any) -> Iterator[Any]:
    """The parts that are evaluated on what `node` found."""
    for name in ("stages", "predicate"):
        for stage in getattr(node, name, None) or ():
            if getattr(stage, "expr", None) is not None:
                yield stage.expr
    yield from (term.expression for term in getattr(node, "terms", None) or ())
    group = getattr(node, "group", None)
    for pair in (group.lhs_object if group is not None else None) or ():
        yield from pair
    yield from (part for name in ("pattern", "update", "delete") if (part := getattr(node, name, None)) is not None)
