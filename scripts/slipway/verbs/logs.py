"""Verb `logs`: what functions, jobs, builds, endpoints and the actions of a release wrote."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from slipway.errors import SlipwayError
from slipway.releases.log_lines import Event, in_lines, read_events
from slipway.releases.log_places import FIXED, FORMS, Place, place_named
from slipway.session import Session, session_of
from slipway.terminal.completion import complete_logs, complete_releases
from slipway.terminal.interrupts import goes_on

_LATE_MS, _POLL_S = 10_000, 0.5
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FURTHER = ("1d", "7d", "90d")


def logs(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(autocompletion=complete_logs, help=f"{', '.join(FIXED)}, or {', '.join(FORMS)}."),
    ],
    since: Annotated[str, typer.Option(help="How far back: 90s, 10m, 2h, 7d.")] = "1h",
    run: Annotated[
        str | None,
        typer.Option(
            autocompletion=complete_releases, help="Release whose job or action is meant; default: the newest."
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print what comes, until the end or Ctrl-C.")] = False,
) -> None:
    """Print the log of a function, a job, the newest build or check, an endpoint or a release's action."""
    session = session_of(context)
    if follow and session.output.as_json:
        raise SlipwayError("--follow and --json exclude each other: one document has an end.")
    place = place_named(session, name, run)
    start_ms = 0 if place.prefix else max(round((time.time() - seconds(since)) * 1000), 0)
    named = (name, *(("--run", run) if run else ()))
    if follow:
        with goes_on(f"What writes to {place.group} goes on.", f"See it again: {session.command('logs', *named)}"):
            _follow(session, place, start_ms)
        return
    lines = [event for _, event in read_events(session, place, start_ms)]
    for event in lines:
        _say(session, event)
    if not lines:
        session.output.say(f"{place.group}: nothing{'' if place.prefix else _where_to_look(session, named, since)}")
    session.output.result(
        {"log_group": place.group, "events": [{"timestamp": when, "message": text} for when, text in lines]}
    )


def _where_to_look(session: Session, named: tuple[str, ...], since: str) -> str:
    wider = next((one for one in _FURTHER if seconds(one) > seconds(since)), None)
    further = f"; look further: {session.command('logs', *named, '--since', wider)}" if wider else ""
    return f" in the last {since}{further}"


def _say(session: Session, event: Event) -> None:
    when, text = event
    session.output.say(f"{datetime.fromtimestamp(when / 1000, UTC).astimezone():%H:%M:%S}  {in_lines(text)}")


def _follow(session: Session, place: Place, start_ms: int) -> None:
    """Print events as they come. One may come late, so the last seconds are asked for again."""
    known: dict[str, int] = {}
    while True:
        ended = place.ended()  # asked first, so that what was written until then is still read
        for event_id, event in read_events(session, place, start_ms, missing_is_empty=True):
            if event_id not in known:
                known[event_id] = event[0]
                _say(session, event)
                # A clock may be fast, and CloudWatch takes events of two hours ahead.
                start_ms = max(start_ms, min(event[0], round(time.time() * 1000)) - _LATE_MS)
        if ended:
            return
        known = {event_id: when for event_id, when in known.items() if when >= start_ms}
        time.sleep(max(session.target.poll_s, _POLL_S))


def seconds(text: str) -> int:
    """The value of an option `--since`."""
    matched = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    if not matched:
        raise SlipwayError(
            f"--since: found {text!r}; expected a number of at most nine digits with s, m, h or d, such as 10m."
        )
    return int(matched[1]) * _UNITS_S[matched[2]]
