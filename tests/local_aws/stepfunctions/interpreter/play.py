"""Plays an execution in memory: tasks answer from a table, and time passes at once."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from local_aws import shapes
from local_aws.stepfunctions.contracts import records
from local_aws.stepfunctions.contracts.engine import Event
from local_aws.stepfunctions.contracts.records import ExecutionRecord, MachineSnapshot
from local_aws.stepfunctions.definition.parser import parse
from local_aws.stepfunctions.interpreter.frames import load
from local_aws.stepfunctions.interpreter.run import Effect, End, Ids, Run, StartTask
from local_aws.stepfunctions.interpreter.signals import Interpreter
from local_aws.stepfunctions.tasks.contract import Resource, TaskFailed
from local_aws.wire import load_model

REGION = "arn:aws:states:us-east-1:000000000000"
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:work"
INVOKE = "arn:aws:states:::lambda:invoke"
START_S = 1_900_000_000.0

Answer = Callable[[Any], Any]


@cache
def _history_event() -> Any:
    """The shape of an event in the service model, which GetExecutionHistory answers with."""
    return load_model("stepfunctions", frozenset({"GetExecutionHistory"})).shape_for("HistoryEvent")


def resource(arn: str) -> Resource:
    """Read a resource as far as these tests have them."""
    if ":lambda:" in arn and ":states:" not in arn:
        return Resource(arn, "lambda")
    if ":activity:" in arn:
        return Resource(arn, "activity")
    service, _, action = arn.split(":::", 1)[1].partition(":")
    return Resource(arn, "service", service, action, action.partition(".")[2])


class Resources:
    """A catalog of tasks that refuses nothing."""

    resource = staticmethod(resource)

    def shown(self, _resource: Resource, arguments: Any) -> Any:
        return arguments

    def problem(self, _resource: Resource, _arguments: Any) -> str | None:
        return None


@dataclass
class Play:
    """An execution that runs to its end, or until nothing but a signal can move it."""

    interpreter: Interpreter
    answers: Mapping[str, Answer]
    now: float = START_S
    end: End | None = None

    def __post_init__(self) -> None:
        self.events: list[Event] = []
        self.effects: list[Effect] = []

    def turn(self) -> None:
        """Take a turn, and answer the tasks that it starts."""
        more = True
        while more or self._started():
            more = self.interpreter.advance(self.now)
            turn = self.interpreter.take()
            self.events += turn.events
            for event in turn.events:
                shapes.serialize(_history_event(), event)
            self.effects += turn.effects
            self.end = turn.end or self.end

    def run(self) -> Play:
        """Run to the end; time passes where nothing else can happen."""
        self.turn()
        while self.end is None and (moment := self.interpreter.next_moment()) is not None:
            self.now = max(self.now, moment)
            self.interpreter.pass_time(self.now)
            self.turn()
        return self

    def _started(self) -> bool:
        tasks = [effect for effect in self.effects if isinstance(effect, StartTask)]
        self.effects = [effect for effect in self.effects if not isinstance(effect, StartTask)]
        begun = [task for task in tasks if self.interpreter.task_started(task.frame, task.key, self.now)]
        answered = [self._answer(task) for task in begun]
        return any(answered)

    def _answer(self, task: StartTask) -> bool:
        found = self.interpreter.task(task.frame, task.key)
        if found is None:
            return True
        frame, attempt = found
        answer = self.answers.get(frame.state)
        if answer is None:
            return True
        try:
            output = answer(json.loads(attempt.arguments))
        except TaskFailed as error:
            self.interpreter.task_failed(task.frame, task.key, self.now, error.error, error.cause, error.phase)
        else:
            self.interpreter.task_done(task.frame, task.key, self.now, json.dumps(output, separators=(",", ":")))
        return True

    def history(self) -> list[tuple[str, int]]:
        """Return type and previous event of each event, in order of their ids, which are checked."""
        assert [event["id"] for event in self.events] == list(range(1, len(self.events) + 1))
        return [(event["type"], event["previousEventId"]) for event in self.events]

    def details(self, event_type: str) -> list[dict[str, Any]]:
        """Return the details of all events of a type."""
        member = ("timestamp", "type", "id", "previousEventId")
        found = [event for event in self.events if event["type"] == event_type]
        return [next((value for name, value in event.items() if name not in member), {}) for event in found]

    @property
    def output(self) -> Any:
        """The output of an execution that has succeeded."""
        assert self.end is not None
        assert self.end.status == records.SUCCEEDED, self.end
        return json.loads(self.end.output or "null")

    def restarted(self) -> Play:
        """Return the execution as it is after a kill: made again of what a turn stores."""
        old = self.interpreter.run
        run = Run(old.record, old.machine, old.ids, old.journal.last_id)
        frames = []
        for frame in old.frames.values():
            again = load(frame.dump())
            if frame.group is not None and again.group is not None:
                again.group.items = frame.group.items
                again.group.outputs = dict(frame.group.outputs)
                again.group.ended = frame.group.ended
            frames.append(again)
        run.restore(frames)
        play = Play(Interpreter(run, Resources()), self.answers, self.now)
        play.events = self.events
        return play


def play(
    definition: Mapping[str, Any], given: Any = None, answers: Mapping[str, Answer] | None = None, **machine: Any
) -> Play:
    """Begin an execution of a definition."""
    tokens, names = itertools.count(1), itertools.count(1)
    ids = Ids(lambda: f"token-{next(tokens)}", lambda: f"name-{next(names)}")
    text = json.dumps(definition)
    snapshot = MachineSnapshot(
        f"{REGION}:stateMachine:m", "m", "STANDARD", text, "arn:aws:iam::000000000000:role/r", **machine
    )
    record = ExecutionRecord(
        f"{REGION}:execution:m:e", snapshot, "e", records.RUNNING, json.dumps({} if given is None else given), START_S
    )
    return Play(Interpreter.begin(record, parse(text), ids, Resources()), answers or {})


def chain(**states: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition of states that follow one another as they stand."""
    names = list(states)
    linked: dict[str, Any] = {}
    for name, following in itertools.zip_longest(names, names[1:]):
        ends = states[name].get("Type") in ("Choice", "Succeed", "Fail") or "Next" in states[name]
        link = {} if ends else {"Next": following} if following else {"End": True}
        linked[name] = {**states[name], **link}
    return {"StartAt": names[0], "States": linked}
