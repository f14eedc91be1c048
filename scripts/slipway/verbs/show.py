"""Verb `show`: one release in full."""

from __future__ import annotations

from datetime import UTC, datetime

import typer
from rich.table import Table

from pipeline_lambdas.release.events import RUNNING
from slipway.releases.pipeline import load_run, resolve_run
from slipway.releases.records import find_record, record_lines
from slipway.releases.reports import load_reports, say_reports
from slipway.releases.run_view import RunView
from slipway.session import session_of
from slipway.terminal.completion import NewestRelease
from slipway.verbs.follow import failure_lines, run_document, run_table, waiting_lines


def show(
    context: typer.Context,
    run: NewestRelease = None,
) -> None:
    """Show one release in full.

    What it was made from, its actions, metrics and gates.
    """
    session = session_of(context)
    found = load_run(session, resolve_run(session, run))
    record = find_record(session, found.id, going_on=found.running)
    # Without its plots; of a release that is older than what its actions tell.
    reports = load_reports(session, found) or (record or {}).get("evaluations", {})
    session.output.result({**run_document(found), "evaluations": reports, "record": record})
    session.output.say(f"release {found.id}: {found.state}; started: {found.trigger}")
    session.output.say()
    session.output.say(revisions_table(found))
    session.output.say()
    session.output.say(run_table(found, datetime.now(UTC)))
    if reports:
        session.output.say()
        say_reports(session.output, reports)
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


def revisions_table(run: RunView) -> Table:
    """What a release was made from."""
    table = Table("source", "revision", "", box=None, pad_edge=False)
    for revision in run.revisions:
        table.add_row(revision.action, revision.id, revision.summary)
    return table
