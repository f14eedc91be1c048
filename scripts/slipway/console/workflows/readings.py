"""The histories of executions, read once: what is new is added, and what has ended is never read again.

A history has up to 25,000 events, which an API hands out by pages: a page of the console shows what is known so far,
and a thread reads on. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway.console.workflows.visits import Told
from slipway.installation.aws_errors import code_of
from slipway.workflows.executions import RUNNING

_MOST_READINGS, _MOST_EVENTS = 32, 60_000
"""What is kept: histories, and events in all of them, which take up to 700 bytes each."""
_MOST_CHARACTERS_KEPT = 2_000_000
"""Of events with their data in one history; an event has up to 256 KiB."""
_PAGE = 100
"""A token leads on only if all else is asked for as before, so all pages are read as those with data are."""
_NEWEST = 40
_PATIENCE_S = 0.04
"""How long a page waits for what is not known yet."""
_ENDS = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"})
_AT_ONCE = threading.Semaphore(2)
Event = Mapping[str, Any]


class Reading:
    """The history of one execution as far as it has been read."""

    def __init__(self, client: Any, arn: str) -> None:
        """Read nothing yet."""
        self._client, self._arn = client, arn
        self.told = Told()
        self.lock = threading.Lock()
        """Held by whoever looks at `told`."""
        self._pages: list[tuple[int, str | None]] = [(1, None)]
        """The first event of each page, and the token that leads to it."""
        self._reads, self._looks = threading.Lock(), threading.Lock()
        self._events: OrderedDict[int, Event] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._machine: dict[str, Any] | None = None
        self._failed: Exception | None = None

    @property
    def machine(self) -> dict[str, Any]:
        """The state machine as the execution runs it, which stays, whatever becomes of the machine."""
        if self._machine is None:
            self._machine = self._client.describe_state_machine_for_execution(executionArn=self._arn)
        return self._machine

    def update(self, described: Mapping[str, Any]) -> bool:
        """Read what is new, in as long as a page may wait; returns whether that is all that there is.

        Raises what the API raised, also when it was asked in between.
        """
        self._raise()
        if self._is_whole(described):
            return True
        if self._thread is None and self.told.last and self._took_newest():
            return described["status"] in RUNNING or self._is_whole(described)
        self._read_on().join(_PATIENCE_S)
        self._raise()
        return self._thread is None

    def events(self, numbers: Iterable[int]) -> dict[int, Event]:
        """Return events with their inputs and outputs, of those that have been read."""
        with self._looks:
            wanted = {number for number in numbers if 0 < number <= self.told.last}
            for number in sorted(wanted):
                if number not in self._events:
                    self._events |= {event["id"]: event for event in self._from(number) if event["id"] in wanted}
            found = {number: self._events[number] for number in wanted if number in self._events}
            kept = sum(map(_size, self._events.values()))
            while kept > _MOST_CHARACTERS_KEPT:
                kept -= _size(self._events.popitem(last=False)[1])
        return found

    def _is_whole(self, described: Mapping[str, Any]) -> bool:
        ended = self.told.newest in _ENDS and described["status"] not in RUNNING
        return ended and self._thread is None and self.told.redriven == described.get("redriveCount", 0)

    def _raise(self) -> None:
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed

    def _took_newest(self) -> bool:
        """Whether a few events are all that is new, as with each change of an execution that is looked at."""
        found = self._ask(reverseOrder=True, maxResults=_NEWEST, includeExecutionData=False)["events"]
        with self.lock:
            if found and found[-1]["id"] > self.told.last + 1:
                return False
            for event in reversed(found):
                self.told.add(event)
        return True

    def _read_on(self) -> threading.Thread:
        with self._reads:
            reading = self._thread
            if reading is None:
                reading = self._thread = threading.Thread(target=self._read, name="history", daemon=True)
                reading.start()
            return reading

    def _read(self) -> None:
        try:
            with _AT_ONCE:
                self._read_pages()
        except (ClientError, BotoCoreError) as error:
            self._failed = error
        finally:
            self._thread = None

    def _read_pages(self) -> None:
        token = self._pages[-1][1]
        while True:
            page = self._page(token)
            with self.lock:
                for event in page["events"]:
                    self.told.add(event)
                token = page.get("nextToken")
                if token is None:
                    return
                self._pages.append((self.told.last + 1, token))

    def _page(self, token: str | None) -> dict[str, Any]:
        return self._ask(maxResults=_PAGE, **({"nextToken": token} if token else {}))

    def _ask(self, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.get_execution_history(executionArn=self._arn, **request)
        return answer

    def _from(self, number: int) -> Iterator[Event]:
        """The page that has an event; where a token has expired, the pages from the first one on."""
        place = bisect_right(self._pages, number, key=lambda page: page[0]) - 1
        token = self._pages[place][1]
        try:
            page = self._page(token)
        except ClientError as error:
            if token is None or code_of(error) != "InvalidToken":
                raise
            page = self._page(None)
        yield from page["events"]
        while (token := page.get("nextToken")) and not any(event["id"] >= number for event in page["events"]):
            page = self._page(token)
            yield from page["events"]


def _size(event: Event) -> int:
    """About how many characters an event holds."""
    details = (one for one in event.values() if isinstance(one, dict))
    return 100 + sum(len(text) for one in details for text in one.values() if isinstance(text, str))


class Readings:
    """The readings of the executions that were looked at last."""

    def __init__(self) -> None:
        """Nothing was looked at."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str, str], Reading] = OrderedDict()

    def of(self, client: Any, described: Mapping[str, Any]) -> Reading:
        """Return the reading of an execution; a name that was given again after 90 days is another one's."""
        key = (str(client.meta.endpoint_url), str(described["executionArn"]), str(described["startDate"]))
        with self._lock:
            found = self._kept.pop(key, None) or Reading(client, key[1])
            self._kept[key] = found
            while len(self._kept) > 1 and self._is_too_much():
                self._kept.popitem(last=False)
        return found

    def _is_too_much(self) -> bool:
        return len(self._kept) > _MOST_READINGS or sum(one.told.last for one in self._kept.values()) > _MOST_EVENTS


@cache
def readings() -> Readings:
    """Return those of this process."""
    return Readings()
