"""The first page: every model with its last release, its key metric over time, and what Prod serves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from botocore.exceptions import ClientError

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import note, table, word
from pipeline_lambdas.report.kit.text import number
from slipway.console.releases.drawing.sparkline import sparkline
from slipway.console.releases.rows import load_history, rows_of
from slipway.console.releases.subject import Subject
from slipway.console.room import Asked, Page
from slipway.console.shell import ago, panel, to
from slipway.installation.aws_errors import code_of
from slipway.installation.installation import find_pipelines
from slipway.releases.overview import load_served, session_for
from slipway.releases.run_rows import RunRow

_TREND = 12
_HEADINGS = ("Model", "Last release", "Started", "Metric", "Trend", "Gates", "Prod serves", "For")


def models(asked: Asked) -> Page:
    """Draw the page."""
    session, now = asked.installation, asked.now
    names = sorted(one.model for one in find_pipelines(session))
    rows = [_row(_subject(asked, name), now) for name in names]
    body = table("models-table", "Models of this installation", _HEADINGS, rows, "kkknk kk", heard=True)
    nothing = note("This installation has no model yet. ", el("code", session.command("release")), " makes the first.")
    return Page("Models", [panel("models", "Of this installation", body if rows else nothing)])


def _subject(asked: Asked, model: str) -> Subject:
    session = session_for(asked.installation, model)
    return Subject(session, session.names.pipeline, model)


def _row(about: Subject, now: datetime) -> Sequence[Child]:
    rows, prod = _newest(about, now), load_served(about.session)
    name = to(about.model, about.at())
    served = (prod.config or prod.status, (ago(prod.since, now) or "").removesuffix(" ago")) if prod else (None, None)
    if not rows:
        return (name, el("span", "none yet", class_="none"), None, None, None, None, *served)
    last = rows[0]
    judged = next((row for row in rows if row.metric), last)
    return (
        name,
        el("span", to(short_id(last.id), about.at_run(last.id)), " ", word(last.status)),
        ago(last.started, now),
        f"{judged.metric} {number(judged.value)}" if judged.metric else None,
        _trend(rows, judged.metric),
        word(judged.verdict) if judged.verdict else None,
        *served,
    )


def _newest(about: Subject, now: datetime) -> list[RunRow]:
    try:
        summaries, _ = load_history(about, 1, _TREND)
    except ClientError as error:
        if code_of(error) != "PipelineNotFoundException":
            raise
        return []
    return rows_of(about, summaries, now)


def _trend(rows: Sequence[RunRow], metric: str) -> Html | None:
    values = [value for row in reversed(rows) if (value := (row.metrics or {}).get(metric)) is not None]
    return sparkline(values, f"{metric} of the last {len(values)} releases") if len(values) > 1 else None
