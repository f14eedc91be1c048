"""CloudWatch Logs: streams and events kept in a file, where MiniStack keeps each event twice, in memory, for good.

A group stays a record of MiniStack's; what it calls the group's streams is here only a window on the file. The
operations that read or write events are replaced by the same operations on the file, and events that are older than
the retention of their group are removed:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
"""

from __future__ import annotations

import base64
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local_aws.base.cloudwatch.log_groups import groups_with_streams_in, no_records, owner
from local_aws.base.tables import ministack
from local_aws.state.log_store import BEGIN, END, Cursor, Event, LogStore, Window

Answer = tuple[int, dict[str, str], bytes]

_MAX_EVENTS = 10_000
_MAX_STREAMS = 50
_FOREVER = 1 << 62


def store_log_events(store: LogStore) -> None:
    """Put the file in the place of MiniStack's lists of events, and move what an older state holds into it."""
    logs = ministack("services.cloudwatch_logs")
    operations = _Operations(logs, store)
    before = logs._log_groups  # noqa: SLF001
    logs._log_groups = groups_with_streams_in(store)  # noqa: SLF001
    logs._log_groups.update(before)  # noqa: SLF001
    logs._log_records = no_records()  # noqa: SLF001
    logs._put_log_events = operations.put  # noqa: SLF001
    logs._get_log_events = operations.get  # noqa: SLF001
    logs._filter_log_events = operations.filter  # noqa: SLF001
    logs._get_log_record = operations.record  # noqa: SLF001
    logs._describe_log_groups = operations.describe_groups(logs._describe_log_groups)  # noqa: SLF001
    logs._describe_log_streams = operations.describe_streams  # noqa: SLF001
    logs._append_log_events = operations.append  # noqa: SLF001
    logs._collect_query_records = operations.query_records  # noqa: SLF001


