"""What the operations ask of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from local_aws.stepfunctions.contracts.records import ExecutionRecord, MachineSnapshot, MapRunRecord

Event = dict[str, Any]
"""One event of a history, with the names of GetExecutionHistory; `timestamp` in seconds since 1970."""


class EngineError(Exception):
    """What the engine refuses; `code` is AWS's error code, `status` the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True, slots=True)
class NewExecution:
    """A request to start; `input` is JSON text that was checked, `name` valid or made by the caller."""

    arn: str
    name: str
    machine: MachineSnapshot
    input: str
    trace_header: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a synchronous execution ended; `billed_ms` and `billed_mb` are what AWS would bill."""

    record: ExecutionRecord
    billed_ms: int
    billed_mb: int


@dataclass(frozen=True, slots=True)
class ActivityWork:
    """What GetActivityTask answers."""

    token: str
    input: str


class Executions(Protocol):
    """The engine. What it returns or acknowledges is stored before."""

    def start(self, new: NewExecution) -> ExecutionRecord:
        """Start an execution.

        One of the same ARN and input that runs is answered as it is. Raises EngineError ExecutionAlreadyExists for
        any other of the ARN.
        """

    def start_sync(self, new: NewExecution) -> Ended:
        """Run an express execution to its end, at most five minutes.

        Raises EngineError ServiceUnavailable if local AWS stops before that.
        """

    def stop(self, arn: str, error: str | None, cause: str | None) -> ExecutionRecord:
        """Abort an execution that runs; one that has ended is answered as it is. Raises EngineError."""

    def redrive(self, arn: str) -> ExecutionRecord:
        """Run an unsuccessful standard execution again from what failed. Raises EngineError."""

    def describe(self, arn: str) -> ExecutionRecord | None:
        """The execution; None if there is none, or if its machine is express."""

    def select(self, machine_arn: str = "", map_run_arn: str = "", status: str = "") -> Iterator[ExecutionRecord]:
        """The executions of a machine, version, alias or map run, newest first; read as they are taken."""

    def history(self, arn: str, *, reverse: bool, after: int, limit: int) -> list[Event]:
        """Events from the one behind id `after` on, in that order; 0 begins at the first, or at the last."""

    def succeed_task(self, token: str, output: str) -> None:
        """Raises EngineError InvalidToken, TaskTimedOut or InvalidOutput."""

    def fail_task(self, token: str, error: str | None, cause: str | None) -> None:
        """Raises as `succeed_task`."""

    def heartbeat(self, token: str) -> None:
        """Raises as `succeed_task`."""

    def activity_work(self, activity_arn: str, worker: str, wait_s: float) -> ActivityWork | None:
        """The next work of an activity, waited for at most that long."""

    def map_run(self, arn: str) -> MapRunRecord | None:
        """A run of a distributed Map."""

    def map_runs(self, execution_arn: str) -> list[MapRunRecord]:
        """The runs of an execution's distributed Maps, newest first."""

    def update_map_run(self, arn: str, **changes: float) -> None:
        """Change `max_concurrency`, `tolerated_failure_count` or `tolerated_failure_percentage` while it runs."""

    def machine_deleted(self, machine_arn: str) -> None:
        """Abort the executions of a machine that is being deleted."""

    def running(self, machine_arn: str) -> bool:
        """Whether any execution of the machine runs."""


Announce = Callable[[str, dict[str, Any], list[str]], None]
"""Sends a status event to EventBridge: detail type, detail, resources."""
