"""The first page: every model with its last release, its key metric over time, and what Prod serves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import note, table, word
from pipeline_lambdas.report.kit.text import number
from slipway.console.releases.sparkline import sparkline
from slipway.console.room import Asked, Page
from slipway.console.shell import ago, at, panel, to
from slipway.releases.overview import Model, Served, load_overview, session_for
from slipway.releases.pipeline import list_runs
from slipway.releases.run_rows import load_rows
from slipway.session import Session

_TREND = 12
_HEADINGS = ("Model", "Last release", "Started", "Metric", "Trend", "Gates", "Prod serves", "Since")


def models(asked: Asked) -> Page:
    """Draw the page."""
    session, now = asked.installation, asked.now
    found = load_overview(session, now)
    rows = [_row(session, model, now) for model in found]
    body = table("models-table", "Models of this installation", _HEADINGS, rows, "kkknk kk", heard=True)
    nothing = note("This installation has no model yet. ", el("code", session.command("release")), " makes the first.")
    return Page("Models", [panel("models", "Models", body if found else nothing)])


def _row(session: Session, model: Model, now: datetime) -> Sequence[Child]:
    last, prod = model.last, model.prod
    name = to(model.name, at("models", model.name))
    if last is None:
        return (name, "none yet", None, None, None, None, *_served(prod, now))
    return (
        name,
        el("span", to(short_id(last.id), at("models", model.name, "releases", last.id)), " ", word(last.status)),
        ago(last.started, now),
        f"{last.metric} {number(last.value)}" if last.metric else None,
        _trend(session_for(session, model.name), last.metric, now) if last.metric else None,
        word(last.verdict) if last.verdict else None,
        *_served(prod, now),
    )


def _trend(session: Session, metric: str, now: datetime) -> Html | None:
    rows = load_rows(session, list_runs(session, _TREND), now)
    values = [value for row in reversed(rows) if (value := (row.metrics or {}).get(metric)) is not None]
    return sparkline(values, f"{metric} of the last {len(values)} releases") if len(values) > 1 else None


def _served(prod: Served | None, now: datetime) -> tuple[Child, Child]:
    return (None, None) if prod is None else (prod.config, ago(prod.since, now))
