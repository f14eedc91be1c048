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
_Visit = tuple[str, int]
"""A state, and the event with which it was entered."""


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


def read_progress(events: Iterable[Mapping[str, Any]], status: str) -> dict[str, Progress]:
    """Return the states that were entered, in that order; `status` is the execution's.

    An event belongs to the visit of a state that the event before it belongs to.
    """
    records: dict[str, _Record] = {}
    visits: dict[int, _Visit] = {}
    newest: dict[str, _Visit] = {}
    for event in events:
        number, before, kind = int(event["id"]), int(event.get("previousEventId", 0)), str(event["type"])
        entered = event.get("stateEnteredEventDetails")
        if entered:
            name = str(entered["name"])
            records.setdefault(name, _Record()).entered += 1
            visits[number] = newest[name] = (name, number)
            continue
        left = event.get("stateExitedEventDetails")
        visit = visits.get(before)
        if left and (visit is None or visit[0] != left["name"]):
            # The end of a Map or a Parallel follows an event of a state within.
            visit = newest.get(str(left["name"]))
        if not visit or kind.startswith(_WHOLE):
            continue
        visits[number] = visit
        _note(records[visit[0]], visit[1], kind, left=bool(left))
    return {name: _progress(record, status) for name, record in records.items()}


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
