"""The page before a rollback: what Prod serves, what it will serve, and how it comes to that."""

from __future__ import annotations

from datetime import datetime

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import facts, note, word
from pipeline_lambdas.report.kit.text import number
from slipway.console.releases.rows import rows_of
from slipway.console.releases.subject import Subject, subject
from slipway.console.room import Asked, Page
from slipway.console.shell import ago, clock, form, panel, to
from slipway.errors import SlipwayError
from slipway.releases.pipeline import list_runs
from slipway.releases.run_rows import RunRow
from slipway.verbs.rollback import STAGE, Plan, is_release, plan

_AMONG = 20


def going_back(asked: Asked) -> Page:
    """Draw the page; `to` in the query names the release whose model Prod shall serve, else the one before."""
    about = subject(asked)
    planned, refused = _planned(about, asked.query.get("to") or None)
    rows = rows_of(about, list_runs(about.session, _AMONG, is_release, STAGE), asked.now)
    chosen = planned.target if planned else ""
    target = next((row for row in rows if row.id == chosen), None)
    told = _told(about, planned, target, asked.now) if planned else [note(refused)]
    parts = [
        panel("plan", "What it will do", *told),
        panel("others", "Other releases that came to Prod", _others(about, rows, chosen)),
    ]
    return Page("Roll Prod back", parts, about.above)


def _planned(about: Subject, run_id: str | None) -> tuple[Plan | None, str]:
    """Return what the rollback will do, or why there is none."""
    try:
        return plan(about.session, run_id), ""
    except SlipwayError as error:
        return None, error.message


def _told(about: Subject, planned: Plan, target: RunRow | None, now: datetime) -> list[Child]:
    goal = to(about.named(planned.target), about.at_run(planned.target))
    pairs: list[tuple[str, Child]] = [
        ("Endpoint", planned.endpoint),
        ("Serves now", planned.serving),
        ("Will serve the model of", goal),
    ]
    if target is not None:
        pairs += [
            ("Released", el("span", clock(target.started), f", {ago(target.started, now)}")),
            ("Judged", f"{target.metric} {number(target.value)}" if target.metric else None),
            ("Gates", word(target.verdict) if target.verdict else None),
            ("Commit", f"{target.commit[:8]} {target.message}".strip()),
        ]
    steps = (
        f"The pipeline runs its stage {STAGE} once more, with the values of that release.",
        "The endpoint is updated in place: its present model serves until the other one is healthy, and an alarm "
        "during the update brings it back.",
        "The smoke test runs, and the rollback stays in the history as an execution of its own.",
    )
    button = form(
        about.at("rollback"),
        f"Roll back to release {short_id(planned.target)}",
        tone="bad",
        hidden={"target": planned.target, "serving": planned.serving},
    )
    return [facts(pairs), el("ol", *(el("li", step) for step in steps)), button]


def _others(about: Subject, rows: list[RunRow], chosen: str) -> Html:
    links = [
        el(
            "li",
            to(about.named(row.id), about.at("rollback", to=row.id)),
            f", {row.metric} {number(row.value)}, " if row.metric else ", ",
            clock(row.started),
        )
        for row in rows
        if row.id != chosen
    ]
    return el("ul", *links) if links else note("No other release has come to Prod.")
