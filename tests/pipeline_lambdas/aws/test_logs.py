"""Reading a log: a container may log what it likes, and as much."""

from __future__ import annotations

import pytest
from botocore.stub import Stubber

from pipeline_lambdas.aws import logs
from tests.pipeline_lambdas.aws_doubles import stubbed

REQUEST = {"logGroupName": "group", "logStreamName": "stream", "startFromHead": True}


def page(stub: Stubber, messages: list[str], token: str, *, limit: int, after: str | None = None) -> None:
    events = [{"timestamp": 0, "message": message, "ingestionTime": 0} for message in messages]
    more = {"nextToken": after} if after else {}
    stub.add_response(
        "get_log_events",
        {"events": events, "nextForwardToken": token, "nextBackwardToken": "b"},
        {**REQUEST, "limit": limit, **more},
    )


def test_the_end_is_where_the_token_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    with stubbed(monkeypatch, "logs") as stub:
        page(stub, ["a", "b"], "f/1", limit=5)
        page(stub, ["c"], "f/2", limit=3, after="f/1")
        page(stub, [], "f/2", limit=2, after="f/2")
        assert list(logs.read_stream("group", "stream", 5, 100)) == ["a", "b", "c"]


def test_no_more_is_read_than_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with stubbed(monkeypatch, "logs") as stub:
        page(stub, ["a", "b"], "f/1", limit=2)
        assert list(logs.read_stream("group", "stream", 2, 100)) == ["a", "b"]


def test_a_flood_of_bytes_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with stubbed(monkeypatch, "logs") as stub:
        page(stub, ["a" * 60, "\u00e9" * 20, "c"], "f/1", limit=10)
        assert list(logs.read_stream("group", "stream", 10, 99)) == ["a" * 60]
