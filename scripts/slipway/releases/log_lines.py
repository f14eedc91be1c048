"""Reads log lines, and leaves out what tells a person nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.releases.log_places import Place
from slipway.session import Session

Event = tuple[int, str]
"""Milliseconds since the epoch, and the line."""
_MARKS = ("START RequestId:", "END RequestId:", "INIT_START", "REPORT RequestId:")
"""https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html"""
_CONTAINER, _ENTERING = "[Container] ", " Entering phase "
_ALL_WELL = ("State: SUCCEEDED", "Phase context status code:  Message:")
"""How CodeBuild ends the lines about phases that have not failed."""
_MOST_STREAMS = 50
_TRIED_STREAMS = 3
_SEQUENCE = re.compile("\x1b\\[[0-?]{0,60}[ -/]{0,4}[@-~]")
"""What colours a text or moves the cursor: https://ecma-international.org/publications-and-standards/standards/ecma-48"""


def read_events(
    session: Session, place: Place, start_ms: int, *, missing_is_empty: bool = False
) -> list[tuple[str, Event]]:
    """Events with their ids. SlipwayError where there is no such log group, unless that is as good as empty."""
    query: dict[str, object] = {"logGroupName": place.group, "startTime": start_ms}
    if place.prefix:
        query["logStreamNamePrefix"] = place.prefix
    pages = session.client("logs").get_paginator("filter_log_events").paginate(**query)
    try:
        return [
            (_id(event), (event["timestamp"], event["message"].rstrip())) for page in pages for event in page["events"]
        ]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        if missing_is_empty:
            return []
        raise SlipwayError(f"{place.group}: found no such log group; nothing has been logged there yet.") from None


def last_lines(session: Session, place: Place, since: datetime, most: int) -> list[str]:
    """Return the last lines of the stream that was written to last, at most `most`: a few calls however long it is.

    A line that a program has redrawn is one, with its carriage returns.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
    """
    try:
        streams = _newest_streams(session, place)
        events = next(filter(None, (_last_events(session, place, stream, since, most) for stream in streams)), [])
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return []
    told = (line for event in events for line in told_lines(event["message"].rstrip()))
    return [one for line in told for one in line.split("\n")][-most:]


def _last_events(session: Session, place: Place, stream: str, since: datetime, most: int) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = session.client("logs").get_log_events(
        logGroupName=place.group,
        logStreamName=stream,
        startTime=round(since.timestamp() * 1000),
        startFromHead=False,
        limit=most,
    )["events"]
    return found


def _newest_streams(session: Session, place: Place) -> list[str]:
    """Return the streams that were written to last, the newest first, as far as CloudWatch knows by now.

    It may learn of an event's time an hour late:
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
    """
    # A prefix and an order by time exclude each other.
    asked: dict[str, Any] = {"logStreamNamePrefix": place.prefix, "limit": _MOST_STREAMS}
    if not place.prefix:
        asked = {"orderBy": "LastEventTime", "descending": True, "limit": _TRIED_STREAMS}
    found = session.client("logs").describe_log_streams(logGroupName=place.group, **asked)["logStreams"]
    newest = sorted(found, key=_written, reverse=True)
    return [str(stream["logStreamName"]) for stream in newest[:_TRIED_STREAMS]]


def _written(stream: Mapping[str, Any]) -> int:
    return max(int(stream.get(name, 0)) for name in ("lastEventTimestamp", "creationTime"))


def without_sequences(text: str) -> str:
    """Return a text without the sequences with which a program colours a terminal, or moves its cursor."""
    return _SEQUENCE.sub("", text)


def in_lines(text: str) -> str:
    """Return the same for a text that is shown whole, with a line for each time that a program redrew one."""
    return without_sequences(text).replace("\r\n", "\n").replace("\r", "\n")


def told_lines(line: str) -> list[str]:
    """What a person needs of a log line: of a function's own record its outcome, of Lambda's marks the faults alone."""
    if line.startswith(_MARKS) or (
        line.startswith(_CONTAINER) and (line.rstrip().endswith(_ALL_WELL) or _ENTERING in line)
    ):
        return []
    try:
        return _told(line)
    except (ValueError, RecursionError):  # no JSON, or nested deeper than can be read
        return [line]


def _told(line: str) -> list[str]:
    record = json.loads(line)
    if not isinstance(record, dict):
        return [line]
    said = record.get("message") or record.get("summary") or ""
    outcome = record.get("outcome") or record.get("event") or record.get("status") or ""
    first = ": ".join(str(part) for part in (outcome, said) if part)
    traceback = str(record.get("traceback") or record.get("report_error") or "").splitlines()
    return [*([first] if first else [line]), *traceback]


def _id(event: Mapping[str, Any]) -> str:
    return str(event.get("eventId") or (event.get("logStreamName"), event["timestamp"], event["message"]))
