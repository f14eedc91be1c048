"""Graphs of state machines: read from definitions, laid out, drawn."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from slipway.workflows.graphs.definition import END, START, Edge, read_graph
from slipway.workflows.graphs.drawing import draw
from slipway.workflows.graphs.layout import Box, Placed, place
from slipway.workflows.progress import Progress

from workflows.tabular.__main__ import DEFINITIONS

PASS = {"Type": "Pass", "End": True}
NESTED: dict[str, Any] = {
    "StartAt": "Choose",
    "States": {
        "Choose": {"Type": "Choice", "Choices": [{"Next": "Both"}, {"Next": "Each"}], "Default": "Stop"},
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "One", "States": {"One": PASS}},
                {"StartAt": "Two", "States": {"Two": {"Type": "Pass", "Next": "Three"}, "Three": PASS}},
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Stop"}],
            "Next": "Each",
        },
        "Each": {"Type": "Map", "Iterator": {"StartAt": "Item", "States": {"Item": PASS}}, "End": True},
        "Stop": {"Type": "Fail"},
    },
}
ALL = [NESTED, *(workflow.definition() for workflow in DEFINITIONS.values())]


def test_states_and_transitions() -> None:
    graph = read_graph(NESTED)
    assert {node.name: (node.type, node.parent, node.depth) for node in graph.states} == {
        "Choose": ("Choice", "", 0),
        "Both": ("Parallel", "", 0),
        "One": ("Pass", "Both", 1),
        "Two": ("Pass", "Both", 1),
        "Three": ("Pass", "Both", 1),
        "Each": ("Map", "", 0),
        "Item": ("Pass", "Each", 1),
        "Stop": ("Fail", "", 0),
    }
    assert set(graph.edges) == {
        Edge(START, "Choose"),
        Edge("Choose", "Both", "choice"),
        Edge("Choose", "Each", "choice"),
        Edge("Choose", "Stop", "choice"),
        Edge("Both", "Each"),
        Edge("Both", "Stop", "catch"),
        Edge("Two", "Three"),
        Edge("Each", END),
    }


def inside(inner: Box, outer: Box) -> bool:
    return (
        abs(inner.x - outer.x) <= (outer.width - inner.width) / 2
        and abs(inner.y - outer.y) <= (outer.height - inner.height) / 2
    )


def apart(one: Box, other: Box) -> bool:
    return (
        abs(one.x - other.x) >= (one.width + other.width) / 2 or abs(one.y - other.y) >= (one.height + other.height) / 2
    )


def touches(point: tuple[float, float], box: Box) -> bool:
    """Whether a point lies on the border of a box."""
    across, up = abs(abs(point[0] - box.x) - box.width / 2), abs(abs(point[1] - box.y) - box.height / 2)
    return min(across, up) < 0.01


@pytest.mark.parametrize("definition", ALL)
def test_boxes_do_not_overlap_and_lines_join_them(definition: dict[str, Any]) -> None:
    placed: Placed = place(read_graph(definition))
    boxes = {box.node.name: box for box in placed.boxes}
    for box in placed.boxes:
        assert -0.01 <= box.x - box.width / 2 <= box.x + box.width / 2 <= placed.width + 0.01
        assert -0.01 <= box.y - box.height / 2 <= box.y + box.height / 2 <= placed.height + 0.01
        if box.node.parent:
            assert inside(box, boxes[box.node.parent])
        others = [one for one in placed.boxes if one is not box and one.node.parent == box.node.parent]
        assert all(apart(box, other) for other in others)
    for line in placed.lines:
        assert touches(line.points[0], boxes[line.edge.source]), line
        assert touches(line.points[-1], boxes[line.edge.target]), line


@pytest.mark.parametrize("definition", ALL)
def test_a_drawing_is_one_file_and_always_the_same(definition: dict[str, Any]) -> None:
    graph = read_graph(definition)
    drawn = draw(graph, "a & b")
    assert drawn == draw(graph, "a & b")
    root = ET.fromstring(drawn)  # noqa: S314 - made here
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text or "" for text in root.iter(f"{space}text")]
    assert texts[0] == "a & b"
    for node in graph.states:
        assert any(text.startswith(node.name) for text in texts), node
    assert len(list(root.iter(f"{space}path"))) == len(graph.edges) + 1
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", drawn)
    assert "prefers-color-scheme:dark" in drawn


def test_colour_and_words_of_an_execution() -> None:
    told = {
        "Choose": Progress("succeeded"),
        "Both": Progress("running"),
        "One": Progress("failed", 3, 2, 1),
        "Two": Progress("caught"),
        "Three": Progress("aborted"),
    }
    drawn = draw(read_graph(NESTED), "now", told)
    for style, said in (
        ("good", "Choice, succeeded"),
        ("bad", "Pass, failed 2 of 3, 1 failed"),
        ("warn", "Pass, caught"),
    ):
        assert f'class="state {style}"' in drawn
        assert said[:16] in drawn
    assert "Both (Parallel, running)" in drawn
    assert "Stop (Fail)" in drawn
