"""One release: where it is, what was asked of a person, its evidence, and its timeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.tables import facts, note, table, word
from pipeline_lambdas.report.kit.text import number
from slipway.console.releases.stages import actions_table, timeline
from slipway.console.room import Asked, Content, Page
from slipway.console.shell import at, field, form, panel, took
from slipway.releases.pipeline import load_run
from slipway.releases.records import find_record, find_report
from slipway.releases.run_view import RunView
from slipway.session import Session
from slipway.verbs.approve import MAX_REASON_CHARACTERS

_ENVIRONMENTS = ("dev", "test", "prod")


def release(asked: Asked) -> Page:
    """Draw the page."""
    session, run_id, now = asked.session, asked.path["run"], asked.now
    run, model = load_run(session, run_id), session.names.model
    record = find_record(session, run_id, going_on=run.running) or {}
    parts = [
        _summary(run, now),
        _decision(run, model),
        _evidence(session, run, record),
        panel("timeline", "Timeline", timeline(run, now)),
        panel("actions", "Actions", actions_table(run, now)),
    ]
    above = (("Models", at("")), (model, at("models", model)))
    again_s = 1.0 if run.running else None
    return Page(f"Release {run.short_id}", [one for one in parts if one is not None], above, again_s)


def report(asked: Asked) -> Content | None:
    """Return the report, a page that code of a push may have written: it runs nothing and asks for nothing."""
    found = find_report(asked.session, asked.path["run"])
    return None if found is None else Content(found, "text/html")


def _summary(run: RunView, now: datetime) -> Html:
    revisions = [(f"{one.action}", f"{one.id[:12]} {one.summary}".strip()) for one in run.revisions]
    waits = f"{run.waits_for}" if run.waits_for else None
    pairs = [("Status", word(run.state)), ("Started by", run.trigger), ("Took", took(run.seconds(now)))]
    return panel(
        "summary", "Now", facts([*pairs, ("Waits for", waits), ("Reason", run.status_summary or None), *revisions])
    )


def _decision(run: RunView, model: str) -> Html | None:
    approval, failed = run.approval, run.failed_action
    here = ("models", model, "releases", run.id)
    buttons: list[Html] = []
    if approval is not None:
        about = note(approval.about) if approval.about else None
        said = field(
            "reason", "Reason, which stays with the decision", "reason", required="", maxlength=MAX_REASON_CHARACTERS
        )
        buttons.append(
            el(
                "form",
                about,
                said,
                el("button", "Approve", type="submit", name="verdict", value="Approved", class_="good"),
                el("button", "Reject", type="submit", name="verdict", value="Rejected", class_="bad"),
                method="post",
                action=at(*here, "answer"),
            )
        )
    if failed is not None and not run.running and failed.stage not in run.overtaken:
        buttons.append(form(at(*here, "retry"), f"Try {failed.stage} again", hidden={"stage": failed.stage}))
    if run.running:
        reason = field("stop-reason", "Reason to stop", "reason", required="", maxlength=200)
        buttons.append(
            el("details", el("summary", "Stop this release"), form(at(*here, "stop"), "Stop", reason, tone="bad"))
        )
    return panel("decide", "Decide", *buttons) if buttons else None


def _evidence(session: Session, run: RunView, record: Mapping[str, Any]) -> Html | None:
    evaluations = record.get("evaluations") or {}
    rows = []
    for environment in _ENVIRONMENTS:
        found = evaluations.get(environment) or {}
        gates = {gate["metric"]: gate for gate in found.get("gates") or ()}
        for metric, value in (found.get("metrics") or {}).items():
            gate = gates.get(metric)
            bounds = " ".join(
                f"{name} {number(gate[name])}" for name in ("min", "max") if gate and gate.get(name) is not None
            )
            rows.append(
                (
                    environment,
                    metric,
                    None if value is None else number(value),
                    bounds or None,
                    gate and word("passed" if gate.get("passed") else "failed"),
                )
            )
    shown = (
        table("metrics-table", "Metrics", ("Endpoint", "Metric", "Value", "Bound", "Gate"), rows, "kknnk", heard=True)
        if rows
        else None
    )
    report = (
        el("p", el("a", "The whole report", href=at("models", session.names.model, "releases", run.id, "report")))
        if record
        else None
    )
    return panel("evidence", "Evidence", shown, report) if record else None
