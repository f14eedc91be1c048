"""Where the states of a graph go. The one module that knows graphlay, which lays graphs out in layers.

https://aarkue.github.io/graphlay/docs/guide
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import graphlay

from slipway.workflows.graphs.definition import END, START, Edge, Graph, Node

_KEPT = 64
"""Laid out graphs that are kept, for a page that is drawn again and again."""
_CHARACTER = 7.2
_SIDE, _NARROWEST, _WIDEST_PX = 28.0, 128.0, 260.0
_STATE_HEIGHT, _TERMINAL = 40.0, (58.0, 26.0)
HEADER = 26.0
"""Height of the title of a Map or a Parallel."""
_OPTIONS = {
    "direction": "topbottom",
    "spacing": {"layer_gap": 38.0, "node_gap": 34.0, "compound_padding": 18.0, "compound_header": HEADER},
}
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A node with its middle and its size, in pixels from the upper left corner."""

    node: Node
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """A transition with the corners of its line."""

    edge: Edge
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Placed:
    """All of a graph, and the size of the drawing; boxes around others come before them."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


@lru_cache(maxsize=_KEPT)
def place(graph: Graph) -> Placed:
    """Lay out a graph; the same graph is always laid out the same way."""
    drawing = graphlay.Graph()
    numbers: dict[str, int] = {}
    for node in graph.nodes:
        width, height = _size(node)
        inside: dict[str, Any] = {"parent": numbers[node.parent]} if node.parent else {}
        numbers[node.name] = drawing.node(node.name, width=width, height=height, **inside)
    for edge in graph.edges:
        drawing.edge(edge.source, edge.target)
    laid = graphlay.layout(drawing, options=_OPTIONS)
    low, high = laid.bounds["min"], laid.bounds["max"]
    boxes = tuple(
        Box(node, at["center"]["x"] - low["x"], at["center"]["y"] - low["y"], at["size"]["width"], at["size"]["height"])
        for node, at in zip(graph.nodes, laid.nodes, strict=True)
    )
    tops = {box.node.name: box.y - box.height / 2 for box in boxes}
    lines = tuple(
        Line(
            edge, _to_border([(one["x"] - low["x"], one["y"] - low["y"]) for one in drawn["points"]], tops[edge.target])
        )
        for edge, drawn in zip(graph.edges, laid.edges, strict=True)
    )
    return Placed(boxes, lines, high["x"] - low["x"], high["y"] - low["y"])


def _to_border(points: list[Point], top: float) -> tuple[Point, ...]:
    """End a line at the border of its target: of a box with a title it is led below the title."""
    x, y = points[-1]
    return (*points[:-1], (x, top if top < y <= top + HEADER else y))


def _size(node: Node) -> Point:
    if node.name in {START, END}:
        return _TERMINAL
    return min(_WIDEST_PX, max(_NARROWEST, len(node.name) * _CHARACTER + _SIDE)), _STATE_HEIGHT
