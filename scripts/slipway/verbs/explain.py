"""Verb `explain`: why a release did not succeed: the action, its reason, the lines of its log, and the next step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError
from rich.text import Text

from pipeline_lambdas.report.kit.text import duration
from slipway.installation.aws_errors import code_of
from slipway.releases.log_lines import told_lines
from slipway.releases.pipeline import list_runs, load_run, resolve_run
from slipway.releases.reports import load_reports
from slipway.releases.run_view import ActionView, RunView
from slipway.session import Session, session_of
from slipway.terminal.advice import advise
from slipway.terminal.completion import complete_releases
from slipway.terminal.output import status_text
from slipway.verbs.follow import run_document

_MOST_LINES = 30
_MOST_EVENTS = 10_000
_AROUND = timedelta(seconds=5)
"""Clocks differ, and a log line comes a moment after what it tells."""
_LONGEST_LINE = 500


def explain(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(
            autocompletion=complete_releases, help="Release: its id or the beginning; default: the newest that failed."
        ),
    ] = None,
) -> None:
    """Explain why a release failed.

    Which action, why, the last lines of its log, the gates that were not met, and what to do next.
    """
    session = session_of(context)
    found = load_run(session, resolve_run(session, run or _newest_failed(session)))
    action = found.under_way if found.running else found.failed_action
    reports = load_reports(session, found)
    failed_gates = [gate for report in reports.values() for gate in report["gates"] if gate["verdict"] == "failed"]
    lines = log_lines(session, action) if action else []
    steps = advise(found, found.failed_action, session.command)
    session.output.result(
        {
            **run_document(found),
            "failed_action": f"{action.stage}/{action.name}" if action and action.failed else None,
            "failed_gates": failed_gates,
            "log": lines,
            "next": steps,
        }
    )
    _say(session, found, action)
    for gate in failed_gates:
        session.output.say(Text.assemble("  gate ", ("failed", "bold red"), f"  {gate['reason']}"))
    if lines and action:
        session.output.say(f"\nthe end of {action.log_group}")
        for line in lines:
            session.output.say(f"  {line}")
    session.output.say("\nnext")
    for step in steps:
        session.output.say(f"  {step}")


def _newest_failed(session: Session) -> str | None:
    failed = list_runs(session, 1, lambda summary: bool(summary["status"] == "Failed"))
    return str(failed[0]["pipelineExecutionId"]) if failed else None


def _say(session: Session, found: RunView, action: ActionView | None) -> None:
    say = session.output.say
    say(Text.assemble("release ", found.short_id, " ", status_text(found.state), f"; started: {found.trigger}"))
    if found.status_summary:
        say(f"  {found.status_summary}")
    if action is None:
        say("  no action of it failed")
        return
    if not action.failed:
        silent = duration(max((datetime.now(UTC) - (action.updated or datetime.now(UTC))).total_seconds(), 0.0))
        said = f": {action.summary}" if action.summary else ""
        say(f"  {action.stage}/{action.name} goes on; it has logged nothing for {silent}{said}")
        return
    seconds = action.seconds(datetime.now(UTC)) or 0.0
    attempt = f", attempt {action.attempt}" if action.attempt > 1 else ""
    say(f"  {action.stage}/{action.name} {action.status.lower()} after {duration(seconds)}{attempt}")
    reason = action.error_message or action.summary or "no reason was given"
    for line in reason.splitlines():
        say(f"  {line}")


def log_lines(session: Session, action: ActionView) -> list[str]:
    """The last lines that an action's log holds of its time; empty where it has none, or nothing was written."""
    if not action.log_group or action.started is None:
        return []
    end = (action.updated or datetime.now(UTC)) + _AROUND
    query: dict[str, Any] = {
        "logGroupName": action.log_group,
        "startTime": round((action.started - _AROUND).timestamp() * 1000),
        "endTime": round(end.timestamp() * 1000),
    }
    if action.log_streams:
        query["logStreamNamePrefix"] = action.log_streams
        # A training job's lines are older than the poll that found its end, and a build's stream is its own.
        del query["startTime"], query["endTime"]
    pages = session.client("logs").get_paginator("filter_log_events")
    try:
        found = [
            event["message"].rstrip()
            for page in pages.paginate(**query, PaginationConfig={"MaxItems": _MOST_EVENTS})
            for event in page["events"]
        ]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return []
    told = [text for line in found for text in told_lines(line)]
    return [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}..." for line in told[-_MOST_LINES:]]
