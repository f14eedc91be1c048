"""An engine that runs nothing: executions stay as they were started until a test ends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from local_aws.stepfunctions.contracts.engine import ActivityWork, Ended, EngineError, Event, NewExecution
from local_aws.stepfunctions.contracts.records import (
    ABORTED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    ExecutionRecord,
    MapRunRecord,
)


class FakeEngine:
    """See `contracts.engine.Executions`."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.records: dict[str, ExecutionRecord] = {}
        self.histories: dict[str, list[Event]] = {}
        self.runs: dict[str, MapRunRecord] = {}
        self.told: list[tuple[str, ...]] = []
        self.work: list[ActivityWork] = []
        self.keeps_running = False

    def start(self, new: NewExecution) -> ExecutionRecord:
        found = self.records.get(new.arn)
        if found and (found.status != RUNNING or found.input != new.input):
            raise EngineError("ExecutionAlreadyExists", f"Execution Already Exists: '{new.arn}'")
        if found is None:
            record = ExecutionRecord(new.arn, new.machine, new.name, RUNNING, new.input, self._now())
            found = self.records[new.arn] = replace(record, trace_header=new.trace_header)
        return found

    def start_sync(self, new: NewExecution) -> Ended:
        record = replace(self.start(new), status=SUCCEEDED, stopped=self._now(), output=new.input)
        self.records[new.arn] = record
        return Ended(record, 100, 64)

    def end(self, arn: str, status: str = SUCCEEDED, output: str | None = "{}") -> None:
        """Let an execution end, as a test wants it."""
        made = {"output": output} if status == SUCCEEDED else {"error": "Broken", "cause": "It broke."}
        self.records[arn] = replace(self.records[arn], status=status, stopped=self._now(), **made)

    def stop(self, arn: str, error: str | None, cause: str | None) -> ExecutionRecord:
        record = self.records[arn]
        if record.status == RUNNING:
            self.records[arn] = replace(record, status=ABORTED, stopped=self._now(), error=error, cause=cause)
        return self.records[arn]

    def redrive(self, arn: str) -> ExecutionRecord:
        record = self.records[arn]
        count = record.redrive_count + 1
        self.records[arn] = replace(record, status=RUNNING, stopped=None, redrive_count=count, redriven=self._now())
        return self.records[arn]

    def describe(self, arn: str) -> ExecutionRecord | None:
        return self.records.get(arn)

    def select(self, machine_arn: str = "", map_run_arn: str = "", status: str = "") -> Iterator[ExecutionRecord]:
        for record in reversed(self.records.values()):
            machine = record.machine
            of_machine = machine_arn in (machine.arn, machine.version_arn or None, machine.alias_arn or None)
            if (of_machine if machine_arn else record.map_run_arn == map_run_arn) and status in ("", record.status):
                yield record

    def history(self, arn: str, *, reverse: bool, after: int, limit: int) -> list[Event]:
        events = self.histories[arn][::-1] if reverse else self.histories[arn]
        behind = [e for e in events if after == 0 or (e["id"] < after if reverse else e["id"] > after)]
        return behind[:limit]

    def succeed_task(self, token: str, output: str) -> None:
        self._tell("succeed", token, output)

    def fail_task(self, token: str, error: str | None, cause: str | None) -> None:
        self._tell("fail", token, str(error), str(cause))

    def heartbeat(self, token: str) -> None:
        self._tell("heartbeat", token)

    def _tell(self, *said: str) -> None:
        if said[1] == "gone":
            raise EngineError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        self.told.append(said)

    def activity_work(self, activity_arn: str, worker: str, wait_s: float) -> ActivityWork | None:
        self.told.append(("poll", activity_arn, worker, f"{wait_s:g}"))
        return self.work.pop(0) if self.work else None

    def map_run(self, arn: str) -> MapRunRecord | None:
        return self.runs.get(arn)

    def map_runs(self, execution_arn: str) -> list[MapRunRecord]:
        found = [run for run in self.runs.values() if run.execution_arn == execution_arn]
        return sorted(found, key=lambda run: run.started, reverse=True)

    def update_map_run(self, arn: str, **changes: float) -> None:
        self.runs[arn] = replace(self.runs[arn], **changes)  # type: ignore[arg-type]

    def machine_deleted(self, machine_arn: str) -> None:
        for arn, record in self.records.items():
            if record.machine.arn == machine_arn and record.status == RUNNING and not self.keeps_running:
                self.end(arn, FAILED)

    def running(self, machine_arn: str) -> bool:
        return any(r.machine.arn == machine_arn and r.status == RUNNING for r in self.records.values())
