"""One model: its pipeline as it is now, and the history of its releases."""

from __future__ import annotations

from datetime import datetime

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import note, table, word
from pipeline_lambdas.report.kit.text import number, shortened
from slipway.console.releases.stages import actions_table
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, field, form, pages, panel, to, took
from slipway.releases.pipeline import list_runs, load_run, load_state
from slipway.releases.run_rows import RunRow, load_rows
from slipway.session import Session

PAGE_ROWS = 20
_HEADINGS = ("Release", "Status", "Started", "Took", "Metric", "Gates", "Commit", "Why it failed")


def model(asked: Asked) -> Page:
    """Draw the page."""
    session, now, page = asked.session, asked.now, asked.page_number
    name = session.names.model
    runs = list_runs(session, page * PAGE_ROWS + 1)
    shown = runs[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    parts = [_now(session, runs[0]["pipelineExecutionId"], now)] if runs and page == 1 else []
    parts += [
        panel("start", "Release", form(at("models", name, "start"), "Release change"), _transitions(session)),
        panel(
            "history",
            "Releases",
            _history(session, shown, now),
            pages(at("models", name), page, more=len(runs) > page * PAGE_ROWS),
        ),
    ]
    return Page(name, parts, (("Models", at("")),))


def _now(session: Session, run_id: str, now: datetime) -> Html:
    run = load_run(session, run_id)
    title = el(
        "p", to(f"Release {run.short_id}", at("models", session.names.model, "releases", run_id)), " ", word(run.state)
    )
    return panel("now", "Newest release", title, actions_table(run, now))


def _transitions(session: Session) -> Html:
    name, rows = session.names.model, []
    for stage in load_state(session)["stageStates"][1:]:
        inbound = stage.get("inboundTransitionState", {})
        enabled = inbound.get("enabled", True)
        change = "disable" if enabled else "enable"
        reason = (
            field(f"reason-{stage['stageName']}", "Reason", "reason", required="", maxlength=300) if enabled else None
        )
        button = form(
            at("models", name, "transition"),
            change.title(),
            reason,
            hidden={"stage": stage["stageName"], "change": change},
        )
        rows.append((stage["stageName"], "open" if enabled else f"closed: {inbound.get('disabledReason', '')}", button))
    shown = table(
        "transitions-table", "Transitions into stages", ("Stage", "Transition", "Change"), rows, "k w", heard=True
    )
    return el("details", el("summary", "Transitions between stages"), shown)


def _history(session: Session, summaries: list[dict[str, object]], now: datetime) -> Html:
    rows = [_row(session.names.model, row) for row in load_rows(session, summaries, now)]
    if not rows:
        return note("No release is here.")
    return table("history-table", "Releases", _HEADINGS, rows, "kkknnkww", heard=True)


def _row(name: str, row: RunRow) -> tuple[Child, ...]:
    failed = f"{row.failed_stage}: {shortened(row.reason, 160)}" if row.failed_stage else None
    return (
        to(short_id(row.id), at("models", name, "releases", row.id)),
        word(row.status),
        clock(row.started),
        took(row.seconds),
        f"{row.metric} {number(row.value)}" if row.metric else None,
        word(row.verdict) if row.verdict else None,
        " ".join(one for one in (row.commit[:8], shortened(row.message, 60), row.author) if one) or None,
        failed,
    )
