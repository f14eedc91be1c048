"""One execution in memory: its frames, its history, and what is to be done outside.

Nothing here waits or calls: the engine gives signals and the time, stores what a turn has changed, and then does what
the turn asks for.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from local_aws.stepfunctions.contracts import records
from local_aws.stepfunctions.contracts.engine import Event
from local_aws.stepfunctions.definition.model import Map, Parallel, State, StateMachine, States, Task
from local_aws.stepfunctions.interpreter.frames import Frame, Phase, Where
from local_aws.stepfunctions.interpreter.journal import Journal
from local_aws.stepfunctions.language import map_fields
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.values import json_text
from local_aws.stepfunctions.tasks.contract import TaskCall

ROOT = 0


@dataclass(frozen=True, slots=True)
class StartTask:
    """The task of a frame is to be started."""

    frame: int
    key: str


@dataclass(frozen=True, slots=True)
class StopTask:
    """A job that a state had submitted is to be stopped."""

    call: TaskCall
    job: Any


@dataclass(frozen=True, slots=True)
class StartMapRun:
    """The children of a distributed Map are to be run."""

    frame: int


@dataclass(frozen=True, slots=True)
class StopMapRun:
    """A map run is to be aborted."""

    arn: str


Effect = StartTask | StopTask | StartMapRun | StopMapRun


@dataclass(frozen=True, slots=True)
class End:
    """How the execution has ended."""

    status: str
    output: str | None = None
    error: str | None = None
    cause: str | None = None


@dataclass(slots=True)
class Turn:
    """What has changed since the last turn; `items` are those of Maps that have begun, as JSON text by frame."""

    events: list[Event]
    changed: list[Frame]
    gone: list[int]
    items: dict[int, str]
    effects: list[Effect]
    end: End | None


@dataclass(slots=True)
class Ids:
    """Makes task tokens and names of map runs."""

    token: Any
    name: Any


class Run:
    """The state of one execution."""

    def __init__(self, record: records.ExecutionRecord, machine: StateMachine, ids: Ids, last_event: int = 0) -> None:
        """`last_event` is the number of events that are stored."""
        self.record, self.machine, self.ids = record, machine, ids
        self.journal = Journal(last_event)
        self.frames: dict[int, Frame] = {}
        self.ready: deque[int] = deque()
        self.end: End | None = None
        self.now = record.started
        self.redriven = record.redriven
        self.effects: list[Effect] = []
        self._next_frame = ROOT
        self._changed: dict[int, Frame] = {}
        self._gone: list[int] = []
        self._items: dict[int, str] = {}
        self._fixed: dict[str, Any] = {}
        self._states: dict[Where, States] = {}

    # Frames

    def add_frame(self, parent: Frame | None, index: int, where: Where, text: str, data: Any) -> Frame:
        """Begin a thread of states at their first one."""
        states = self.states(where)
        outer = {**parent.outer, **parent.variables} if parent else {}
        number = self._next_frame
        self._next_frame += 1
        frame = Frame(number, parent.id if parent else None, index, where, states.start_at, text, outer=outer)
        frame.data = data
        self.frames[number] = frame
        self.enter_soon(frame)
        return frame

    def restore(self, frames: list[Frame]) -> None:
        """Take up stored frames; those that were to enter a state do so."""
        self.frames = {frame.id: frame for frame in frames}
        self._next_frame = max(self.frames, default=-1) + 1
        self.ready.extend(frame.id for frame in frames if frame.phase is Phase.ENTER)

    def enter_soon(self, frame: Frame) -> None:
        """Let a frame enter its state when its turn comes."""
        frame.phase = Phase.ENTER
        self.ready.append(frame.id)
        self.changed(frame)

    def changed(self, frame: Frame) -> None:
        """Note that a frame is to be stored."""
        self._changed[frame.id] = frame

    def remove(self, frame: Frame) -> None:
        """Forget a frame and all below it."""
        for child in list(self.children(frame)):
            self.remove(child)
        del self.frames[frame.id]
        self._changed.pop(frame.id, None)
        self._items.pop(frame.id, None)
        self._gone.append(frame.id)

    def children(self, frame: Frame) -> Iterator[Frame]:
        """Yield the frames of a Parallel's branches or a Map's items, in their order."""
        if frame.group is None:
            return
        yield from [other for other in self.frames.values() if other.parent == frame.id]

    def keep_items(self, frame: Frame, items: list[Any]) -> None:
        """Store the items of a Map, which may have come from an expression that gives others the next time."""
        self._items[frame.id] = json_text(items)

    def states(self, where: Where) -> States:
        """Return the states at the end of a way."""
        found = self._states.get(where)
        if found is None:
            found = self._states[where] = self._walk(where)
        return found

    def _walk(self, where: Where) -> States:
        states = self.machine.states
        for name, branch in where:
            state = states.states[name]
            if isinstance(state, Parallel):
                states = state.branches[branch]
            elif isinstance(state, Map):
                states = state.processor.states
        return states

    def state(self, frame: Frame) -> State:
        """Return the state that a frame is at."""
        return self.states(frame.where).states[frame.state]

    # What expressions see

    def scope(self, frame: Frame) -> Scope:
        """Return the context object and the variables of a frame."""
        return Scope(self.context(frame), {**frame.outer, **frame.variables} if frame.outer else frame.variables)

    def context(self, frame: Frame) -> dict[str, Any]:
        """Return the context object.

        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
        """
        context = {**self._fixed_context(), "State": self._state_context(frame)}
        if frame.attempt is not None:
            context["Task"] = {"Token": frame.attempt.token}
        item = self._item_context(frame)
        if item is not None:
            context["Map"] = item
        return context

    def _fixed_context(self) -> dict[str, Any]:
        if not self._fixed:
            record = self.record
            execution = {
                "Id": record.arn,
                "Input": self.input,
                "StartTime": iso_time(record.started),
                "Name": record.name,
                "RoleArn": record.machine.role_arn,
                "RedriveCount": record.redrive_count,
            }
            if self.redriven is not None:
                execution["RedriveTime"] = iso_time(self.redriven)
            self._fixed = {
                "Execution": execution,
                "StateMachine": {"Id": record.machine.arn, "Name": record.machine.name},
            }
        return self._fixed

    @property
    def input(self) -> Any:
        """The input of the execution."""
        return json.loads(self.record.input)

    def _state_context(self, frame: Frame) -> dict[str, Any]:
        context: dict[str, Any] = {"Name": frame.state, "EnteredTime": iso_time(frame.entered_at)}
        if isinstance(self.state(frame), Task | Parallel | Map):
            context["RetryCount"] = frame.retry_count
        return context

    def _item_context(self, frame: Frame) -> dict[str, Any] | None:
        while frame.parent is not None:
            parent = self.frames[frame.parent]
            if parent.group is not None and parent.group.items is not None:
                return map_fields.item_context(parent.group.items[frame.index], frame.index)
            frame = parent
        return None

    # History

    def event(self, event_type: str, frame: Frame, details: dict[str, Any] | None = None) -> int:
        """Write an event of a frame, which the frame's next one follows."""
        frame.last = self.journal.add(event_type, self.now, frame.last, details)
        self.changed(frame)
        return frame.last

    def aside(self, event_type: str, frame: Frame, details: dict[str, Any] | None = None) -> int:
        """Write an event of a frame that the next one does not follow."""
        return self.journal.add(event_type, self.now, frame.last, details)

    def take(self) -> Turn:
        """Hand over what has changed since the last turn."""
        turn = Turn(self.journal.take(), list(self._changed.values()), self._gone, self._items, self.effects, self.end)
        self._changed, self._gone, self._items, self.effects = {}, [], {}, []
        return turn

    def next_moment(self) -> float | None:
        """Return when a frame, or the whole execution, is due; None if nothing is."""
        moments = [at for frame in self.frames.values() if (at := frame.next_moment()) is not None]
        if self.deadline is not None:
            moments.append(self.deadline)
        return min(moments, default=None)

    @property
    def deadline(self) -> float | None:
        """When the execution times out; a redrive begins anew."""
        if self.machine.timeout_s is None:
            return None
        return (self.redriven or self.record.started) + self.machine.timeout_s


@lru_cache(maxsize=4)
def iso_time(seconds: float) -> str:
    """Return a moment as context objects and histories show it, in milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
