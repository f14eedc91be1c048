"""The steps of a JSONPath and what each selects, as the library that AWS runs does it (Jayway's JsonPath).

A step selects from one node any number of others. A path is definite while each step can select at most one; then what
is missing is an error, and after the first indefinite step it is left out. https://github.com/json-path/JsonPath
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

Predicate = Callable[[Any, Any], bool]
"""Whether a filter keeps a node (the first argument) of a document (the second)."""


class MissingPathError(Exception):
    """A path leads nowhere. `beyond` is True where an array is too short for the path's last index."""

    def __init__(self, reason: str, *, beyond: bool = False) -> None:
        super().__init__(reason)
        self.beyond = beyond


class Step:
    """One step; `definite` where it selects at most one node."""

    definite: ClassVar[bool] = False

    def select(self, node: Any, _root: Any) -> Iterator[Any]:
        """The nodes that this step leads to."""
        raise NotImplementedError

    def refusal(self, node: Any) -> str:
        """Why a node can have nothing to select, or "" where it merely has not."""
        return "" if isinstance(node, list | dict) else f"Expected an array or an object but found '{_java(node)}'."


@dataclass(frozen=True, slots=True)
class Name(Step):
    """`.name` or `['name']`."""

    name: str
    definite: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"['{self.name}']"

    def select(self, node: Any, _root: Any) -> Iterator[Any]:
        if isinstance(node, dict) and self.name in node:
            yield node[self.name]

    def refusal(self, node: Any) -> str:
        if isinstance(node, dict):
            return ""
        return f"Expected to find an object with property {self} but found '{_java(node)}'."


@dataclass(frozen=True, slots=True)
class Names(Step):
    """`['a','b']`: an object of these at the end of a path, each value by itself before it (`each`)."""

    names: tuple[str, ...]
    each: bool = False

    def __str__(self) -> str:
        return "[" + ",".join(f"'{name}'" for name in self.names) + "]"

    def select(self, node: Any, _root: Any) -> Iterator[Any]:
        if not isinstance(node, dict):
            return
        found = {name: node[name] for name in self.names if name in node}
        if self.each:
            yield from found.values()
        else:
            yield found


@dataclass(frozen=True, slots=True)
class _ArrayStep(Step):
    def refusal(self, node: Any) -> str:
        if isinstance(node, list):
            return ""
        return f"Filter: {self} can only be applied to arrays. Current context is: {_java(node)}"


@dataclass(frozen=True, slots=True)
class Index(_ArrayStep):
    """`[n]`; counted from the end where n is negative."""

    index: int
    definite: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"[{self.index}]"

    def select(self, node: Any, _root: Any) -> Iterator[Any]:
        if isinstance(node, list) and -len(node) <= self.index < len(node):
            yield node[self.index]


@dataclass(frozen=True, slots=True)
class Indexes(_ArrayStep):
    """`[0,2]`."""

    indexes: tuple[int, ...]

    def __str__(self) -> str:
        return "[" + ",".join(map(str, self.indexes)) + "]"

    def select(self, node: Any, root: Any) -> Iterator[Any]:
        for index in self.indexes:
            yield from Index(index).select(node, root)


@dataclass(frozen=True, slots=True)
class Slice(_ArrayStep):
    """`[from:to]`. Unlike Python's, a negative `to` beside a `from` that is not negative selects nothing."""

    start: int | None
    stop: int | None

    def __str__(self) -> str:
        return f"[{'' if self.start is None else self.start}:{'' if self.stop is None else self.stop}]"

    def select(self, node: Any, root: Any) -> Iterator[Any]:
        if not isinstance(node, list):
            return
        if self.start is None or self.stop is None:
            yield from node[self.start : self.stop]
            return
        for index in range(self.start, min(self.stop, len(node))):
            yield from Index(index).select(node, root)


@dataclass(frozen=True, slots=True)
class Wildcard(Step):
    """`*`: every element of an array, every value of an object."""

    def __str__(self) -> str:
        return "[*]"

    def select(self, node: Any, _root: Any) -> Iterator[Any]:
        if isinstance(node, list):
            yield from node
        elif isinstance(node, dict):
            yield from node.values()


@dataclass(frozen=True, slots=True)
class Filter(Step):
    """`[?(…)]`: the elements of an array that it keeps; of an object, the object itself."""

    keep: Predicate
    text: str

    def __str__(self) -> str:
        return "[?]"

    def select(self, node: Any, root: Any) -> Iterator[Any]:
        for candidate in node if isinstance(node, list) else [node] if isinstance(node, dict) else []:
            if self.keep(candidate, root):
                yield candidate


@dataclass(frozen=True, slots=True)
class Deep(Step):
    """`..` and the step after it: that step at the node and at all nodes below it."""

    step: Step

    def __str__(self) -> str:
        return f"..{self.step}"

    def select(self, node: Any, root: Any) -> Iterator[Any]:
        pending = [node]
        while pending:
            here = pending.pop()
            if isinstance(here, list | dict):
                if not (isinstance(self.step, Filter) and isinstance(here, list)):
                    yield from self.step.select(here, root)
                pending.extend(reversed(here if isinstance(here, list) else list(here.values())))

    def refusal(self, node: Any) -> str:
        del node  # a scalar has nothing below it, which is no error
        return ""


def walk(steps: Sequence[Step], document: Any) -> list[Any]:
    """All nodes that steps select in a document. Raises MissingPathError while the path is definite."""
    nodes, definite = [document], True
    for position, step in enumerate(steps):
        found = [each for node in nodes for each in step.select(node, document)]
        if definite and not found:
            _check_missing(steps, position, nodes[0])
        definite = definite and step.definite
        nodes = found
    return nodes


def _check_missing(steps: Sequence[Step], position: int, node: Any) -> None:
    step, here = steps[position], "$" + "".join(map(str, steps[:position]))
    if node is None and not isinstance(step, Deep):
        raise MissingPathError(f"The path {here} is null")
    if refusal := step.refusal(node):
        raise MissingPathError(refusal)
    if not step.definite:
        return
    if position + 1 < len(steps):
        raise MissingPathError(f"Missing property in path {here}{step}")
    raise MissingPathError(f"No results for path: {here}{step}", beyond=isinstance(step, Index))


def _java(node: Any) -> str:
    return str(node).lower() if isinstance(node, bool) else str(node)
