"""Logs, metrics and S3's records: on disk, out of memory, and as AWS answers them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.state import state_files
from local_aws.state.log_store import BEGIN, LogStore, Window
from local_aws.state.metric_store import MetricStore
from local_aws.state.store import Store
from tests.local_aws import held
from tests.local_server import ACCOUNT, REGION, ROOT, LocalServer

DAY_MS = 24 * 3600 * 1000
MOST_AT_FIRST = {"listings": 50_000, "objects": 200_000, "patterns": 20_000, "sessions": 150_000, "signatures": 50_000}
"""Bytes that are kept of the last ones: what fills up over the first releases looks like growth, and is some MiB."""


def test_what_is_given_is_not_held_in_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.local_aws.held", str(tmp_path / "state")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    bytes_of = json.loads(done.stdout)
    assert set(bytes_of) == {*MOST_AT_FIRST, "alarms", "events", "functions", "logs", "marks", "metrics", "uploads"}
    assert max(later for _, later in bytes_of.values()) < 300 * held.HALF, bytes_of
    assert {name: bytes_of[name][0] for name, most in MOST_AT_FIRST.items() if bytes_of[name][0] > most} == {}


class Stream:
    """A log stream of one test."""

    def __init__(self, server: LocalServer, name: str) -> None:
        self.logs = server.client("logs")
        self.place = {"logGroupName": f"/test/{name}", "logStreamName": "stream"}
        self.group = {"logGroupName": f"/test/{name}"}
        self.now = int(time.time() * 1000)
        self.logs.create_log_group(**self.group)
        self.logs.create_log_stream(**self.place)

    def put(self, *times: int) -> None:
        events = [{"timestamp": self.now + at, "message": f"at {at}"} for at in times]
        self.logs.put_log_events(**self.place, logEvents=events)

    def get(self, **request: Any) -> tuple[list[str], str, str]:
        """Messages, and the tokens for what comes after and before."""
        page = self.logs.get_log_events(**self.place, **request)
        return [event["message"] for event in page["events"]], page["nextForwardToken"], page["nextBackwardToken"]


def test_events_are_paged_in_both_ways_by_their_times(local_aws: LocalServer) -> None:
    stream = Stream(local_aws, "paged")
    stream.put(1, 2, 5)
    stream.put(3, 4)  # later in coming, earlier in time
    assert stream.get(limit=2)[0] == ["at 4", "at 5"]
    newest, forward, backward = stream.get(limit=2, nextToken=stream.get(limit=2)[2])
    assert newest == ["at 2", "at 3"]
    assert stream.get(limit=5, nextToken=forward)[0] == ["at 4", "at 5"]
    assert stream.get(limit=5, nextToken=backward)[0] == ["at 1"]
    assert stream.get(startFromHead=True, startTime=stream.now + 2, endTime=stream.now + 4)[0] == ["at 2", "at 3"]
    with pytest.raises(ClientError, match="The specified nextToken is invalid"):
        stream.get(nextToken="nonsense")


def test_the_end_of_a_stream_gives_the_token_that_was_sent_until_there_is_more(local_aws: LocalServer) -> None:
    stream = Stream(local_aws, "end")
    assert stream.get()[0] == []
    _, token, _ = stream.get(startFromHead=True)
    stream.put(1)
    found, token, _ = stream.get(nextToken=token)
    assert found == ["at 1"]
    assert stream.get(nextToken=token) == ([], token, stream.get(nextToken=token)[2])
    stream.put(2)
    assert stream.get(nextToken=token)[0] == ["at 2"]


def test_events_of_a_group_are_filtered_in_pages(local_aws: LocalServer) -> None:
    stream = Stream(local_aws, "filtered")
    stream.logs.create_log_stream(**stream.group, logStreamName="other")
    stream.put(*range(10))
    stream.logs.put_log_events(
        **stream.group, logStreamName="other", logEvents=[{"timestamp": stream.now + 4, "message": "at 4, other"}]
    )
    pages = stream.logs.get_paginator("filter_log_events").paginate(**stream.group, PaginationConfig={"PageSize": 3})
    found = [event["message"] for page in pages for event in page["events"]]
    assert found == [f"at {n}" for n in range(5)] + ["at 4, other"] + [f"at {n}" for n in range(5, 10)]
    query = {**stream.group, "filterPattern": "4", "logStreamNames": ["stream"]}
    [event] = stream.logs.filter_log_events(**query)["events"]
    assert event["message"] == "at 4"
    record = stream.logs.get_log_record(logRecordPointer=event["eventId"])["logRecord"]
    assert (record["@message"], record["@logStream"]) == ("at 4", "stream")
    beginning = stream.logs.filter_log_events(**stream.group, logStreamNamePrefix="oth")["events"]
    assert [event["message"] for event in beginning] == ["at 4, other"]
    with pytest.raises(ClientError, match="InvalidParameterException"):
        stream.logs.filter_log_events(**query, logStreamNamePrefix="oth")
    until = stream.logs.filter_log_events(**stream.group, startTime=stream.now + 8, endTime=stream.now + 9)["events"]
    assert [event["message"] for event in until] == ["at 8", "at 9"]


def test_streams_are_listed_by_the_time_of_their_last_event(local_aws: LocalServer) -> None:
    stream = Stream(local_aws, "listed")
    for number, name in enumerate(("b", "a", "c")):
        stream.logs.create_log_stream(**stream.group, logStreamName=name)
        events = [{"timestamp": stream.now + number, "message": "four"}]
        stream.logs.put_log_events(**stream.group, logStreamName=name, logEvents=events)

    def names(**request: Any) -> list[str]:
        pages = stream.logs.get_paginator("describe_log_streams").paginate(
            **stream.group, **request, PaginationConfig={"PageSize": 2}
        )
        return [found["logStreamName"] for page in pages for found in page["logStreams"]]

    assert names() == ["a", "b", "c", "stream"]
    assert names(logStreamNamePrefix="s") == ["stream"]
    assert names(orderBy="LastEventTime", descending=True) == ["c", "a", "b", "stream"]
    [group] = stream.logs.describe_log_groups(logGroupNamePrefix="/test/listed")["logGroups"]
    assert group["storedBytes"] == len("four") * 3


def test_a_recreated_group_is_empty(local_aws: LocalServer) -> None:
    stream = Stream(local_aws, "anew")
    stream.put(1)
    stream.logs.delete_log_group(**stream.group)
    with pytest.raises(ClientError, match="The specified log group does not exist"):
        stream.get()
    stream.logs.create_log_group(**stream.group)
    assert stream.logs.filter_log_events(**stream.group)["events"] == []
    with pytest.raises(ClientError, match="The specified log stream does not exist"):
        stream.put(2)


def test_logs_metrics_and_versions_are_there_after_a_kill(own_local_aws: LocalServer) -> None:
    stream = Stream(own_local_aws, "kept")
    time.sleep(1.5)  # the group is saved in the background
    stream.put(1)
    cloudwatch, s3 = own_local_aws.client("cloudwatch"), own_local_aws.client("s3")
    datum = {"MetricName": "m", "Dimensions": [{"Name": "d", "Value": "v"}], "Values": [1.0, 3.0], "Counts": [2.0, 1.0]}
    cloudwatch.put_metric_data(Namespace="Kept", MetricData=[datum])
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    versions = [s3.put_object(Bucket="kept", Key="k", Body=body)["VersionId"] for body in (b"one", b"two", b"three")]
    for _ in range(2):
        bodies = [s3.get_object(Bucket="kept", Key="k", VersionId=v)["Body"].read() for v in versions]
        assert bodies == [b"one", b"two", b"three"]
        assert stream.get()[0] == ["at 1"]
        window = {"StartTime": time.time() - 3600, "EndTime": time.time() + 60, "Period": 3600}
        asked = {"Namespace": "Kept", "MetricName": "m", "Dimensions": datum["Dimensions"], "Statistics": ["Sum"]}
        points = cloudwatch.get_metric_statistics(**asked, **window)["Datapoints"]
        assert sum(point["Sum"] for point in points) == 5.0
        own_local_aws.kill()
        own_local_aws.up()
    s3.delete_object(Bucket="kept", Key="k", VersionId=versions[2])
    assert s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"two"


def test_events_and_points_of_an_older_state_are_taken_over(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "state")
    server.up()
    server.down()
    now = time.time()
    event = {"timestamp": int(now * 1000), "message": "old", "ingestionTime": int(now * 1000), "eventId": "1"}
    stream = {"events": [event], "uploadSequenceToken": "2", "creationTime": 1}
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:old:*"
    group = {"arn": arn, "creationTime": 1, "tags": {}, "subscriptionFilters": {}, "streams": {"s": stream}}
    point = {"Timestamp": now, "Value": 2.0, "Unit": "None", "Dimensions": {"d": "v"}}
    write(server, "cloudwatch_logs", 3, {"log_groups": scoped("'old'", group)})
    write(server, "cloudwatch", 2, {"metrics": scoped("('Old', 'm', 'd=v')", [point])})
    asked = {"Namespace": "Old", "MetricName": "m", "Dimensions": [{"Name": "d", "Value": "v"}], "Statistics": ["Sum"]}
    window = {"StartTime": now - 3600, "EndTime": now + 60, "Period": 3600}
    for _ in range(2):  # the second time there is nothing left to be taken over
        server.up()
        try:
            found = server.client("logs").filter_log_events(logGroupName="old")["events"]
            points = server.client("cloudwatch").get_metric_statistics(**asked, **window)["Datapoints"]
        finally:
            server.down()
        assert [event["message"] for event in found] == ["old"]
        assert sum(point["Sum"] for point in points) == 2.0


def scoped(key: str, value: object) -> dict[str, Any]:
    """A dictionary of MiniStack's as a state file has it."""
    return {"__account_region_scoped__": True, "data": {f"{ACCOUNT}\0{REGION}\0{key}": value}}


