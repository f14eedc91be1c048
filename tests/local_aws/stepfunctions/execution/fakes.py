"""An engine with integrations that a test scripts."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.clock import Clock, SystemClock
from local_aws.state.store import Store
from local_aws.stepfunctions.contracts.engine import Event, NewExecution
from local_aws.stepfunctions.contracts.records import ExecutionRecord, MachineSnapshot
from local_aws.stepfunctions.execution.engine import Engine
from local_aws.stepfunctions.execution.turns import Observers
from local_aws.stepfunctions.interpreter.run import Ids
from local_aws.stepfunctions.tasks.contract import Done, Integration, Resource, Submitted, TaskCall
from tests.local_aws.stepfunctions.interpreter.play import REGION, resource

Start = Callable[[TaskCall], Done | Submitted]


class FakeTasks:
    """Integrations by the name of the state."""

    def __init__(self, starts: Mapping[str, Start] | None = None) -> None:
        self.starts = dict(starts or {})
        self.calls: list[TaskCall] = []
        self.polled: list[Any] = []
        self.stopped: list[Any] = []
        self.jobs: dict[Any, Any] = {}
        self.resource: Callable[[str], Resource] = resource

    def shown(self, _resource: Resource, arguments: Any) -> Any:
        return arguments

    def problem(self, _resource: Resource, arguments: Any) -> str | None:
        return "refused" if arguments == {"FunctionName": "f", "Payload": "refuse"} else None

    def integration(self, _resource: Resource) -> Integration:
        return self

    def start(self, call: TaskCall) -> Done | Submitted:
        self.calls.append(call)
        return self.starts[call.state](call)

    def poll(self, _call: TaskCall, job: Any) -> Done | None:
        self.polled.append(job)
        return Done(self.jobs[job]) if job in self.jobs else None

    def stop(self, _call: TaskCall, job: Any) -> None:
        self.stopped.append(job)


@dataclass
class Item:
    value: Any
    key: str | None = None
    source: str = ""


class FakeFiles:
    """Items from a list, and results into one."""

    def __init__(self, items: list[Any] | None = None) -> None:
        self.items = items or []
        self.written: list[ExecutionRecord] = []

    def require_start(self, *_request: Any) -> None:
        return None

    def read(self, *_request: Any) -> Iterator[Item]:
        return (Item(item, source="s3://data/key") for item in self.items)

    def results(self, *_request: Any) -> FakeFiles:
        return self

    def preview(self, records: Iterator[ExecutionRecord], _config: Any) -> Any:
        return [record.name for record in records]

    def add(self, record: ExecutionRecord) -> None:
        self.written.append(record)

    def finish(self) -> dict[str, Any]:
        return {"Written": len(self.written)}

    def abort(self) -> None:
        self.written.clear()


class House:
    """An engine, and what a test asks of it."""

    def __init__(
        self,
        store: Store,
        tasks: FakeTasks | None = None,
        files: FakeFiles | None = None,
        clock: Clock | None = None,
        *,
        watched: bool = True,
    ) -> None:
        """`watched` keeps what observers are told."""
        names = itertools.count(1)
        self.store, self.tasks, self.files = store, tasks or FakeTasks(), files or FakeFiles()
        self.clock = clock or SystemClock()
        self.statuses: list[str] = []
        self.events: list[Event] = []
        self._lock = threading.Lock()
        observers = Observers(self._saw_status, self._saw_events) if watched else Observers()
        prefix = f"{id(self):x}"
        ids = Ids(lambda: f"token-{prefix}-{next(names)}", lambda: f"name-{prefix}-{next(names)}")
        self.engine = Engine(store, self.clock, self.tasks, self.files, ids, observers)
        self.engine.resume()

    def _saw_status(self, record: ExecutionRecord) -> None:
        self.statuses.append(record.status)

    def _saw_events(self, _record: ExecutionRecord, events: list[Event]) -> None:
        with self._lock:
            self.events += events

    def start(self, definition: Any, given: Any = None, name: str = "e", kind: str = "STANDARD") -> ExecutionRecord:
        return self.engine.start(self.new(definition, given, name, kind))

    def new(self, definition: Any, given: Any = None, name: str = "e", kind: str = "STANDARD") -> NewExecution:
        machine = MachineSnapshot(
            f"{REGION}:stateMachine:m", "m", kind, json.dumps(definition), "arn:aws:iam::000000000000:role/r"
        )
        word = "express" if kind == "EXPRESS" else "execution"
        return NewExecution(f"{REGION}:{word}:m:{name}", name, machine, json.dumps({} if given is None else given))

    def ended(self, record: ExecutionRecord) -> ExecutionRecord:
        """Wait for the end of an execution."""
        found: ExecutionRecord = self.until(lambda: self._ended(record.arn), "the execution to end")
        return found

    def _ended(self, arn: str) -> ExecutionRecord | None:
        found = self.engine.describe(arn)
        return found if found is not None and found.status != "RUNNING" else None

    def until(self, look: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.003)
        raise AssertionError(f"waited in vain for {what}")

    def types(self, record: ExecutionRecord) -> list[str]:
        """The types of the stored events."""
        return [e["type"] for e in self.engine.history(record.arn, reverse=False, after=0, limit=1000)]
