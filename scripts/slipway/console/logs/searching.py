"""Searches a log group, or one of its streams, for events that match a filter pattern.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline_lambdas.report.kit.markup import Html
from pipeline_lambdas.report.kit.tables import note
from pipeline_lambdas.report.kit.text import times
from slipway.console.kept import kept_for
from slipway.console.log_lines import Event, lines
from slipway.console.room import Asked
from slipway.console.shell import at, choice, field, panel, search, turn

PAGE_EVENTS = 200
_MOST_CALLS = 5
"""CloudWatch may answer with no event and go on behind a token."""
SINCE = {"hour": ("The last hour", 3600), "day": ("The last day", 86_400), "week": ("The last week", 604_800)}
_ALL = ("all", "All of it")
_KEPT_S = 10
_TIME_MS = re.compile("[0-9]{1,13}")


@dataclass(frozen=True, slots=True)
class _Sought:
    """What is searched for, from which time on, and from which token of an answer."""

    group: str
    stream: str
    pattern: str
    start_ms: int
    token: str


def search_panel(asked: Asked, group: str, stream: str = "") -> Html:
    """Return the form."""
    pattern, since = asked.query.get("pattern", ""), asked.query.get("since", "hour")
    matching = field(
        "pattern", 'Filter pattern, such as ERROR or "took too long"', "pattern", value=pattern, maxlength=1024
    )
    window = choice("since", "Since", "since", [*((key, title) for key, (title, _) in SINCE.items()), _ALL], since)
    return panel("find", "Find", search(at("logs"), "Search", matching, window, hidden=_place(group, stream)))


def found_panel(asked: Asked, group: str, stream: str = "") -> Html | None:
    """Return the events that match, the oldest first; None if nothing was searched for."""
    pattern, since = asked.query.get("pattern", "").strip(), asked.query.get("since", "hour")
    if not pattern:
        return None
    here = {**_place(group, stream), "pattern": pattern, "since": since}
    token, start = asked.query.get("token", ""), asked.query.get("from", "")
    # Further pages are those of one request, so its beginning stays.
    start_ms = int(start) if _TIME_MS.fullmatch(start) else _start_ms(asked, since)
    sought = _Sought(group, stream, pattern, start_ms, token)
    names = asked.session.names
    # The page is drawn again whenever anything changes, and a search may take long.
    key = ("found", names.account, names.region, *here.items(), token, start)
    events, following = kept_for(key, _period(asked), partial(_filtered, asked, sought))
    further = turn(
        ("First", at("logs", **here) if token else None),
        ("Further", at("logs", **here, **{"from": start_ms}, token=following) if following else None),
    )
    count = f"{times(len(events), 'event')}, the oldest first" if events else "No event matches"
    told = note(f"{count}{'; there is more to search' if following else ''}.")
    leave = turn(("Without a pattern", at("logs", **_place(group, stream))))
    return panel(
        "found", "Events that match", told, leave, lines(events, "Events that match") if events else None, further
    )


def _place(group: str, stream: str) -> dict[str, str]:
    return {"group": group, **({"stream": stream} if stream else {})}


def _period(asked: Asked) -> int:
    return int(asked.now.timestamp() // _KEPT_S) * _KEPT_S


def _start_ms(asked: Asked, since: str) -> int:
    return max(_period(asked) - SINCE[since][1], 0) * 1000 if since in SINCE else 0


def _filtered(asked: Asked, sought: _Sought) -> tuple[list[Event], str]:
    request: dict[str, Any] = {
        "logGroupName": sought.group,
        "filterPattern": sought.pattern,
        "startTime": sought.start_ms,
        "limit": PAGE_EVENTS,
        **({"logStreamNames": [sought.stream]} if sought.stream else {}),
    }
    logs, token = asked.session.client("logs"), sought.token
    for _ in range(_MOST_CALLS):
        answer = logs.filter_log_events(**request, **({"nextToken": token} if token else {}))
        token = answer.get("nextToken", "")
        if answer["events"] or not token:
            return answer["events"], token
    return [], token
