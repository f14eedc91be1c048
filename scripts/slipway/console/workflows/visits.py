"""What a history tells of each visit of a state: when, in which iteration of a Map, and what went wrong.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slipway.workflows.progress import Progress, Tally

_MOST_EVENTS = 40
"""Events of a visit by which its tasks are read: retries may go on for long."""
_MOST_CHARACTERS = 2000
"""Of a cause, which may have 32,768; the event has the whole."""
_TASK = ("Task", "Lambda", "Activity", "MapRun")


@dataclass(slots=True)
class Iteration:
    """One item of a Map: `first` is the visit of the state within that it began with."""

    index: int
    began: datetime
    outer: Iteration | None
    status: str = "running"
    ended: datetime | None = None
    first: int = 0
    number: int = 0
    """The visit of the Map that it belongs to."""


@dataclass(slots=True)
class Visit:
    """A state that was entered, by the event that says so; `tasks` are the events of what it called."""

    state: str
    id: int
    began: datetime
    iteration: Iteration | None = None
    left: int = 0
    ended: datetime | None = None
    error: str = ""
    cause: str = ""
    tasks: list[int] = field(default_factory=list)
    iterations: dict[int, Iteration] = field(default_factory=dict)


class Told:
    """What a history has told so far, of events that come in their order, without their inputs and outputs."""

    def __init__(self) -> None:
        """Nothing has been told."""
        self._tally = Tally()
        self.last = 0
        """The number of the newest event."""
        self.newest = ""
        """The type of the newest event."""
        self.redriven = 0
        self.visits: dict[int, Visit] = {}
        self.of_state: dict[str, list[int]] = {}
        self.map_runs: dict[int, str] = {}
        """ARNs of distributed Maps by the visits that started them."""
        self._within: dict[int, Iteration | None] = {}

    def place(self, visit: Visit) -> int:
        """Return the place of a visit among those of its state, from 0."""
        return bisect_left(self.of_state[visit.state], visit.id)

    def states(self, status: str) -> dict[str, Progress]:
        """Return the states that were entered; `status` is the execution's."""
        return self._tally.states(status)

    def add(self, event: Mapping[str, Any]) -> None:
        """Take the next event; one that was taken before changes nothing."""
        number, kind = int(event["id"]), str(event["type"])
        if number <= self.last:
            return
        self.last, self.newest = number, kind
        self.redriven += kind == "ExecutionRedriven"
        belongs = self._tally.add(event)
        within = self._within.get(int(event.get("previousEventId", 0)))
        if kind.startswith("MapIteration"):
            self._within[number] = self._iterated(event, kind, belongs and belongs[1], within)
            return
        if belongs is None:
            return
        visit = self._visit(event, belongs, within)
        self._within[number] = visit.iteration
        _note(visit, event, kind)
        if kind == "MapRunStarted":
            self.map_runs[visit.id] = str(event["mapRunStartedEventDetails"]["mapRunArn"])

    def _visit(self, event: Mapping[str, Any], belongs: tuple[str, int], within: Iteration | None) -> Visit:
        state, number = belongs
        if number not in self.visits:
            self.visits[number] = Visit(state, number, event["timestamp"], within)
            self.of_state.setdefault(state, []).append(number)
            if within is not None and not within.first:
                within.first = number
        return self.visits[number]

    def _iterated(
        self, event: Mapping[str, Any], kind: str, number: int | None, within: Iteration | None
    ) -> Iteration | None:
        details: Mapping[str, Any] = next((one for key, one in event.items() if key.startswith("mapIteration")), {})
        index, name = int(details.get("index", 0)), str(details.get("name", ""))
        around = self._around(name, number, within)
        if around is None:
            return within
        if kind == "MapIterationStarted":
            around.iterations[index] = Iteration(index, event["timestamp"], around.iteration, number=around.id)
            return around.iterations[index]
        found = around.iterations.get(index)
        if found is not None:
            found.status = kind.removeprefix("MapIteration").lower()
            found.ended = event["timestamp"]
        return around.iteration

    def _around(self, name: str, number: int | None, within: Iteration | None) -> Visit | None:
        """The visit of a Map by its name: the one that the event before lies in, or else the newest.

        An iteration may follow the end of another one, as the Map says how many run at once.
        """
        while within is not None:
            if self.visits[within.number].state == name:
                return self.visits[within.number]
            within = within.outer
        visit = self.visits.get(number or 0)
        if visit is not None and visit.state == name:
            return visit
        numbers = self.of_state.get(name)
        return self.visits[numbers[-1]] if numbers else None


def _note(visit: Visit, event: Mapping[str, Any], kind: str) -> None:
    if kind.startswith(_TASK) and not kind.startswith("TaskState") and len(visit.tasks) < _MOST_EVENTS:
        visit.tasks.append(int(event["id"]))
    if "stateExitedEventDetails" in event:
        visit.left, visit.ended = int(event["id"]), event["timestamp"]
    failed: Mapping[str, Any] = next((one for one in event.values() if isinstance(one, dict) and "error" in one), {})
    if failed:
        visit.error, visit.cause = str(failed["error"]), str(failed.get("cause", ""))[:_MOST_CHARACTERS]
