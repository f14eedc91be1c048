"""Verb `follow`: a release from stage to stage until it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.text import duration
from slipway.errors import Command, UnsuccessfulError
from slipway.releases.pipeline import load_pipeline, load_run, resolve_run
from slipway.releases.run_view import ActionView, RunView
from slipway.session import Session, session_of
from slipway.terminal.advice import advise
from slipway.terminal.build_progress import BuildProgress
from slipway.terminal.completion import NewestRelease
from slipway.terminal.interrupts import release_continues
from slipway.terminal.live_view import LiveRelease
from slipway.terminal.log_tail import LogTail
from slipway.terminal.output import Output, status_text

_SUMMARY_CHARACTERS = 70
_REFRESHES_PER_S = 4
_PLAIN_NOTE_EVERY_S = 30.0


Shown = dict[tuple[str, str], str]
"""Stage and action to the state that was last printed of it."""


def follow(
    context: typer.Context,
    execution: NewestRelease = None,
) -> None:
    """Follow a release to its end.

    Waits for an approval too. The exit code is 1 if the release does not succeed.
    """
    session = session_of(context)
    run = follow_run(session, resolve_run(session, execution))
    session.output.result(run_document(run))
    if run.status != "Succeeded":
        raise UnsuccessfulError


def follow_run(session: Session, run_id: str, *, until_approval: bool = False, shown: Shown | None = None) -> RunView:
    """Show a release until it ends, or until an approval is open; then what became of it.

    `shown` holds what earlier calls have printed of it line by line, which is not printed again.
    """
    shown = {} if shown is None else shown
    pipeline, progress = load_pipeline(session), BuildProgress(session)

    def looked_at() -> RunView:
        return progress.told(load_run(session, run_id, pipeline))

    run = looked_at()
    if not shown:
        session.output.say(Text.assemble(("release ", "bold"), run.id, f", started: {run.trigger}"))

    def newer() -> Iterator[RunView]:
        known, begun = run, time.monotonic()
        yield known
        while known.running and not (until_approval and (known.approval or known.behind)):
            session.target.rest(time.monotonic() - begun)
            begun = time.monotonic()
            known = looked_at()
            yield known

    show_all = _show_in_place if session.output.in_place else _show_line_by_line
    with release_continues(session, run.short_id):
        run = show_all(session, newer(), shown)
    report_end(session, run)
    return run


def _show_in_place(session: Session, views: Iterator[RunView], shown: Shown) -> RunView:
    console = session.output.console
    screen, tail = LiveRelease(console, session.command, next(views)), LogTail(session)
    with Live(
        console=console,
        refresh_per_second=_REFRESHES_PER_S,
        get_renderable=screen,
        transient=True,
        vertical_overflow="crop",
    ) as live:
        for run in chain((screen.run,), views):
            screen.run, screen.tails = run, tail.tails(run)
            ended = screen.newly_ended(shown)
            if ended:
                live.refresh()  # as the window is now, so that the lines come where they belong
                session.output.say(Text("\n").join(ended))
    return screen.run


def _show_line_by_line(session: Session, views: Iterator[RunView], shown: Shown) -> RunView:
    for run in views:
        print_changes(session.output, run, shown, session.command)
    return run


def run_table(run: RunView, now: datetime) -> Table:
    """Stages and actions with status, duration and what they say."""
    table = Table(box=None, pad_edge=False)
    for title in ("stage", "action", "status"):
        table.add_column(title, no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("")
    previous = ""
    for action in run.actions:
        table.add_row(
            action.stage if action.stage != previous else "",
            action.name,
            status_text(action.status),
            took(action, now),
            Text(_shortened(action.error_message or action.summary), no_wrap=True, overflow="ellipsis"),
        )
        previous = action.stage
    return table


def print_changes(output: Output, run: RunView, shown: Shown, command: Command) -> None:
    """Print a line for each action that is new against `shown`, and note it there.

    An action's end is worth a line, each step of a build, and while something goes on one every half minute.
    """
    now = datetime.now(UTC)
    for action in run.actions:
        place, seconds = (action.stage, action.name), action.seconds(now) or 0.0
        state = action.status
        if state == "InProgress":
            state = f"InProgress {seconds // _PLAIN_NOTE_EVERY_S:.0f}" if seconds > _PLAIN_NOTE_EVERY_S else ""
            state = f"{state} {action.summary}".strip() if action.provider == "CodeBuild" else state
        if not state or shown.get(place) == state:
            continue
        shown[place] = state
        said = _shortened(action.error_message or action.summary)
        # What goes on is told as of now; what has ended, when it ended.
        at = now if action.status in {"InProgress", "Waiting"} or action.updated is None else action.updated
        line = Text.assemble(
            f"  {at.astimezone():%H:%M:%S}  {action.stage}/{action.name}  ", status_text(action.status)
        )
        output.say(line.append(f"  {duration(seconds)}  {said}".rstrip()))
    notes = waiting_lines(run, command)
    if notes and shown.get(("", "note")) != notes[0]:
        shown["", "note"] = notes[0]
        for note in notes:
            output.say(f"  {note}")


def waiting_lines(run: RunView, command: Command) -> list[str]:
    """What a release waits for, of an approval with the evidence and the two answers; empty if it does not wait."""
    if not run.running:
        return []
    approval = run.approval
    if approval:
        return [f"{approval.stage}/{approval.name} waits for a decision", *approval_lines(run, approval, command)]
    if run.behind:
        other = short_id(run.behind)
        answers = [f"  {verb + ':':<9}{command(verb, other, '--message', 'REASON')}" for verb in ("approve", "reject")]
        return [f"waits behind release {other}, whose approval is open; answer that one first", *answers]
    return [f"waits in front of {run.waits_for}"] if run.waits_for else []


def approval_lines(run: RunView, approval: ActionView, command: Command) -> list[str]:
    """What an approval is decided by, and how it is answered."""
    lines = [f"  {name}: {text}" for name, text in (("about", approval.about), ("evidence", approval.evidence)) if text]
    answers = [
        f"  {verb + ':':<9}{command(verb, run.short_id, '--message', 'REASON')}" for verb in ("approve", "reject")
    ]
    return [*lines, f"  {'look:':<9}{command('show', run.short_id)}", *answers]


def report_end(session: Session, run: RunView) -> None:
    """Say what became of a release; of a failed one why, where to look and what to do."""
    seconds = run.seconds(datetime.now(UTC))
    after = f" after {duration(seconds)}" if seconds is not None else ""
    if run.approval or run.behind:
        session.output.say(
            Text.assemble("release ", run.short_id, " ", status_text("Waiting"), f" for approval{after}")
        )
        return
    session.output.say(Text.assemble("release ", run.short_id, " ", status_text(run.state), after))
    if run.status == "Succeeded":
        return
    for line in failure_lines(run, session.command):
        session.output.say(line)


def failure_lines(run: RunView, command: Command) -> list[str]:
    """Why a release did not succeed, and the next steps."""
    action = run.failed_action
    lines = [run.status_summary] if run.status_summary else []
    if action is not None:
        code = f"{action.error_code}: " if action.error_code and action.provider != "Manual" else ""
        message = action.error_message or action.summary or "no reason was given"
        lines.append(f"{action.stage}/{action.name}: {code}{message}")
    if run.status == "Failed":
        lines.append(f"why, with its log: {command('explain', run.short_id)}")
    told = ("\n    ".join(line.splitlines()) for line in lines)  # apart from the next steps, whatever it holds
    return [f"  {line}" for line in (*told, *(f"next: {step}" for step in advise(run, action, command)))]


def took(action: ActionView, now: datetime) -> str:
    seconds = action.seconds(now)
    return "" if seconds is None else duration(seconds)


def run_document(run: RunView) -> dict[str, object]:
    """A release as a program reads it."""
    return {
        "id": run.id,
        "status": run.status,
        "state": run.state,
        "status_summary": run.status_summary,
        "trigger": run.trigger,
        "approval": _approval_document(run.approval) if run.approval else None,
        "revisions": {one.action: {"id": one.id, "summary": one.summary} for one in run.revisions},
        "actions": [
            {
                "stage": action.stage,
                "action": action.name,
                "status": action.status,
                "started": action.started.isoformat() if action.started else None,
                "seconds": action.seconds(datetime.now(UTC)),
                "attempt": action.attempt,
                "summary": action.summary,
                "error": {"code": action.error_code, "message": action.error_message} if action.error_code else None,
                "variables": dict(action.variables),
            }
            for action in run.actions
        ],
    }


def _approval_document(approval: ActionView) -> dict[str, str]:
    return {
        "stage": approval.stage,
        "action": approval.name,
        "about": approval.about,
        "evidence": approval.evidence,
    }


def _shortened(text: str) -> str:
    first = text.splitlines()[0] if text else ""
    return first if len(first) <= _SUMMARY_CHARACTERS else first[: _SUMMARY_CHARACTERS - 3] + "..."
