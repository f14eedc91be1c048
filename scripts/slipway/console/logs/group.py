"""One log group: its streams, the newest first, and a search in all of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline_lambdas.report.kit.markup import Html
from pipeline_lambdas.report.kit.tables import note, table
from slipway.console.links import log_link
from slipway.console.logs.searching import found_panel, search_panel
from slipway.console.room import Asked, Page
from slipway.console.shell import ago, at, clock, field, panel, search, turn

PAGE_ROWS = 50


def group(asked: Asked) -> Page:
    """Draw the page."""
    name = asked.query["group"]
    parts = [search_panel(asked, name), found_panel(asked, name) or _streams(asked, name)]
    return Page(name, parts, (("Logs", at("logs")),))


def _streams(asked: Asked, group: str) -> Html:
    """Return a page of the streams; by their names if these have to begin with something, as CloudWatch wants it.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
    """
    prefix, token = asked.query.get("prefix", "").strip(), asked.query.get("token", "")
    by: dict[str, Any] = {"logStreamNamePrefix": prefix} if prefix else {"orderBy": "LastEventTime", "descending": True}
    answer = asked.session.client("logs").describe_log_streams(
        logGroupName=group, limit=PAGE_ROWS, **by, **({"nextToken": token} if token else {})
    )
    following, kept = answer.get("nextToken"), {"group": group, **({"prefix": prefix} if prefix else {})}
    rows = [_row(one, group, asked.now) for one in answer["logStreams"]]
    named = field("stream-prefix", "Name begins with", "prefix", value=prefix, maxlength=512)
    headings = ("Stream", "Last event", "", "First event")
    shown = table("streams-table", "List of streams", headings, rows, "wkkk", heard=True)
    further = turn(
        ("Newest", at("logs", **kept) if token else None),
        ("Older", at("logs", **kept, token=following) if following else None),
    )
    find = search(at("logs"), "Find", named, hidden={"group": group})
    return panel("streams", "Streams", find, shown if rows else note("No such stream is here."), further)


def _row(one: Mapping[str, Any], group: str, now: datetime) -> tuple[Html | str | None, ...]:
    last, first = _time(one.get("lastEventTimestamp")), _time(one.get("firstEventTimestamp"))
    return log_link(one["logStreamName"], group, one["logStreamName"]), clock(last), ago(last, now), clock(first)


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
