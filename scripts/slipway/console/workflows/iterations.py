"""The iterations of a Map, which runs its states once for each item, a page of them at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import table
from slipway.console.shell import clock, to, took
from slipway.console.workflows.visits import Iteration, Visit
from slipway.console.workflows.words import seconds, status

if TYPE_CHECKING:
    from slipway.console.workflows.execution import Looked

PAGE_ROWS = 15
_HEADINGS = ("Item", "Status", "Started", "Took", "Began with")


def iterations(looked: Looked, visit: Visit) -> Html:
    """Return a table of iterations, those that failed first, with links between its pages."""
    ordered = sorted(visit.iterations.values(), key=lambda one: (one.status == "succeeded", one.index))
    pages = max(1, -(-len(ordered) // PAGE_ROWS))
    page = min(looked.asked.page_number, pages)
    rows = [_row(looked, one) for one in ordered[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]]
    caption = f"{len(ordered):,} iterations, those that succeeded last"

    def link(text: str, number: int) -> Html | None:
        return to(text, looked.visit_address(visit, page=number)) if 0 < number <= pages else None

    turn = None
    if pages > 1:
        links = (link("Before", page - 1), link("Next", page + 1))
        turn = el("nav", el("span", f"Page {page:,} of {pages:,}"), *links, aria_label="Pages of the iterations")
    return el("div", table("iterations-table", caption, _HEADINGS, rows, "nkknk"), turn)


def _row(looked: Looked, one: Iteration) -> tuple[Child, ...]:
    first = looked.reading.told.visits.get(one.first)
    left_open = one.ended is None and not looked.running
    return (
        str(one.index),
        status("aborted" if left_open else one.status),
        clock(one.began),
        None if left_open else took(seconds(one.began, one.ended, looked.asked.now)),
        to(first.state, looked.visit_address(first)) if first else None,
    )
