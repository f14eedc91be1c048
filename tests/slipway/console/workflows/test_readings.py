"""Histories that are read once: what ended is not read again, of what runs only what is new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from slipway.console.workflows import readings as module
from slipway.console.workflows.readings import Reading, Readings

from tests.local_server import wait_for

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def chain(states: int, *, ended: bool) -> list[dict[str, Any]]:
    """A history of states that pass one after the other."""
    events: list[dict[str, Any]] = [{"type": "ExecutionStarted"}]
    for number in range(states):
        name = f"S{number}"
        events.append({"type": "PassStateEntered", "stateEnteredEventDetails": {"name": name, "input": f"{number}"}})
        events.append({"type": "PassStateExited", "stateExitedEventDetails": {"name": name, "output": f"{number}"}})
    events += [{"type": "ExecutionSucceeded"}] if ended else []
    return [
        {**event, "id": place + 1, "previousEventId": place, "timestamp": START + timedelta(seconds=place)}
        for place, event in enumerate(events)
    ]


class Client:
    """GetExecutionHistory of events that a test adds to; a token is good for requests like the first one."""

    class meta:  # noqa: N801 - as boto3 names it
        endpoint_url = "http://127.0.0.1:1"

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events, self.asked, self.expired, self.broken = events, [], False, False

    asked: list[dict[str, Any]]

    def get_execution_history(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if self.broken:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetExecutionHistory")
        token = request.get("nextToken")
        if token and self.expired:
            self.expired = False
            raise ClientError({"Error": {"Code": "InvalidToken"}}, "GetExecutionHistory")
        ordered = self.events[::-1] if request.get("reverseOrder") else self.events
        first = int(token) if token else 0
        page = ordered[first : first + request["maxResults"]]
        last = first + len(page)
        return {"events": page, **({"nextToken": str(last)} if last < len(ordered) else {})}


def described(status: str, redriven: int = 0) -> dict[str, Any]:
    return {"executionArn": "arn", "startDate": START, "status": status, "redriveCount": redriven}


def whole(reading: Reading, status: str, redriven: int = 0) -> None:
    wait_for(lambda: reading.update(described(status, redriven)), "the history to be read")


def test_a_history_that_has_ended_is_read_once() -> None:
    client = Client(chain(300, ended=True))
    reading = Reading(client, "arn")
    whole(reading, "SUCCEEDED")
    read = len(client.asked)
    assert reading.told.last == 602
    assert len(reading.told.states("SUCCEEDED")) == 300
    assert reading.update(described("SUCCEEDED"))
    assert len(client.asked) == read == 7


def test_of_one_that_runs_the_newest_events_are_asked_for() -> None:
    client = Client(chain(300, ended=False))
    reading = Reading(client, "arn")
    whole(reading, "RUNNING")
    client.asked.clear()
    client.events = chain(310, ended=False)
    assert reading.update(described("RUNNING"))
    assert [request.get("reverseOrder") for request in client.asked] == [True]
    assert reading.told.last == 621
    client.events = chain(500, ended=True)
    whole(reading, "SUCCEEDED")
    assert reading.told.last == 1002
    assert all(request.get("nextToken") for request in client.asked[2:]), "it goes on where it was"


def test_a_page_does_not_wait_for_a_long_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE_S", 0.0)
    reading = Reading(Client(chain(5000, ended=True)), "arn")
    assert not reading.update(described("SUCCEEDED"))
    whole(reading, "SUCCEEDED")
    assert reading.told.last == 10_002


def test_events_with_their_data_come_from_their_page() -> None:
    client = Client(chain(300, ended=True))
    reading = Reading(client, "arn")
    whole(reading, "SUCCEEDED")
    client.asked.clear()
    found = reading.events([450, 451, 0, 99_999])
    assert [found[number]["id"] for number in sorted(found)] == [450, 451]
    assert found[450]["stateEnteredEventDetails"]["input"] == "224"
    assert len(client.asked) == 1
    assert reading.events([451]).keys() == {451}
    assert len(client.asked) == 1
    client.expired = True
    assert reading.events([250]).keys() == {250}
    assert [request.get("nextToken") for request in client.asked[1:]] == ["200", None, "100", "200"]


def test_large_data_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_CHARACTERS_KEPT", 150)
    client = Client(chain(2, ended=True))
    reading = Reading(client, "arn")
    whole(reading, "SUCCEEDED")
    client.asked.clear()
    assert reading.events([2, 3]).keys() == {2, 3}
    assert reading.events([3]).keys() == {3}
    assert len(client.asked) == 1
    assert reading.events([2]).keys() == {2}
    assert len(client.asked) == 2, "the older one was let go"


def test_a_redrive_is_read_on() -> None:
    client = Client(chain(2, ended=True))
    reading = Reading(client, "arn")
    whole(reading, "FAILED")
    more = {"type": "ExecutionRedriven", "id": 7, "previousEventId": 6, "timestamp": START}
    client.events = [*client.events, more, {**client.events[-1], "id": 8, "previousEventId": 7}]
    whole(reading, "SUCCEEDED", 1)
    assert (reading.told.last, reading.told.redriven) == (8, 1)


def test_what_aws_refuses_is_raised_and_asked_again() -> None:
    client = Client(chain(2, ended=True))
    client.broken = True
    reading = Reading(client, "arn")
    with pytest.raises(ClientError, match="Throttling"):
        whole(reading, "SUCCEEDED")
    client.broken = False
    whole(reading, "SUCCEEDED")
    assert reading.told.last == 6


def test_a_bound_of_readings_is_kept() -> None:
    kept, client = Readings(), Client([])
    first = kept.of(client, described("RUNNING"))
    assert kept.of(client, described("RUNNING")) is first
    for number in range(32):
        kept.of(client, {**described("RUNNING"), "executionArn": f"arn-{number}"})
    again = kept.of(client, described("RUNNING"))
    assert again is not first
    again.told.last = 60_001
    assert kept.of(client, described("RUNNING")) is again, "the one that is looked at stays"
    kept.of(client, {**described("RUNNING"), "executionArn": "another"})
    assert kept.of(client, described("RUNNING")) is not again
