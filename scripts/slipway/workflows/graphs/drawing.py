"""A graph as SVG: a file of its own, in light and dark mode, with the state of an execution in colour and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline_lambdas.report.kit.markup import Html, el, join
from pipeline_lambdas.report.kit.style import DARK, LIGHT
from pipeline_lambdas.report.kit.svg import fitted, path, px
from slipway.workflows.graphs.definition import END, START, Graph
from slipway.workflows.graphs.layout import HEADER, Box, Line, Placed, place
from slipway.workflows.progress import TONES, Progress, sign

_EDGE, _TITLE = 16.0, 34.0
_WIDE = 660.0
"""From here on a picture leaves no room beside it on a page."""
_KEYS = ("page", "text", "muted", "line", "axis", "good", "bad", "warn", "open")
_PANELS = ("good", "bad", "warn", "open")


def draw(graph: Graph, title: str, progress: Mapping[str, Progress] | None = None) -> str:
    """Return the SVG of a graph; with `progress`, each state as far as an execution has come."""
    placed = place(graph)
    width, height = max(placed.width, 320.0) + 2 * _EDGE, placed.height + 2 * _EDGE + _TITLE
    left = _EDGE + (width - 2 * _EDGE - placed.width) / 2
    known = progress or {}
    return el(
        "svg",
        el("title", title),
        el("desc", "; ".join(_described(graph, known))),
        Html(f"<style>{_style()}</style>"),
        el("defs", _arrow()),
        el("rect", width="100%", height="100%", class_="page"),
        el("text", title, x=px(_EDGE), y=px(_EDGE + 12), class_="head"),
        _moved(placed, {name: Shown(told) for name, told in known.items()}, left, _EDGE + _TITLE),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {px(width)} {px(height)}",
        width=px(width),
        height=px(height),
        role="img",
    ) + Html("\n")


@dataclass(frozen=True, slots=True)
class Shown:
    """How a state is drawn: how far it has come, the page that its box leads to, whether that page shows it."""

    told: Progress | None = None
    address: str | None = None
    chosen: bool = False


def picture(graph: Graph, title: str, states: Mapping[str, Shown]) -> Html:
    """Return a graph as a part of a page, whose style sheet has the rules; states are links where they have one."""
    placed = place(graph)
    width, height = placed.width + 2 * _EDGE, placed.height + 2 * _EDGE
    return el(
        "svg",
        el("defs", _arrow()),
        _moved(placed, states, _EDGE, _EDGE),
        viewBox=f"0 0 {px(width)} {px(height)}",
        width=px(width),
        height=px(height),
        role="group" if any(one.address for one in states.values()) else "img",
        aria_label=title,
        class_="graph wide" if width > _WIDE else "graph",
    )


def _arrow() -> Html:
    return el(
        "marker",
        el("path", d="M0 0L8 4L0 8z", class_="tip"),
        id="arrow",
        viewBox="0 0 8 8",
        refX=8,
        refY=4,
        markerWidth=7,
        markerHeight=7,
        orient="auto-start-reverse",
    )


def _moved(placed: Placed, states: Mapping[str, Shown], left: float, top: float) -> Html:
    nested = {box.node.parent for box in placed.boxes}
    boxes = (_linked(box, states.get(box.node.name, Shown()), nested) for box in placed.boxes)
    return el("g", *boxes, *map(_line, placed.lines), transform=f"translate({px(left)} {px(top)})")


def _linked(box: Box, shown: Shown, nested: set[str]) -> Html:
    drawn = _box(box, shown, nested)
    if shown.address is None:
        return drawn
    told = shown.told.words if shown.told else "not entered"
    name = f"{box.node.name}: {box.node.type}, {told}"
    return el("a", drawn, href=shown.address, aria_label=name, aria_current="true" if shown.chosen else None)


def _described(graph: Graph, known: Mapping[str, Progress]) -> Iterator[str]:
    for node in graph.states:
        told = known.get(node.name)
        yield f"{node.name} ({node.type}{f', {told.words}' if told else ''})"


def _box(box: Box, shown: Shown, nested: set[str]) -> Html:
    name, told = box.node.name, shown.told
    style = " ".join(
        filter(None, ("state", TONES.get(told.status) if told else None, "chosen" if shown.chosen else ""))
    )
    around = {"x": px(box.x - box.width / 2), "y": px(box.y - box.height / 2)}
    shape = el("rect", **around, width=px(box.width), height=px(box.height), rx=6, class_=style)
    if name in {START, END}:
        shape = el("rect", **around, width=px(box.width), height=px(box.height), rx=px(box.height / 2), class_="point")
        return el("g", shape, _words("Start" if name == START else "End", box.x, box.y + 4))
    said = f"{sign(told.status)} {told.words}" if told else box.node.type
    if name in nested:
        top = box.y - box.height / 2
        return el("g", shape, _words(fitted(f"{name} ({said})", box.width * 0.95), box.x, top + HEADER - 4))
    name_line = _words(fitted(name, box.width), box.x, box.y - 2)
    return el("g", shape, name_line, _words(fitted(said, box.width), box.x, box.y + 13, "small"))


def _line(line: Line) -> Html:
    return el("path", d=path(line.points), class_=f"edge {line.edge.kind}", marker_end="url(#arrow)")


def _words(text: str, x: float, y: float, style: str = "") -> Html:
    return el("text", text, x=px(x), y=px(y), class_=f"middle {style}".strip())


def _style() -> str:
    light = "".join(f"--{key}:{LIGHT[key]};" for key in (*_KEYS, *(f"{one}-panel" for one in _PANELS)))
    dark = "".join(f"--{key}:{DARK[key]};" for key in (*_KEYS, *(f"{one}-panel" for one in _PANELS)))
    states = "".join(f".{one}{{stroke:var(--{one});fill:var(--{one}-panel);stroke-width:2}}" for one in _PANELS)
    return str(
        join(
            Html(f"svg{{{light}font:12px system-ui,sans-serif}}"),
            Html(f"@media(prefers-color-scheme:dark){{svg{{{dark}}}}}"),
            Html(".page,.state,.point{fill:var(--page)}.state,.point{stroke:var(--axis)}"),
            Html(states),
            Html("text{fill:var(--text)}.middle{text-anchor:middle}.small{fill:var(--muted);font-size:10px}"),
            Html(".head{font-size:14px;font-weight:600}.edge{fill:none;stroke:var(--axis)}.tip{fill:var(--axis)}"),
            Html(".catch{stroke:var(--bad);stroke-dasharray:5 3}.choice{stroke:var(--open)}"),
        )
    )
