"""Executions, their frames and their histories in SQLite.

A turn is stored whole before anybody sees it. Frames of an execution that has ended unsuccessfully stay, as a redrive
goes on from them. Express executions are not stored: AWS keeps no history of them either.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any

from local_aws.state.store import Store
from local_aws.stepfunctions.contracts import records
from local_aws.stepfunctions.contracts.engine import Event
from local_aws.stepfunctions.contracts.records import ExecutionRecord, MachineSnapshot, MapRunRecord
from local_aws.stepfunctions.interpreter.frames import Frame, Phase, load
from local_aws.stepfunctions.interpreter.run import Turn

_DDL = """
CREATE TABLE IF NOT EXISTS sfn_executions (
    number INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, machine TEXT NOT NULL, version TEXT NOT NULL,
    alias TEXT NOT NULL, map_run TEXT NOT NULL, status TEXT NOT NULL, started REAL NOT NULL, stopped REAL,
    last_event INTEGER NOT NULL DEFAULT 0, snapshot INTEGER NOT NULL, body TEXT NOT NULL, outcome TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sfn_snapshots (number INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE);
CREATE INDEX IF NOT EXISTS sfn_executions_of_machine ON sfn_executions (machine, started);
CREATE INDEX IF NOT EXISTS sfn_executions_of_map_run ON sfn_executions (map_run, number) WHERE map_run <> '';
CREATE INDEX IF NOT EXISTS sfn_executions_running ON sfn_executions (status) WHERE status = 'RUNNING';
CREATE TABLE IF NOT EXISTS sfn_frames (
    execution INTEGER NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, items TEXT, PRIMARY KEY (execution, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sfn_events (
    execution INTEGER NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (execution, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sfn_map_runs (
    arn TEXT PRIMARY KEY, execution TEXT NOT NULL, started REAL NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS sfn_map_runs_of_execution ON sfn_map_runs (execution, started);
CREATE TABLE IF NOT EXISTS sfn_tokens (
    token TEXT PRIMARY KEY, execution INTEGER NOT NULL, frame INTEGER NOT NULL, attempt TEXT NOT NULL,
    activity TEXT NOT NULL, taken INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS sfn_tokens_of_activity ON sfn_tokens (activity) WHERE taken = 0 AND activity <> '';
CREATE INDEX IF NOT EXISTS sfn_tokens_of_execution ON sfn_tokens (execution);
"""
_FRAME = "INSERT INTO sfn_frames VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
_UPDATE = "UPDATE sfn_executions SET status = ?, stopped = ?, last_event = ?, outcome = ? WHERE number = ?"
_COLUMNS = "e.number, e.started, e.last_event, e.body, e.outcome, s.body AS machine_body"
_FROM = "FROM sfn_executions e JOIN sfn_snapshots s ON s.number = e.snapshot"
_OUTCOME = ("status", "stopped", "output", "error", "cause", "item_count", "redrive_count", "redriven")
"""What changes in a record while it runs."""


class Storage:
    """What the engine keeps."""

    def __init__(self, store: Store) -> None:
        """Make the tables."""
        self._store = store
        store.define(_DDL)

    def add(self, record: ExecutionRecord, turn: Turn | None = None) -> int:
        """Store a new execution with how it begins; returns its number."""
        machine = record.machine
        with self._store.transaction() as connection:
            values = (
                record.arn,
                machine.arn,
                machine.version_arn,
                machine.alias_arn,
                record.map_run_arn,
                record.status,
                record.started,
                record.stopped,
                _snapshot(connection, machine),
                *_dumped(record),
            )
            number = connection.execute(
                "INSERT INTO sfn_executions"
                " (arn, machine, version, alias, map_run, status, started, stopped, snapshot, body, outcome)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            ).lastrowid
            if turn is not None:
                self.save(int(number or 0), record, turn, len(turn.events))
        return int(number or 0)

    def save(self, number: int, record: ExecutionRecord, turn: Turn, last_event: int) -> None:
        """Store what a turn has changed."""
        with self._store.transaction() as connection:
            connection.executemany(
                "INSERT INTO sfn_events VALUES (?, ?, ?)",
                [(number, event["id"], json.dumps(event, separators=(",", ":"))) for event in turn.events],
            )
            connection.executemany(
                _FRAME, [(number, frame.id, frame.dump(), turn.items.get(frame.id)) for frame in turn.changed]
            )
            connection.executemany(
                "UPDATE sfn_frames SET items = ? WHERE execution = ? AND id = ?",
                [(text, number, frame) for frame, text in turn.items.items()],
            )
            gone = [(number, frame) for frame in turn.gone]
            connection.executemany("DELETE FROM sfn_frames WHERE execution = ? AND id = ?", gone)
            if record.status == records.SUCCEEDED:
                connection.execute("DELETE FROM sfn_frames WHERE execution = ?", (number,))
            connection.execute(_UPDATE, (record.status, record.stopped, last_event, _dumped(record)[1], number))

    def save_outcome(self, number: int, record: ExecutionRecord, last_event: int = 0) -> None:
        """Store how an execution stands, without its frames and events."""
        self._store.execute(_UPDATE, record.status, record.stopped, last_event, _dumped(record)[1], number)

    def find(self, arn: str) -> tuple[int, ExecutionRecord, int] | None:
        """Return an execution with its number and the number of its events; None if there is none."""
        row = self._store.row(f"SELECT {_COLUMNS} {_FROM} WHERE e.arn = ?", arn)
        return None if row is None else (row["number"], _read(row), row["last_event"])

    def frames(self, number: int) -> list[Frame]:
        """Return the frames of an execution, with the items and outputs of their groups."""
        rows = self._store.rows("SELECT body, items FROM sfn_frames WHERE execution = ? ORDER BY id", number)
        frames = {}
        for row in rows:
            frame = load(row["body"])
            if frame.group is not None and row["items"] is not None:
                frame.group.items = json.loads(row["items"])
            frames[frame.id] = frame
        for frame in frames.values():
            parent = frames.get(frame.parent) if frame.parent is not None else None
            if parent is not None and parent.group is not None and frame.phase is Phase.ENDED:
                parent.group.ended += 1
                parent.group.outputs[frame.index] = frame.data
        return list(frames.values())

    def items(self, number: int, frame: int) -> list[Any] | None:
        """Return the items of a distributed Map that come from its input; None if they come from a reader."""
        row = self._store.row("SELECT items FROM sfn_frames WHERE execution = ? AND id = ?", number, frame)
        return None if row is None or row["items"] is None else list(json.loads(row["items"]))

    def running(self) -> list[str]:
        """Return the ARNs of the executions that had not ended."""
        rows = self._store.rows("SELECT arn FROM sfn_executions WHERE status = 'RUNNING' ORDER BY number")
        return [row["arn"] for row in rows]

    def select(self, column: str, value: str, status: str) -> Iterator[ExecutionRecord]:
        """Yield executions, newest first, a page at a time; `column` is machine, version, alias or map_run."""
        before: tuple[float, int] = (float("inf"), 2**62)
        condition = f"e.{column} = ? AND (? = '' OR e.status = ?) AND (e.started, e.number) < (?, ?)"
        if column == "machine":
            condition += " AND e.map_run = ''"
        while True:
            rows = self._store.rows(
                f"SELECT {_COLUMNS} {_FROM} WHERE {condition} ORDER BY e.started DESC, e.number DESC LIMIT 100",
                value,
                status,
                status,
                *before,
            )
            if not rows:
                return
            yield from map(_read, rows)
            before = (rows[-1]["started"], rows[-1]["number"])

    def children(self, map_run: str) -> Iterator[ExecutionRecord]:
        """Yield the children of a map run in the order in which they were started, which is that of their items."""
        after = 0
        while True:
            rows = self._store.rows(
                f"SELECT {_COLUMNS} {_FROM} WHERE e.map_run = ? AND e.number > ? ORDER BY e.number LIMIT 100",
                map_run,
                after,
            )
            if not rows:
                return
            yield from map(_read, rows)
            after = rows[-1]["number"]

    def history(self, number: int, *, reverse: bool, after: int, limit: int) -> list[Event]:
        """Return events in order, from the one behind `after`."""
        order, sign = ("DESC", "<") if reverse else ("ASC", ">")
        bound = after if after or not reverse else 2**62
        rows = self._store.rows(
            f"SELECT body FROM sfn_events WHERE execution = ? AND id {sign} ? ORDER BY id {order} LIMIT ?",  # noqa: S608
            number,
            bound,
            limit,
        )
        return [json.loads(row["body"]) for row in rows]

    def forget(self, ended_before: float) -> None:
        """Forget executions that ended before a moment, and the machines that only they ran.

        AWS keeps histories for 90 days: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
        """
        old = "SELECT number FROM sfn_executions WHERE stopped < ?"
        with self._store.transaction() as connection:
            for table in ("sfn_events", "sfn_frames", "sfn_tokens"):
                connection.execute(f"DELETE FROM {table} WHERE execution IN ({old})", (ended_before,))  # noqa: S608
            arns = "SELECT arn FROM sfn_executions WHERE stopped < ?"
            connection.execute(f"DELETE FROM sfn_map_runs WHERE execution IN ({arns})", (ended_before,))  # noqa: S608
            connection.execute("DELETE FROM sfn_executions WHERE stopped < ?", (ended_before,))
            kept = "SELECT snapshot FROM sfn_executions"
            connection.execute(f"DELETE FROM sfn_snapshots WHERE number NOT IN ({kept})")  # noqa: S608

    # Tokens

    def keep_token(self, token: str, number: int, frame: int, attempt: str, activity: str) -> None:
        """Store the token of a task that has been scheduled; no worker has it."""
        self._store.execute(
            "INSERT INTO sfn_tokens VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET taken = 0",
            token,
            number,
            frame,
            attempt,
            activity,
        )

    def token(self, token: str) -> tuple[str, int, str] | None:
        """Return the execution's ARN, the frame and the attempt of a token; None if there is no such token."""
        row = self._store.row(
            "SELECT e.arn, t.frame, t.attempt FROM sfn_tokens t JOIN sfn_executions e ON e.number = t.execution"
            " WHERE t.token = ?",
            token,
        )
        return None if row is None else (row["arn"], row["frame"], row["attempt"])

    def take_work(self, activity: str) -> str | None:
        """Return the token of the oldest work of an activity that no worker has, and give it out."""
        with self._store.transaction() as connection:
            row = connection.execute(
                "SELECT token FROM sfn_tokens WHERE activity = ? AND taken = 0 ORDER BY rowid LIMIT 1", (activity,)
            ).fetchone()
            if row is None:
                return None
            connection.execute("UPDATE sfn_tokens SET taken = 1 WHERE token = ?", (row["token"],))
        return str(row["token"])

    # Map runs

    def running_map_runs(self) -> list[MapRunRecord]:
        """Return the map runs that had not ended."""
        rows = self._store.rows("SELECT body FROM sfn_map_runs WHERE body ->> 'status' = 'RUNNING'")
        return [MapRunRecord(**json.loads(row["body"])) for row in rows]

    def save_map_run(self, run: MapRunRecord) -> None:
        """Store a map run as it is now."""
        self._store.execute(
            "INSERT INTO sfn_map_runs VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
            run.arn,
            run.execution_arn,
            run.started,
            json.dumps(asdict(run)),
        )

    def map_run(self, arn: str) -> MapRunRecord | None:
        """Return a map run; None if there is none."""
        row = self._store.row("SELECT body FROM sfn_map_runs WHERE arn = ?", arn)
        return None if row is None else MapRunRecord(**json.loads(row["body"]))

    def map_runs(self, execution: str) -> Iterable[MapRunRecord]:
        """Return the map runs of an execution, newest first."""
        rows = self._store.rows(
            "SELECT body FROM sfn_map_runs WHERE execution = ? ORDER BY started DESC, rowid DESC", execution
        )
        return [MapRunRecord(**json.loads(row["body"])) for row in rows]


def _snapshot(connection: sqlite3.Connection, machine: MachineSnapshot) -> int:
    """Store what executions keep of their machine once for all that keep the same."""
    body = json.dumps(asdict(machine), separators=(",", ":"))
    connection.execute("INSERT OR IGNORE INTO sfn_snapshots (body) VALUES (?)", (body,))
    found = connection.execute("SELECT number FROM sfn_snapshots WHERE body = ?", (body,)).fetchone()
    return int(found["number"])


def _dumped(record: ExecutionRecord) -> tuple[str, str]:
    """Return what does not change and what does, as JSON texts."""
    document = asdict(replace(record, machine=None))  # type: ignore[arg-type] # stored apart
    del document["machine"], document["events"]
    outcome = {name: document.pop(name) for name in _OUTCOME}
    return json.dumps(document, separators=(",", ":")), json.dumps(outcome, separators=(",", ":"))


def _read(row: sqlite3.Row) -> ExecutionRecord:
    machine = MachineSnapshot(**json.loads(row["machine_body"]))
    document = {**json.loads(row["body"]), **json.loads(row["outcome"])}
    return ExecutionRecord(**document, machine=machine, events=row["last_event"])
