"""A state machine's graph on a page, with how far an execution has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from pipeline_lambdas.report.kit.markup import Html, el
from slipway.workflows.graphs.definition import Graph, inner_scopes, read_graph
from slipway.workflows.progress import Progress
from slipway.workflows.sources import read_json

_KEPT = 32


@lru_cache(maxsize=_KEPT)
def graph_of(definition: str, name: str, label: str = "") -> Graph:
    """Return the graph of a definition as text; with `label`, of what a child of that distributed Map runs."""
    whole = read_json(definition, name)
    return read_graph(next(_labelled(whole, label), whole) if label else whole)


def _labelled(scope: Mapping[str, Any], label: str) -> Iterator[Mapping[str, Any]]:
    """The scopes of the Maps with a label, which is a definition's own, or else one that Step Functions gave."""
    for state in scope["States"].values():
        for inner in inner_scopes(state):
            if state.get("Label") == label:
                yield inner
            yield from _labelled(inner, label)


def graph(
    machine: Mapping[str, Any],
    title: str,
    states: Mapping[str, Progress] | None = None,
    address: Callable[[str], str] | None = None,
    chosen: str = "",
) -> Html:
    """Return the picture in a box that scrolls; `address` is that of a state's page."""
    from slipway.workflows.graphs.drawing import Shown, picture  # noqa: PLC0415 - loads the layout

    found, known = graph_of(machine["definition"], machine["name"], str(machine.get("label") or "")), states or {}
    shown = {
        node.name: Shown(known.get(node.name), address(node.name) if address else None, node.name == chosen)
        for node in found.states
    }
    drawn = picture(found, title, shown)
    keys = el("p", "Solid: next; blue: a choice; red and dashed: after an error that is caught.", class_="note")
    return el(
        "div", el("div", drawn, class_="scroll", role="region", tabindex=0, aria_label=f"{title}, which scrolls"), keys
    )
