"""Verbs `runs` and `show`: the releases there have been, and one of them in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from pipeline_lambdas.report.text import duration
from scripts.errors import SlipwayError
from scripts.follow import failure_lines, run_document, run_table, waiting_lines
from scripts.logs import seconds
from scripts.output import status_text
from scripts.pipeline import list_runs, load_run, resolve_run, states_of
from scripts.records import find_record, record_lines
from scripts.reports import load_reports, reports_table
from scripts.run_view import RUNNING, SHORT_ID_CHARACTERS, RunView, trigger_text
from scripts.session import session_of

_SHOWN_REVISION = 12
STATUSES = ("Cancelled", "InProgress", "Stopped", "Stopping", "Succeeded", "Superseded", "Failed")
"""https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecutionSummary.html"""


@dataclass(frozen=True)
class Filter:
    """Which releases are wanted; an empty field wants all."""

    statuses: frozenset[str]
    because: str
    since_s: int | None
    pipeline: str

    @property
    def narrow(self) -> bool:
        return bool(self.statuses or self.because or self.since_s)

    def fits(self, summary: Mapping[str, Any], now: datetime) -> bool:
        started = trigger_text(summary.get("trigger", {}), self.pipeline)
        return (
            (not self.statuses or summary["status"] in self.statuses)
            and self.because.lower() in started.lower()
            and (self.since_s is None or (now - summary["startTime"]).total_seconds() <= self.since_s)
        )


def check_statuses(given: Iterable[str]) -> frozenset[str]:
    """The statuses as CodePipeline writes them; SlipwayError for one that it does not have."""
    known = {name.lower(): name for name in STATUSES}
    unknown = [name for name in given if name.lower() not in known]
    if unknown:
        raise SlipwayError(f"--status: found {', '.join(unknown)}; allowed are {', '.join(sorted(STATUSES))}.")
    return frozenset(known[name.lower()] for name in given)


def runs(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 10,
    status: Annotated[list[str] | None, typer.Option(help="Only with this status, such as failed; repeatable.")] = None,
    because: Annotated[str, typer.Option(help="Only what was started so, such as push, data or hand.")] = "",
    since: Annotated[str, typer.Option(help="Only what started within this time: 2h, 7d.")] = "",
) -> None:
    """List releases, newest first.

    Options narrow the list; with several of them a release has to fit all.
    """
    session = session_of(context)
    wanted = Filter(check_statuses(status or []), because, seconds(since) if since else None, session.names.pipeline)
    summaries = list_runs(session, limit, lambda summary: wanted.fits(summary, datetime.now(UTC)))
    states = states_of(session, summaries)
    summaries = [{**summary, "state": states[summary["pipelineExecutionId"]]} for summary in summaries]
    session.output.result({"runs": [summary_document(summary, session.names.pipeline) for summary in summaries]})
    if not summaries and wanted.narrow:
        session.output.say(f"{session.names.pipeline}: no release fits. All of them: {session.command('runs')}")
        return
    if not summaries:
        session.output.say(f"{session.names.pipeline} has had no release yet. Start one: {session.command('start')}")
        return
    session.output.say(runs_table(summaries, session.names.pipeline, datetime.now(UTC)))
    session.output.say(f"One of them in full: {session.command('show ID')}")


def show(
    context: typer.Context,
    run: Annotated[str | None, typer.Argument(help="Release: its id or the beginning; default: the newest.")] = None,
) -> None:
    """Show one release in full.

    What it was made from, its actions, metrics and gates.
    """
    session = session_of(context)
    found = load_run(session, resolve_run(session, run))
    reports = load_reports(session, found.id)
    record = find_record(session, found.id)
    session.output.result({**run_document(found), "evaluations": reports, "record": record})
    session.output.say(f"release {found.id}: {found.state}; started: {found.trigger}")
    session.output.say()
    session.output.say(revisions_table(found))
    session.output.say()
    session.output.say(run_table(found, datetime.now(UTC)))
    if reports:
        session.output.say()
        session.output.say(reports_table(reports))
    if record:
        session.output.say()
        for line in record_lines(record):
            session.output.say(line)
    waiting = waiting_lines(found, session.command)
    if waiting:
        session.output.say()
        for line in waiting:
            session.output.say(line)
    if found.status not in {"Succeeded", *RUNNING}:
        session.output.say()
        for line in failure_lines(found, session.command):
            session.output.say(line)


def runs_table(summaries: list[dict[str, Any]], pipeline: str, now: datetime) -> Table:
    """One line per release."""
    table = Table(box=None, pad_edge=False)
    for title in ("id", "status", "started", "took", "because of", "training config", "data"):
        table.add_column(title, justify="right" if title == "took" else "left", no_wrap=title != "training config")
    for summary in summaries:
        revisions = {item["actionName"]: item for item in summary.get("sourceRevisions", [])}
        end = now if summary["status"] in RUNNING else summary.get("lastUpdateTime", now)
        table.add_row(
            summary["pipelineExecutionId"][:SHORT_ID_CHARACTERS],
            status_text(summary.get("state", summary["status"])),
            f"{summary['startTime'].astimezone():%Y-%m-%d %H:%M:%S}",
            duration(max((end - summary["startTime"]).total_seconds(), 0.0)),
            trigger_text(summary.get("trigger", {}), pipeline),
            _commit(revisions.get("TrainingConfig", {})),
            revisions.get("Dataset", {}).get("revisionId", "")[:_SHOWN_REVISION],
        )
    return table


def revisions_table(run: RunView) -> Table:
    """What a release was made from."""
    table = Table("source", "revision", "", box=None, pad_edge=False)
    for revision in run.revisions:
        table.add_row(revision.action, revision.id, revision.summary)
    return table


def summary_document(summary: Mapping[str, Any], pipeline: str) -> dict[str, Any]:
    """An execution's summary as a program reads it."""
    return {
        "id": summary["pipelineExecutionId"],
        "status": summary["status"],
        "state": summary.get("state", summary["status"]),
        "started": summary["startTime"].isoformat(),
        "trigger": trigger_text(summary.get("trigger", {}), pipeline),
        "revisions": {item["actionName"]: item.get("revisionId", "") for item in summary.get("sourceRevisions", [])},
    }


def _commit(revision: Mapping[str, Any]) -> str:
    lines = revision.get("revisionSummary", "").strip().splitlines()
    return f"{revision.get('revisionId', '')[:7]} {lines[0] if lines else ''}".strip()
