"""A plot with its title and its caption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline_lambdas.report.kit.markup import Html, el, join

Counted = Callable[[float], str]
"""Says which of an evaluation's rows these are: All 240 rows of channel test."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot; `key` is unique on the page; the caption says what it counts, and of how much."""

    key: str
    title: str
    image: Html
    caption: str

    @property
    def html(self) -> Html:
        return el("figure", el("h3", self.title), self.image, el("figcaption", self.caption))


def figures(found: Sequence[Figure | None], *more: Html) -> Html:
    """Return plots, and what belongs to them, side by side, as many as fit; nothing without plots."""
    there = [*(figure.html for figure in found if figure), *more]
    return el("div", *there, class_="figures") if there else join()
