"""Releases as lines across an axis for each metric: parallel coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.scales import Scale, linear
from pipeline_lambdas.report.kit.svg import fitted, path, px, words
from pipeline_lambdas.report.kit.text import number
from slipway.terminal.directions import Direction

_TOP, _HEIGHT, _LEFT, _STEP, _RIGHT, _MARGIN = 44.0, 240.0, 64.0, 132.0, 120.0, 26.0
_WIDTH = 660.0
"""Between the outer axes, unless they are so many that it takes more."""
_STYLES = 4
_MOST_COLOURED = 8
"""Of more lines only the first ones are told apart."""
_LABEL_APART = 13.0


@dataclass(frozen=True, slots=True)
class Line:
    """A release: its name, and its metrics."""

    name: str
    values: Mapping[str, float]


def parallel(lines: Sequence[Line], directions: Mapping[str, Direction]) -> Html | None:
    """Return the lines; an axis on which less is better stands on its head. None for fewer than two axes or lines.

    `directions` holds the metrics in the order of the axes.
    """
    axes = [name for name in directions if sum(name in line.values for line in lines) > 1]
    if len(axes) < 2 or len(lines) < 2:
        return None
    scales = {
        name: _scale([line.values[name] for line in lines if name in line.values], directions[name]) for name in axes
    }
    step = max(_STEP, _WIDTH / (len(axes) - 1))
    across = {name: _LEFT + place * step for place, name in enumerate(axes)}
    total = _LEFT + step * (len(axes) - 1) + _RIGHT
    drawn = [_line(place, line, scales, across, few=len(lines) <= _MOST_COLOURED) for place, line in enumerate(lines)]
    svg = el(
        "svg",
        el("title", "Metrics of the releases, a line for each", id="parallel-name"),
        el("desc", "The table above holds the same values. Upwards is better where that is known.", id="parallel-told"),
        *(_axis(name, scales[name], across[name], directions[name]) for name in axes),
        *reversed(drawn),
        *_labels(lines, scales[axes[-1]], across[axes[-1]], axes[-1]),
        viewBox=f"0 0 {px(total)} {px(_TOP + _HEIGHT + _MARGIN)}",
        width=px(total),
        height=px(_TOP + _HEIGHT + _MARGIN),
        role="img",
        aria_labelledby="parallel-name parallel-told",
        class_="parallel",
    )
    return el("div", svg, class_="scroll", role="region", tabindex=0, aria_label="Parallel lines")


def _scale(values: Sequence[float], direction: Direction) -> Scale:
    scale = linear(values, whole=True)
    bottom, top = _TOP + _HEIGHT, _TOP
    return scale.on(top, bottom) if direction < 0 else scale.on(bottom, top)


def _axis(name: str, scale: Scale, x: float, direction: Direction) -> Html:
    shown = fitted(name, _STEP - 10)
    better = {-1: "less is better", 1: "more is better", 0: ""}[direction]
    ends = ((scale.low, scale(scale.low)), (scale.high, scale(scale.high)))
    return el(
        "g",
        el("title", name),
        words(shown, x, 14, "name middle"),
        words(better, x, 28, "tick middle"),
        el("path", d=f"M{px(x)} {px(_TOP)}V{px(_TOP + _HEIGHT)}", class_="axis"),
        *(words(number(value), x, y - 4 if y < _TOP + 1 else y + 14, "tick middle") for value, y in ends),
    )


def _line(place: int, line: Line, scales: Mapping[str, Scale], across: Mapping[str, float], *, few: bool) -> Html:
    points = [(across[name], scales[name](line.values[name])) for name in across if name in line.values]
    told = ", ".join(f"{name} {number(line.values[name])}" for name in across if name in line.values)
    style = f"data-{place % _STYLES + 1}" if few or place < _STYLES else "one-of-many"
    dots = (el("circle", cx=px(x), cy=px(y), r=3, class_=f"dot {style}") for x, y in points)
    return el("g", el("title", f"{line.name}: {told}"), el("path", d=path(points), class_=f"line {style}"), *dots)


def _labels(lines: Sequence[Line], scale: Scale, x: float, name: str) -> list[Html]:
    """Return the names at the ends of the lines, moved apart; of many lines those of the first ones."""
    told = lines if len(lines) <= _MOST_COLOURED else lines[:_STYLES]
    ends = sorted(((scale(line.values[name]), line) for line in told if name in line.values), key=lambda end: end[0])
    found, last = list[Html](), -_LABEL_APART
    for y, line in ends:
        last = max(y, last + _LABEL_APART)
        found.append(words(fitted(line.name, _RIGHT - 14), x + 10, last + 4, "label"))
    return found
