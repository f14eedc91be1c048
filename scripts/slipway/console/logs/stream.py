"""One log stream: its newest events as they come, with the older ones behind links."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_lambdas.report.kit.markup import Html
from pipeline_lambdas.report.kit.tables import note
from pipeline_lambdas.report.kit.text import times
from slipway.console.log_lines import Event, lines
from slipway.console.logs.searching import found_panel, search_panel
from slipway.console.room import Asked, Page
from slipway.console.shell import at, panel, turn

PAGE_EVENTS = 200
_AGAIN_S = 1.0
_QUIET_S = 300
"""A stream to which nothing comes for so long is read again when something changes, as any other page is."""


def stream(asked: Asked) -> Page:
    """Draw the page."""
    group, name = asked.query["group"], asked.query["stream"]
    above = (("Logs", at("logs")), (group, at("logs", group=group)))
    found = found_panel(asked, group, name)
    if found is not None:
        return Page(name, [search_panel(asked, group, name), found], above)
    shown, again_s = _events(asked, group, name)
    return Page(name, [search_panel(asked, group, name), shown], above, again_s)


def _events(asked: Asked, group: str, name: str) -> tuple[Html, float | None]:
    """Return a page of events: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html."""
    token = asked.query.get("token", "")
    since = {"nextToken": token} if token else {}
    answer = asked.session.client("logs").get_log_events(
        logGroupName=group, logStreamName=name, limit=PAGE_EVENTS, startFromHead=False, **since
    )
    events, older, newer = answer["events"], answer["nextBackwardToken"], answer["nextForwardToken"]
    further = turn(
        ("Newest", at("logs", group=group, stream=name) if token else None),
        ("Newer", at("logs", group=group, stream=name, token=newer) if token and events else None),
        ("Older", at("logs", group=group, stream=name, token=older) if _may_have_older(events, older, token) else None),
    )
    label = f"Events of {name}"
    told = note(f"{'' if token else 'The last '}{times(len(events), 'event')}{'' if token else ', as they come'}.")
    body = lines(events, label) if events else note("No further events are here.")
    return panel("events", "Events", told, further, body), None if token else _again(asked, events)


def _may_have_older(events: Sequence[Event], older: str, token: str) -> bool:
    """Tell whether to offer older events: at the beginning of a stream the token of the request comes back."""
    return older != token and (len(events) == PAGE_EVENTS or bool(token and events))


def _again(asked: Asked, events: Sequence[Event]) -> float | None:
    quiet = not events or asked.now.timestamp() - events[-1]["timestamp"] / 1000 > _QUIET_S
    return None if quiet else _AGAIN_S
