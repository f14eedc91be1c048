"""Lines of a log as a part of a page: the last ones of a stream, as they come.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.report.kit.markup import Html, el, join
from pipeline_lambdas.report.kit.tables import note
from pipeline_lambdas.report.kit.text import times
from slipway.console.links import log_link
from slipway.console.shell import panel
from slipway.installation.aws_errors import code_of
from slipway.releases.log_lines import in_lines
from slipway.session import Session

LAST = 200
LONGEST = 4000
"""Characters of a line that a page shows; CloudWatch takes lines of a megabyte."""
_STREAMS = 10
Event = Mapping[str, Any]


def log_panel(session: Session, group: str, prefix: str, key: str = "log") -> Html:
    """Return the last lines of the first stream that begins with `prefix`, and links to all of them."""
    streams = streams_of(session, group, prefix)
    if not streams:
        return panel(key, "Log", note("Nothing has been logged."))
    events = last_events(session, group, streams[0])
    told = f"The last {LAST} lines of " if len(events) == LAST else f"{times(len(events), 'line')} of "
    others = [el("li", log_link(stream, group, stream)) for stream in streams[1:]]
    about = note(told, log_link(streams[0], group, streams[0]), ".")
    more = el("ul", *others) if others else None
    return panel(key, "Log", about, lines(events, f"Log of {prefix}"), more)


def streams_of(session: Session, group: str, prefix: str) -> list[str]:
    """Return the first streams whose names begin so; none without the group."""
    try:
        found = session.client("logs").describe_log_streams(
            logGroupName=group, logStreamNamePrefix=prefix, limit=_STREAMS
        )
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return []
    return [str(stream["logStreamName"]) for stream in found["logStreams"]]


def last_events(session: Session, group: str, stream: str) -> list[Event]:
    found: list[Event] = session.client("logs").get_log_events(
        logGroupName=group, logStreamName=stream, limit=LAST, startFromHead=False
    )["events"]
    return found


def lines(events: Sequence[Event], label: str) -> Html:
    """Return lines with their times, scrolled to the last one; what they hold is text, whatever it looks like."""
    return el("pre", el("code", *_lines(events)), class_="log", role="region", tabindex=0, aria_label=label)


def _lines(events: Iterable[Event]) -> Iterator[Html]:
    for event in events:
        time = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
        shown = f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03d}"
        written = time.isoformat(timespec="milliseconds")
        yield join(el("time", shown, datetime=written), "  ", plain(str(event["message"])), "\n")


def plain(message: str) -> str:
    """Return a line without the colours of a terminal, and cut where it is too long for a page."""
    text = in_lines(message[: 2 * LONGEST].rstrip())
    if len(message) <= LONGEST:
        return text
    return f"{text[:LONGEST]}\N{HORIZONTAL ELLIPSIS} ({len(message):,} characters in all)"
