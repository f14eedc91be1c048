"""How far an execution has come: for each state, what its history says.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Each goes with a state that has been entered, and may be followed by a retry or a Catch of it.
_BAD_ENDS = ("Failed", "TimedOut", "Aborted")
_WHOLE = "Execution"
OPEN = "RUNNING"
Visit = tuple[str, int]
"""A state, and the event with which it was entered."""
TONES = {"succeeded": "good", "running": "open", "failed": "bad", "caught": "warn", "aborted": "warn"}
"""The colours of statuses, by the names of the page's style."""
_SIGNS = {
    "succeeded": "\N{CHECK MARK}",
    "running": "\N{BLACK RIGHT-POINTING TRIANGLE}",
    "caught": "!",
}
_BAD = "\N{MULTIPLICATION SIGN}"


def sign(status: str) -> str:
    """Return what says a status where the colour is not seen."""
    return _SIGNS.get(status, _BAD)


@dataclass(frozen=True)
class Progress:
    """A state in an execution: `running`, `succeeded`, `failed`, `aborted`, or `caught`: a Catch went on.

    A state in a Map is entered once an item: `entered` times so far, `left` times again, of these `bad` with an error.
    """

    status: str
    entered: int = 1
    left: int = 0
    bad: int = 0

    @property
    def words(self) -> str:
        """The status, with counts where it has been entered more than once."""
        if self.entered < 2:
            return self.status
        errors = f", {self.bad} failed" if self.bad else ""
        return f"{self.status} {self.left} of {self.entered}{errors}"


@dataclass
class _Record:
    entered: int = 0
    left: int = 0
    bad: int = 0
    failing: set[int] = field(default_factory=set)
    """Visits whose newest event is an error."""


class Tally:
    """What a history has told so far, of events that come in their order."""

    def __init__(self) -> None:
        """Nothing has been told."""
        self._records: dict[str, _Record] = {}
        self._visits: dict[int, Visit] = {}
        self._newest: dict[str, Visit] = {}

    def add(self, event: Mapping[str, Any]) -> Visit | None:
        """Take the next event; returns the visit that it belongs to, if it does to one.

        That is the visit to which the event before it belongs.
        """
        number, before, kind = int(event["id"]), int(event.get("previousEventId", 0)), str(event["type"])
        entered = event.get("stateEnteredEventDetails")
        if entered:
            name = str(entered["name"])
            self._records.setdefault(name, _Record()).entered += 1
            self._visits[number] = self._newest[name] = (name, number)
            return self._visits[number]
        left = event.get("stateExitedEventDetails")
        visit = self._visits.get(before)
        if left and (visit is None or visit[0] != left["name"]):
            # The end of a Map or a Parallel follows an event of a state within.
            visit = self._newest.get(str(left["name"]))
        if not visit or kind.startswith(_WHOLE):
            return None
        self._visits[number] = visit
        _note(self._records[visit[0]], visit[1], kind, left=bool(left))
        return visit

    def states(self, status: str) -> dict[str, Progress]:
        """Return the states that were entered, in that order; `status` is the execution's."""
        return {name: _progress(record, status) for name, record in self._records.items()}


def read_progress(events: Iterable[Mapping[str, Any]], status: str) -> dict[str, Progress]:
    """Return the states that were entered, in that order; `status` is the execution's."""
    tally = Tally()
    for event in events:
        tally.add(event)
    return tally.states(status)


def _note(record: _Record, visit: int, kind: str, *, left: bool) -> None:
    if left:
        record.left += 1
        record.bad += visit in record.failing
    elif kind.endswith(_BAD_ENDS) and not kind.startswith("MapIteration"):
        record.failing.add(visit)
    else:
        record.failing.discard(visit)


def _progress(record: _Record, status: str) -> Progress:
    return Progress(_status(record, status), record.entered, record.left, record.bad)


def _status(record: _Record, status: str) -> str:
    if record.left < record.entered and status != "SUCCEEDED":
        return {OPEN: "running", "ABORTED": "aborted"}.get(status, "failed")
    return "caught" if record.bad else "succeeded"
