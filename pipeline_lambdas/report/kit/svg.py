"""Charts as SVG: axes, and marks within them. Colours come from the page's style.

Sizes are pixels at a scale of one to one; a page shows a chart as wide as its column, on a phone a little smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline_lambdas.report.kit.markup import Html, el, join
from pipeline_lambdas.report.kit.scales import Scale

WIDTH = 360.0
HEIGHT = 260.0
FONT = 11.0
_CHARACTER = 0.56 * FONT
"""About the width of a character of a system font."""
TOP, RIGHT, BOTTOM, _LEGEND = 10.0, 16.0, 40.0, 20.0


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its label with the unit, its scale, and its ticks if they are not the scale's own."""

    label: str
    scale: Scale
    ticks: Sequence[tuple[float, str]] | None = None

    def marks(self, most: int) -> Sequence[tuple[float, str]]:
        return self.scale.ticks(most) if self.ticks is None else self.ticks


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend: the class of the mark, its shape (a line or a square), and its name."""

    style: str
    name: str


class Chart:
    """Axes around an area; `x` and `y` map values onto it, and `add` paints in the order of the calls."""

    def __init__(self, x: Axis, y: Axis, keys: Sequence[Key] = (), *, square: bool = False) -> None:
        labels = y.marks(6)
        widest = max((width(text) for _, text in labels), default=0.0)
        self.left = 24 + widest
        self.right = WIDTH - RIGHT
        lines = legend_lines(keys)
        self.top = TOP + _LEGEND * len(lines)
        self.bottom = self.top + (self.right - self.left if square else HEIGHT - TOP - BOTTOM)
        self.x = x.scale.on(self.left, self.right)
        self.y = y.scale.on(self.bottom, self.top)
        self._parts: list[Html] = [legend(lines, self.left), self._across(y, labels), self._up(x)]

    def add(self, *parts: Html) -> None:
        self._parts += parts

    def line(self, values: Iterable[tuple[float, float]], style: str) -> None:
        """Paint a line through points."""
        self.add(el("path", d=path(((self.x(x), self.y(y)) for x, y in values)), class_=f"line {style}"))

    def svg(self, key: str, title: str, description: str) -> Html:
        """Return the chart as an image, with a name and a description for screen readers."""
        return image(key, title, description, self.bottom + BOTTOM, self._parts)

    def _across(self, axis: Axis, ticks: Sequence[tuple[float, str]]) -> Html:
        places = [(self.y(value), text) for value, text in ticks]
        middle = (self.top + self.bottom) / 2
        grid = "".join(f"M{px(self.left)} {px(y)}H{px(self.right)}" for y, _ in places)
        return join(
            words(axis.label, 11, middle, "name middle", transform=f"rotate(-90 11 {px(middle)})"),
            el("path", d=grid, class_="grid"),
            *(words(text, self.left - 6, y + 4, "tick end") for y, text in places),
        )

    def _up(self, axis: Axis) -> Html:
        widest = max((width(text) for _, text in axis.marks(6)), default=0.0)
        most = int((self.right - self.left) / (widest + 14))
        return across(axis.label, self.x, axis.marks(max(2, min(8, most))), self.bottom)


def across(label: str, scale: Scale, ticks: Sequence[tuple[float, str]], y: float) -> Html:
    """Return a horizontal axis at a height, with its ticks and its label below."""
    marks = "".join(f"M{px(scale(value))} {px(y)}v4" for value, _ in ticks)
    return join(
        el("path", d=f"M{px(scale.start)} {px(y)}H{px(scale.end)}{marks}", class_="axis"),
        *(words(text, scale(value), y + 17, "tick middle") for value, text in ticks),
        words(label, (scale.start + scale.end) / 2, y + 34, "name middle"),
    )


def words(text: str, x: float, y: float, style: str, **attributes: str) -> Html:
    """Return a text with its baseline at a position."""
    return el("text", text, x=px(x), y=px(y), class_=style, **attributes)


def image(key: str, title: str, description: str, height: float, parts: Iterable[Html]) -> Html:
    """Return an SVG image of the usual width; `key` makes its ids unique on the page."""
    return el(
        "svg",
        el("title", title, id=f"{key}-title"),
        el("desc", description, id=f"{key}-desc"),
        *parts,
        viewBox=f"0 0 {px(WIDTH)} {px(height)}",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
    )


def legend_lines(keys: Sequence[Key]) -> list[list[Key]]:
    """Distribute the entries of a legend over as many lines as they need."""
    lines: list[list[Key]] = []
    used = WIDTH
    for key in keys:
        needed = width(key.name) + 36
        if used + needed > WIDTH - 40:
            lines.append([])
            used = 0.0
        lines[-1].append(key)
        used += needed
    return lines


def legend(lines: Sequence[Sequence[Key]], left: float) -> Html:
    parts: list[Html] = []
    for row, keys in enumerate(lines):
        x, y = left, TOP + 4 + _LEGEND * row
        for key in keys:
            shape = (
                el("path", d=f"M{px(x)} {px(y)}h16", class_=key.style)
                if key.style.startswith("line")
                else el("rect", x=px(x + 2), y=px(y - 5), width=10, height=10, class_=key.style)
            )
            parts += [shape, words(key.name, x + 21, y + 4, "tick")]
            x += width(key.name) + 36
    return join(*parts)


def block(x: float, y: float, right: float, bottom: float, style: str) -> Html:
    """Return a rectangle between two corners."""
    return el("rect", x=px(x), y=px(y), width=px(max(0.0, right - x)), height=px(max(0.0, bottom - y)), class_=style)


def path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{px(x)} {px(y)}" for x, y in points)


def width(text: str) -> float:
    """Estimate the width of a text in pixels."""
    return len(text) * _CHARACTER


def fitted(text: str, pixels: float) -> str:
    """Cut a text to a width."""
    most = max(2, int(pixels / _CHARACTER))
    return text if len(text) <= most else text[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def px(value: float) -> str:
    """Write a coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0").replace("-0.0", "0") if abs(value) >= 0.05 else "0"
