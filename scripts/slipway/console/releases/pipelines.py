"""All pipelines of the account, and a plain page for each that is not of this installation's models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import note, table, word
from slipway.console.releases.deciding import decisions, release_change, transitions
from slipway.console.releases.drawing.actions import actions_table
from slipway.console.releases.drawing.board import board
from slipway.console.releases.model import PAGE_ROWS
from slipway.console.releases.release import AGAIN_S
from slipway.console.releases.rows import load_history
from slipway.console.releases.subject import Seen, Subject, declared, see, subject
from slipway.console.room import Asked, Page
from slipway.console.shell import ago, at, clock, pages, panel, to, took
from slipway.errors import SlipwayError
from slipway.releases.run_rows import ended_because
from slipway.releases.run_view import trigger_text

_AT_ONCE = 20


def pipelines(asked: Asked) -> Page:
    """Draw the list: each pipeline with its last execution."""
    client, page = asked.installation.client("codepipeline"), asked.page_number
    listed = client.get_paginator("list_pipelines").paginate()
    names = [str(one["name"]) for answer in listed for one in answer["pipelines"]]
    shown = names[(page - 1) * _AT_ONCE : page * _AT_ONCE]
    rows = [_row(asked, client, name) for name in shown]
    headings = ("Pipeline", "Belongs to", "Last execution", "Started")
    body = table("pipelines-table", "Pipelines of the account", headings, rows, "kkkk", heard=True)
    links = pages(at("pipelines"), page, more=len(names) > page * _AT_ONCE)
    nothing = note("The account has no pipeline.")
    return Page("Pipelines", [panel("pipelines", "Of the account", body if rows else nothing, links)])


def _row(asked: Asked, client: Any, name: str) -> Sequence[Child]:
    model = _model_of(asked, name)
    address = at("models", model) if model else at("pipelines", name)
    newest = client.list_pipeline_executions(pipelineName=name, maxResults=1)["pipelineExecutionSummaries"]
    last = newest[0] if newest else None
    whose = f"model {model}" if model else "others"
    if last is None:
        return to(name, address), whose, el("span", "none yet", class_="none"), None
    return to(name, address), whose, word(last["status"]), ago(last["startTime"], asked.now)


def _model_of(asked: Asked, pipeline: str) -> str:
    """Return the model whose pipeline it is; empty for one that is not of this installation."""
    names = asked.installation.names
    prefix = f"slipway-{names.suffix}-"
    if not pipeline.startswith(prefix):
        return ""
    try:
        return replace(names, model=pipeline.removeprefix(prefix)).model
    except SlipwayError:  # a name that no model has
        return ""


def pipeline(asked: Asked) -> Page:
    """Draw the page of a pipeline that is not of this installation's models."""
    about, page = subject(asked), asked.page_number
    summaries, more = load_history(about, page, PAGE_ROWS)
    seen = see(about, summaries[0]["pipelineExecutionId"]) if summaries and page == 1 else None
    parts: list[Html | None] = []
    if seen is not None:
        parts += _now(about, seen, asked)
    elif page == 1:
        declaration = declared(about, about.client.get_pipeline_state(name=about.pipeline))
        parts += [panel("change", "Release change", release_change(about, declaration))]
    parts.append(_history(about, summaries, asked, pages(about.at(), page, more=more)))
    again_s = AGAIN_S if seen is not None and seen.run.running else None
    return Page(about.title, [one for one in parts if one is not None], about.above[:1], again_s)


def _now(about: Subject, seen: Seen, asked: Asked) -> list[Html | None]:
    run = seen.run
    headline = el("p", to(about.named(run.id), about.at_run(run.id)), " ", word(run.state), " ", run.trigger)
    return [
        panel("now", "Newest execution", headline, board(about, seen, asked.now)),
        decisions(about, seen),
        panel("change", "Release change", release_change(about, seen.declaration), transitions(about, seen)),
        panel("actions", f"Actions of execution {run.short_id}", actions_table(seen, asked.now)),
    ]


def _history(about: Subject, summaries: Sequence[dict[str, Any]], asked: Asked, links: Html | None) -> Html:
    rows = [
        (
            to(short_id(one["pipelineExecutionId"]), about.at_run(one["pipelineExecutionId"])),
            word(one["status"]),
            clock(one["startTime"]),
            took((one.get("lastUpdateTime", asked.now) - one["startTime"]).total_seconds()),
            trigger_text(one.get("trigger", {}), about.pipeline),
            ended_because(one) or None,
        )
        for one in summaries
    ]
    headings = ("Execution", "Status", "Started", "Took", "Started by", "Why it ended so")
    shown = table("history-table", "Executions, newest first", headings, rows, "kkkn w", heard=True)
    return panel("history", "Executions", shown if rows else note("No execution is here."), links)
