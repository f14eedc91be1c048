"""The stages of one execution as a table of actions and as a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import table, word
from pipeline_lambdas.report.kit.text import duration
from slipway.console.shell import took
from slipway.releases.run_view import ActionView, RunView

_HEADINGS = ("Stage", "Action", "Status", "Took", "What it says", "Variables")
_BAR_HEIGHT, _ROW, _LEFT, _WIDTH = 10, 20, 190, 760


def actions_table(run: RunView, now: datetime) -> Html:
    """Return every action with its status, its time and what it says."""
    rows: list[Sequence[Child]] = []
    for stage, actions in groupby(run.actions, key=lambda action: action.stage):
        for place, action in enumerate(actions):
            rows.append((stage if not place else el("span", stage, class_="unseen"), *_cells(action, now)))
    return table("actions-table", "Actions", _HEADINGS, rows, "kkknww", heard=True)


def _cells(action: ActionView, now: datetime) -> Iterable[Child]:
    attempt = f", attempt {action.attempt}" if action.attempt > 1 else ""
    said = " ".join(one for one in (action.error_message or action.summary,) if one)
    yield action.name
    yield el("span", word(action.status), attempt) if action.status else el("span", "not started", class_="none")
    yield took(action.seconds(now))
    yield said or None
    yield _variables(action)


def _variables(action: ActionView) -> Html | None:
    if not action.variables:
        return None
    pairs = (el("div", el("dt", name), el("dd", value)) for name, value in sorted(action.variables.items()))
    return el("details", el("summary", f"{len(action.variables)}"), el("dl", *pairs, class_="variables"))


def timeline(run: RunView, now: datetime) -> Html | None:
    """Return a bar for each action, from the release's first start to its end; waiting for a person is drawn apart."""
    begun = [action for action in run.actions if action.started is not None]
    if not begun:
        return None
    first = min(action.started for action in begun if action.started)
    total = max(run.seconds(now) or 0.0, 0.001)
    scale = (_WIDTH - _LEFT - 70) / total
    bars: list[Html] = []
    for place, action in enumerate(begun):
        start = (action.started - first).total_seconds() if action.started else 0.0
        bars.append(
            _bar(action, place * _ROW, _LEFT + start * scale, max((action.seconds(now) or 0.0) * scale, 2.0), now)
        )
    return el(
        "figure",
        el(
            "svg",
            el("title", f"Timeline of {duration(total)}"),
            *bars,
            viewBox=f"0 0 {_WIDTH} {len(begun) * _ROW}",
            role="img",
            class_="timeline",
        ),
        el("figcaption", f"{duration(total)} in all; hatched: waiting for a person."),
        class_="wide",
    )


def _bar(action: ActionView, top: float, left: float, width: float, now: datetime) -> Html:
    tone = "waits" if action.provider == "Manual" else "failed" if action.failed else "ran"
    return el(
        "g",
        el("title", f"{action.stage} / {action.name}: {action.status}, {took(action.seconds(now))}"),
        el("text", f"{action.stage} / {action.name}", x=0, y=f"{top + 13:.1f}"),
        el("rect", x=f"{left:.1f}", y=f"{top + 4:.1f}", width=f"{width:.1f}", height=_BAR_HEIGHT, class_=f"bar {tone}"),
        el("text", took(action.seconds(now)), x=f"{left + width + 4:.1f}", y=f"{top + 13:.1f}", class_="tick"),
    )
