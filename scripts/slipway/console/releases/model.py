"""One model: its pipeline as it is now, and the history of its releases."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import note, table, word
from pipeline_lambdas.report.kit.text import number, shortened
from slipway.console.releases.compare import CHOSEN
from slipway.console.releases.deciding import decisions, release_change, transitions
from slipway.console.releases.drawing.actions import actions_table
from slipway.console.releases.drawing.board import board
from slipway.console.releases.drawing.sparkline import sparkline
from slipway.console.releases.evidence import head, load_evidence
from slipway.console.releases.release import AGAIN_S
from slipway.console.releases.rows import load_history, rows_of
from slipway.console.releases.subject import Seen, Subject, see, subject
from slipway.console.room import Asked, Page
from slipway.console.shell import ago, clock, pages, panel, to, took
from slipway.releases.run_rows import RunRow

PAGE_ROWS = 20
_HEADINGS = ("Release", "Compare", "Status", "Started", "Took", "Metric", "Gates", "Commit, and why it ended so")
_MOST_TRENDS = 8


def model(asked: Asked) -> Page:
    """Draw the page."""
    about, page = subject(asked), asked.page_number
    summaries, more = load_history(about, page, PAGE_ROWS)
    rows = rows_of(about, summaries, asked.now)
    seen = see(about, summaries[0]["pipelineExecutionId"]) if summaries and page == 1 else None
    parts: list[Html | None] = []
    if seen is not None:
        parts += _now(about, seen, asked)
    parts += [_trends(rows), _history(about, rows, pages(about.at(), page, more=more))]
    above = about.above[:1] if page == 1 else about.above
    again_s = AGAIN_S if seen is not None and seen.run.running else None
    return Page(about.title, [one for one in parts if one is not None], above, again_s)


def _now(about: Subject, seen: Seen, asked: Asked) -> list[Html | None]:
    run, now = seen.run, asked.now
    started = min((one["startTime"] for one in seen.attempts), default=None)
    about_it = " ".join(filter(None, (run.trigger, ago(started, now))))
    headline = el("p", to(about.named(run.id), about.at_run(run.id)), " ", word(run.state), " ", about_it)
    rollback = to("Roll Prod back to an earlier model", about.at("rollback"))
    change = (release_change(about, seen.declaration), transitions(about, seen), el("p", rollback))
    found = load_evidence(about, seen)
    judged = head(found) if found else None
    return [
        panel("now", "Newest release", headline, board(about, seen, now), judged),
        decisions(about, seen, about.at_run(run.id), judged=found is not None),
        panel("change", "Release", *change),
        panel("actions", f"Actions of release {run.short_id}", actions_table(seen, now)),
    ]


def _trends(rows: Sequence[RunRow]) -> Html | None:
    """Return how each metric went over the releases of this page, the oldest first."""
    oldest_first = [row.metrics for row in reversed(rows) if row.metrics]
    key = [row.metric for row in rows if row.metric]
    names = list(dict.fromkeys([*key, *(name for metrics in reversed(oldest_first) for name in metrics)]))[
        :_MOST_TRENDS
    ]
    shown = [(name, [metrics[name] for metrics in oldest_first if name in metrics]) for name in names]
    figures = [_trend(name, values) for name, values in shown if len(values) > 1]
    return panel("metrics", "Metrics of these releases", el("dl", *figures, class_="trends")) if figures else None


def _trend(name: str, values: Sequence[float]) -> Html:
    return el(
        "div",
        el("dt", name),
        el("dd", sparkline(values, f"{name} of {len(values)} releases"), " ", el("strong", number(values[-1]))),
    )


def _history(about: Subject, rows: Sequence[RunRow], links: Html | None) -> Html:
    if not rows:
        return panel("history", "Releases", note("No release is here."), links)
    shown = table(
        "history-table", "Releases, newest first", _HEADINGS, [_row(about, row) for row in rows], "kkkknnkw", heard=True
    )
    button = el("button", "Compare the chosen releases", type="submit")
    chosen = el("form", shown, button, action=about.at("compare"), method="get", class_="block")
    return panel("history", "Releases", chosen, links)


def _row(about: Subject, row: RunRow) -> tuple[Child, ...]:
    short = short_id(row.id)
    box = el(
        "input",
        id=f"compare-{row.id}",
        type="checkbox",
        name=f"{CHOSEN}{row.id}",
        value="1",
        aria_label=f"Compare release {short}",
    )
    return (
        to(short, about.at_run(row.id)),
        box,
        word(row.status),
        clock(row.started),
        took(row.seconds),
        f"{row.metric} {number(row.value)}" if row.metric else None,
        word(row.verdict) if row.verdict else None,
        _what(row),
    )


def _what(row: RunRow) -> Html:
    """Return the commit, who wrote it, and why a release did not succeed."""
    commit = " ".join(one for one in (row.commit[:8], shortened(row.message, 60)) if one)
    why = ": ".join(one for one in (row.failed_stage, shortened(row.reason, 160)) if one)
    because = ", ".join(one for one in (row.author, row.because) if one)
    return join(commit, el("span", because, class_="subject"), why or None)
