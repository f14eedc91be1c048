"""The graph of a state machine, read from its definition: states, the states within them, and transitions.

https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["next", "choice", "catch"]
START, END = "\N{BLACK CIRCLE} start", "\N{BLACK CIRCLE} end"
"""Nodes that are no states."""


@dataclass(frozen=True)
class Node:
    """A state by its name, which is unique over the whole machine; `parent` is the Map or Parallel around it."""

    name: str
    type: str
    parent: str = ""
    depth: int = 0


@dataclass(frozen=True)
class Edge:
    source: str
    target: str
    kind: Kind = "next"


@dataclass(frozen=True)
class Graph:
    """States in the order of the definition; transitions stay within one Map, Parallel or machine."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def states(self) -> tuple[Node, ...]:
        """The nodes that are states."""
        return tuple(node for node in self.nodes if node.name not in {START, END})

    def has_inner(self, name: str) -> bool:
        return any(node.parent == name for node in self.nodes)


def read_graph(definition: Mapping[str, Any]) -> Graph:
    """Return the graph of a definition that Step Functions has accepted."""
    nodes, edges = list(_nodes(definition, "", 0)), list(_edges(definition))
    states = definition["States"]
    last = [name for name, state in states.items() if state.get("End") or state["Type"] == "Succeed"]
    end = [Node(END, "End")] if last else []
    edges = [Edge(START, definition["StartAt"]), *edges, *(Edge(name, END) for name in last)]
    return Graph((Node(START, "Start"), *nodes, *end), tuple(dict.fromkeys(edges)))


def inner_scopes(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The branches of a Parallel, or the processor of a Map."""
    processor = state.get("ItemProcessor") or state.get("Iterator")
    return [*state.get("Branches", []), *([processor] if processor else [])]


def _nodes(scope: Mapping[str, Any], parent: str, depth: int) -> Iterator[Node]:
    for name, state in scope["States"].items():
        yield Node(name, state["Type"], parent, depth)
        for inner in inner_scopes(state):
            yield from _nodes(inner, name, depth + 1)


def _edges(scope: Mapping[str, Any]) -> Iterator[Edge]:
    for name, state in scope["States"].items():
        targets: list[tuple[Kind, str | None]] = [("next", state.get("Next")), ("choice", state.get("Default"))]
        targets += [("choice", rule["Next"]) for rule in state.get("Choices", [])]
        targets += [("catch", catch["Next"]) for catch in state.get("Catch", [])]
        yield from (Edge(name, target, kind) for kind, target in targets if target)
        for inner in inner_scopes(state):
            yield from _edges(inner)