def test_alarm_history_of_an_older_state_is_taken_over_and_kept_for_30_days(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "state")
    server.up()
    server.down()

    def entry(days: int) -> dict[str, str]:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * DAY_MS / 1000))
        told = {"HistoryItemType": "StateUpdate", "HistorySummary": f"{days} days ago", "HistoryData": "{}"}
        return {"AlarmName": "old", "AlarmType": "MetricAlarm", "Timestamp": at, **told}

    write(server, "cloudwatch", 2, {"alarm_history": scoped("'entries'", [entry(31), entry(29), entry(0)])})
    for _ in range(2):
        server.up()
        try:
            found = server.client("cloudwatch").describe_alarm_history(AlarmName="old")["AlarmHistoryItems"]
        finally:
            server.down()
        assert [item["HistorySummary"] for item in found] == ["0 days ago", "29 days ago"]


def write(server: LocalServer, service: str, version: int, state: dict[str, Any]) -> None:
    content = json.dumps({"__ministack_format__": version, "payload": state}).encode()
    state_files.write(server.state / "ministack" / f"{service}.json", content)


def test_events_older_than_the_retention_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = LogStore(Store(tmp_path / "telemetry.db"))
    for group in ("a week", "for ever"):
        logs.add_stream("me", group, "s", 0)
        logs.append("me", group, "s", [(0, "old"), (10 * DAY_MS, "new")], 0)

    def left(group: str) -> list[str]:
        return [event.message for event in logs.events("me", group, Window())]

    logs.sweep({("me", "a week"): 7}, 11 * DAY_MS)
    assert left("a week") == ["old", "new"]  # not yet looked at again
    monkeypatch.setattr(time, "monotonic", lambda: time.monotonic_ns() / 1e9 + 601)
    logs.sweep({("me", "a week"): 7}, 11 * DAY_MS)
    assert left("a week") == ["new"]
    assert left("for ever") == ["old", "new"]


