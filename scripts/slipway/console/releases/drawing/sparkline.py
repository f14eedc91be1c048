"""A line of values as small as a word."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.text import number

_WIDTH, _HEIGHT, _MARGIN = 96, 24, 3


def sparkline(values: Sequence[float], title: str) -> Html:
    """Return the values from left to right, at least two; the last one has a dot."""
    low, high = min(values), max(values)
    step = (_WIDTH - 2 * _MARGIN) / (len(values) - 1)
    scale = (_HEIGHT - 2 * _MARGIN) / ((high - low) or 1.0)
    points = [(_MARGIN + place * step, _HEIGHT - _MARGIN - (value - low) * scale) for place, value in enumerate(values)]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    x, y = points[-1]
    return el(
        "svg",
        el("title", f"{title}: {', '.join(number(value) for value in values)}"),
        el("path", d=path, class_="line data-1"),
        el("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=2.5, class_="fill data-1"),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        width=_WIDTH,
        height=_HEIGHT,
        role="img",
        class_="sparkline",
    )
