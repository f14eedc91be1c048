"""The log groups of the account, by the beginning of their names."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline_lambdas.report.kit.tables import note, table
from pipeline_lambdas.report.kit.text import size, times
from slipway.console.links import log_link
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, field, panel, search, turn

PAGE_ROWS = 50


def groups(asked: Asked) -> Page:
    """Draw the page: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html."""
    prefix, token = asked.query.get("prefix", "").strip(), asked.query.get("token", "")
    given = {"logGroupNamePrefix": prefix, "nextToken": token}
    answer = asked.session.client("logs").describe_log_groups(
        limit=PAGE_ROWS, **{name: value for name, value in given.items() if value}
    )
    found, following = answer["logGroups"], answer.get("nextToken")
    kept = {"prefix": prefix} if prefix else {}
    rows = [
        (
            log_link(one["logGroupName"], one["logGroupName"]),
            times(one["retentionInDays"], "day") if one.get("retentionInDays") else "for good",
            size(one.get("storedBytes")),
            clock(datetime.fromtimestamp(one["creationTime"] / 1000, UTC)),
        )
        for one in found
    ]
    named = field("group-prefix", "Name begins with", "prefix", value=prefix, maxlength=512)
    shown = table("groups-table", "List of log groups", ("Name", "Kept", "Size", "Created"), rows, "wknk", heard=True)
    further = turn(
        ("First", at("logs", **kept) if token else None),
        ("Further", at("logs", **kept, token=following) if following else None),
    )
    parts = [
        panel("find", "Find", search(at("logs"), "Find", named)),
        panel("groups", "Log groups", shown if rows else note("No such log group is here."), further),
    ]
    return Page("Logs", parts)