class _Operations:
    """Operations of CloudWatch Logs on the file; requests and answers as MiniStack has them."""

    def __init__(self, logs: Any, store: LogStore) -> None:
        self._logs, self._store = logs, store

    def _error(self, code: str, message: str) -> Answer:
        answer: Answer = self._logs.error_response_json(code, message, 400)
        return answer

    def _missing(self, kind: str, name: object) -> Answer:
        return self._error("ResourceNotFoundException", f"The specified log {kind} does not exist: {name}")

    def _answer(self, document: Mapping[str, Any]) -> Answer:
        answer: Answer = self._logs.json_response(document)
        return answer

    def put(self, request: Mapping[str, Any]) -> Answer:
        """PutLogEvents."""
        group, stream, given = request.get("logGroupName"), request.get("logStreamName"), request.get("logEvents", [])
        if not group or group not in self._logs._log_groups:  # noqa: SLF001
            return self._missing("group", group)
        now = int(time.time() * 1000)
        events = [(event.get("timestamp", now), event.get("message", "")) for event in given]
        try:
            token = self._store.append(owner(), group, str(stream), events, now) if events else 1
        except KeyError:
            return self._missing("stream", stream)
        told = [{"timestamp": at, "message": message, "ingestionTime": now} for at, message in events]
        self._logs._fanout_to_subscription_filters(group, stream, given)  # noqa: SLF001
        self._logs._fanout_to_live_tail_sessions(group, stream, told)  # noqa: SLF001
        self._sweep(now)
        return self._answer({"nextSequenceToken": str(token)})

    def append(self, stream: Mapping[str, str], events: Sequence[Mapping[str, Any]]) -> None:
        """What services of MiniStack log themselves: a full disk loses the lines and nothing else."""
        told = [(event["timestamp"], event["message"]) for event in events]
        try:
            self._store.append(owner(), stream["group"], stream["name"], told, events[-1]["ingestionTime"])
        except (sqlite3.Error, KeyError) as error:
            self._logs.logger.warning("log lines of %s are lost: %s", stream["group"], error)

    def _sweep(self, now: int) -> None:
        groups = self._logs._log_groups.all_items()  # noqa: SLF001
        kept = {(f"{a}/{r}", n): record.get("retentionInDays") for (a, r, n), record in groups}
        self._store.sweep({key: days for key, days in kept.items() if days}, now)

    def get(self, request: Mapping[str, Any]) -> Answer:
        """GetLogEvents.

        https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
        """
        group, name = self._logs._resolve_log_group_name(request), request.get("logStreamName")  # noqa: SLF001
        if group not in self._logs._log_groups:  # noqa: SLF001
            return self._missing("group", group)
        stream = self._store.stream(owner(), group, str(name))
        if stream is None:
            return self._missing("stream", name)
        token = request.get("nextToken")
        try:
            forward, place = _read_token(token) if token else _first_page(request)
        except ValueError:
            return self._error("InvalidParameterException", "The specified nextToken is invalid.")
        window = Window(request.get("startTime") or 0, request.get("endTime") or _FOREVER)
        count = min(request.get("limit", _MAX_EVENTS), _MAX_EVENTS)
        page = self._store.page(stream["id"], window, place, count, forward=forward)
        # At the end of a stream the token is the one that was sent, by which a caller knows.
        last = page[-1].cursor if page else place
        first = page[0].cursor if page else place
        return self._answer(
            {
                "events": [{"timestamp": e.at, "message": e.message, "ingestionTime": e.ingested} for e in page],
                "nextForwardToken": _token("f", last if page or forward else BEGIN),
                "nextBackwardToken": _token("b", first if page or not forward else END),
            }
        )

    def filter(self, request: Mapping[str, Any]) -> Answer:
        """FilterLogEvents.

        https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
        """
        group = self._logs._resolve_log_group_name(request)  # noqa: SLF001
        if group not in self._logs._log_groups:  # noqa: SLF001
            return self._missing("group", group)
        matches: Callable[[str], bool] = self._logs._compile_filter_pattern(request.get("filterPattern", ""))  # noqa: SLF001
        count = min(request.get("limit", _MAX_EVENTS), _MAX_EVENTS)
        end = request.get("endTime")
        window = Window(request.get("startTime") or 0, _FOREVER if end is None else end + 1)
        try:
            place = _place(request["nextToken"]) if request.get("nextToken") else BEGIN
        except ValueError:
            return self._error("InvalidParameterException", "The specified nextToken is invalid.")
        streams, prefix = request.get("logStreamNames") or (), request.get("logStreamNamePrefix") or ""
        if streams and prefix:
            told = "logStreamNames and logStreamNamePrefix exclude each other; give one of them."
            return self._error("InvalidParameterException", told)
        found: list[Event] = []
        for event in self._store.events(owner(), group, window, place, streams, prefix):
            if len(found) == count:
                return self._filtered(found, _written(found[-1].cursor))
            if matches(event.message):
                found.append(event)
        return self._filtered(found, None)

    def _filtered(self, found: Sequence[Event], token: str | None) -> Answer:
        events = [
            {
                "logStreamName": e.stream,
                "timestamp": e.at,
                "message": e.message,
                "ingestionTime": e.ingested,
                "eventId": _event_id(e),
            }
            for e in found
        ]
        return self._answer({"events": events, "searchedLogStreams": [], **({"nextToken": token} if token else {})})

    def record(self, request: Mapping[str, Any]) -> Answer:
        """GetLogRecord."""
        pointer = str(request.get("logRecordPointer") or "")
        number = int(pointer) if pointer.isdecimal() else _FOREVER
        found = self._store.event(owner(), number) if number < _FOREVER else None
        if found is None:
            return self._error("InvalidParameterException", "Invalid logRecordPointer provided")
        return self._answer({"logRecord": self._logs._public_log_record(self._record(*found))})  # noqa: SLF001

    def _record(self, group: str, event: Event) -> Any:
        return self._logs._build_log_record(  # noqa: SLF001
            ptr=_event_id(event),
            timestamp_ms=event.at,
            message=event.message,
            log_group=group,
            log_stream=event.stream,
        )

    def query_records(self, groups: Sequence[str], start_s: float, end_s: float) -> list[Any]:
        """Return the records that a query of Logs Insights searches."""
        window = Window(int(start_s) * 1000, int(end_s) * 1000 + 1)
        found = [(event, group) for group in groups for event in self._store.events(owner(), group, window)]
        return [self._record(group, event) for event, group in sorted(found, key=lambda one: one[0].cursor)]

    def describe_groups(self, describe: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
        """DescribeLogGroups, with the sizes that the file knows."""

        def describe_with_sizes(request: Mapping[str, Any]) -> Answer:
            status, headers, body = describe(request)
            document = json.loads(body)
            for group in document.get("logGroups", []):
                group["storedBytes"] = self._store.stored_bytes(owner(), group["logGroupName"])
            return status, headers, json.dumps(document).encode()

        return describe_with_sizes

    def describe_streams(self, request: Mapping[str, Any]) -> Answer:
        """DescribeLogStreams.

        https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
        """
        group = self._logs._resolve_log_group_name(request)  # noqa: SLF001
        if group not in self._logs._log_groups:  # noqa: SLF001
            return self._missing("group", group)
        count, start = min(request.get("limit", _MAX_STREAMS), _MAX_STREAMS), _offset(request.get("nextToken"))
        found = self._store.streams(
            owner(),
            group,
            prefix=request.get("logStreamNamePrefix", ""),
            by_time=request.get("orderBy") == "LastEventTime",
            descending=bool(request.get("descending", False)),
            offset=start,
            count=count + 1,
        )
        more = {"nextToken": _encoded(start + count)} if len(found) > count else {}
        arn = self._logs._log_groups[group]["arn"].removesuffix(":*")  # noqa: SLF001
        return self._answer({"logStreams": [_described(row, arn) for row in found[:count]], **more})


def _described(stream: sqlite3.Row, group_arn: str) -> dict[str, Any]:
    times = {
        "firstEventTimestamp": stream["first"],
        "lastEventTimestamp": stream["last"],
        "lastIngestionTime": stream["ingested"],
    }
    return {
        "logStreamName": stream["name"],
        "creationTime": stream["created"],
        "storedBytes": stream["bytes"],
        "uploadSequenceToken": str(stream["token"]),
        "arn": f"{group_arn}:log-stream:{stream['name']}",
    } | {name: at for name, at in times.items() if at is not None}


def _first_page(request: Mapping[str, Any]) -> tuple[bool, Cursor]:
    """Return the first page of a caller without a token: the latest events, unless it asks for the first ones."""
    return (True, BEGIN) if request.get("startFromHead", False) else (False, END)


def _token(way: str, place: Cursor) -> str:
    return f"{way}/{_written(place)}"


def _read_token(token: str) -> tuple[bool, Cursor]:
    way, _, place = token.partition("/")
    if way not in ("f", "b"):
        raise ValueError(token)
    return way == "f", _place(place)


def _written(place: Cursor) -> str:
    return f"{place[0]}:{place[1]}"


def _place(text: str) -> Cursor:
    at, _, number = text.partition(":")
    return int(at), int(number)


def _event_id(event: Event) -> str:
    """56 digits, as AWS's have."""
    return f"{event.id:056d}"


def _encoded(offset: int) -> str:
    return base64.b64encode(str(offset).encode()).decode()


def _offset(token: str | None) -> int:
    try:
        return int(base64.b64decode(token)) if token else 0
    except ValueError:
        return 0