def test_a_group_is_read_in_pieces(tmp_path: Path) -> None:
    logs = LogStore(Store(tmp_path / "telemetry.db"))
    logs.add_stream("me", "group", "s", 0)
    logs.append("me", "group", "s", [(n // 3, str(n)) for n in range(2_500)], 0)
    assert [event.message for event in logs.events("me", "group", Window())] == [str(n) for n in range(2_500)]
    assert next(logs.events("other", "group", Window(), BEGIN), None) is None


def test_points_are_forgotten_with_their_metrics(tmp_path: Path) -> None:
    metrics = MetricStore(Store(tmp_path / "telemetry.db"))
    for at in (1.0, 20.0):
        metrics.add("me", ("N", "both", ""), {"Timestamp": at, "Value": at})
    assert [name for (_, name, _), _ in metrics.metrics("me")] == ["both"]
    metrics.add("me", ("N", "old", ""), {"Timestamp": 1.0, "Value": 1.0})
    assert [name for (_, name, _), _ in metrics.metrics("me")] == ["both", "old"]
    metrics.forget_before(10.0)
    [(key, number)] = metrics.metrics("me")
    assert key == ("N", "both", "")
    assert [point["Value"] for point in metrics.points(number)] == [20.0]
    assert metrics.points(number, since=21.0) == []
