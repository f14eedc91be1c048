"""The first page: every model with its last release, its key metric over time, and what Prod serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from botocore.exceptions import ClientError

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import note, table, word
from pipeline_lambdas.report.kit.text import number
from slipway.console.kept import kept
from slipway.console.releases.drawing.sparkline import sparkline
from slipway.console.releases.rows import load_history, rows_of
from slipway.console.releases.subject import Subject
from slipway.console.room import Asked, Page
from slipway.console.shell import ago, panel, to
from slipway.installation.aws_errors import code_of
from slipway.installation.installation import find_pipelines
from slipway.releases.overview import Served, load_served, session_for
from slipway.releases.run_rows import RunRow
from slipway.session import Session

_TREND = 12
_HEADINGS = ("Model", "Last release", "Started", "Metric", "Trend", "Gates", "Prod serves", "For")


def models(asked: Asked) -> Page:
    """Draw the page."""
    session, now = asked.installation, asked.now
    names = sorted(one.model for one in find_pipelines(session))
    endpoints = _endpoints(session)
    rows = [_row(about, _prod(about, endpoints), now) for about in (_subject(asked, name) for name in names)]
    body = table("models-table", "Models of this installation", _HEADINGS, rows, "kkknk kk", heard=True)
    nothing = note("This installation has no model yet. ", el("code", session.command("release")), " makes the first.")
    return Page("Models", [panel("models", "Each with its last release", body if rows else nothing)])


def _subject(asked: Asked, model: str) -> Subject:
    session = session_for(asked.installation, model)
    return Subject(session, session.names.pipeline, model)


def _endpoints(session: Session) -> dict[str, tuple[str, datetime]]:
    """Map the endpoints of the installation to what tells their states apart: their ARN, and their last change."""
    pages = session.client("sagemaker").get_paginator("list_endpoints")
    listed = pages.paginate(NameContains=f"slipway-{session.names.suffix}-")
    return {
        one["EndpointName"]: (one["EndpointArn"], one["LastModifiedTime"])
        for page in listed
        for one in page["Endpoints"]
    }


def _prod(about: Subject, endpoints: Mapping[str, tuple[str, datetime]]) -> Served | None:
    """Return what Prod serves; an endpoint that rests is described once."""
    state = endpoints.get(about.session.names.endpoint("prod"))
    if state is None:
        return None
    return kept(
        ("served", *state),
        partial(load_served, about.session),
        lambda found: found is not None and found.status == "InService",
    )


def _row(about: Subject, prod: Served | None, now: datetime) -> Sequence[Child]:
    rows = _newest(about, now)
    name = to(about.model, about.at())
    served = (_serves(about, prod, rows), (ago(prod.since, now) or "").removesuffix(" ago")) if prod else (None, None)
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


def _serves(about: Subject, prod: Served, rows: Sequence[RunRow]) -> Child:
    """Return the release whose model Prod serves, by the name of the endpoint config; else the config."""
    short = prod.config.removeprefix(f"{about.session.names.endpoint('prod')}-")
    made = next((row.id for row in rows if short_id(row.id) == short[: len(short_id(row.id))]), None)
    shown = to(short, about.at_run(made)) if made else prod.config or None
    return shown if prod.status == "InService" else join(shown, " ", word(prod.status))


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
