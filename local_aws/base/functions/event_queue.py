"""Lambda: the queue of asynchronous invocations, which survives the server.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from local_aws.base.tables import ministack
from local_aws.state.store import Store

SHORTENED = 60.0
"""Nobody is served by minutes of waiting on a laptop: a wait lasts a sixtieth of AWS's, but ages its event by all."""
_TABLE = """
CREATE TABLE IF NOT EXISTS lambda_events (
    request_id TEXT PRIMARY KEY,
    function_arn TEXT NOT NULL,
    payload TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    waited_s REAL NOT NULL,
    queued REAL NOT NULL
) WITHOUT ROWID
"""
_KEEP = "INSERT INTO lambda_events VALUES (?, ?, ?, ?, ?, ?)"
_UPDATE = "UPDATE lambda_events SET attempts = ?, waited_s = ? WHERE request_id = ?"


@dataclass
class Event:
    """An event in a function's queue."""

    function: dict[str, Any]
    payload: Any
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: int = 0
    waited_s: float = 0.0
    """By AWS's waits."""
    queued: float = field(default_factory=time.monotonic)
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = self.function.get("config") or self.function
        return config

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.queued + self.waited_s * (1 - 1 / SHORTENED)

    def wait(self, wait_s: float) -> None:
        self.waited_s += wait_s
        time.sleep(wait_s / SHORTENED)


class EventQueue:
    """The events that are not settled. Lambda delivers an event at least once, so after a kill one may come again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.define(_TABLE)

    def keep(self, event: Event) -> None:
        """Write down an event that has come."""
        queued = time.time() - (time.monotonic() - event.queued)
        arn, payload = event.config.get("FunctionArn", ""), json.dumps(event.payload)
        self._store.execute(_KEEP, event.request_id, arn, payload, event.attempts, event.waited_s, queued)

    def update(self, event: Event) -> None:
        """Write down how often a kept event was tried, and how long it has waited."""
        self._store.execute(_UPDATE, event.attempts, event.waited_s, event.request_id)

    def forget(self, event: Event) -> None:
        """Remove an event that is settled."""
        self._store.execute("DELETE FROM lambda_events WHERE request_id = ?", event.request_id)

    def unsettled(self) -> list[Event]:
        """Return the events that the last server left, oldest first; those of functions that are gone are dropped."""
        found = []
        for row in self._store.rows("SELECT * FROM lambda_events ORDER BY queued"):
            queued = time.monotonic() - max(0.0, time.time() - row["queued"])
            event = Event(
                _function(row["function_arn"]) or {},
                json.loads(row["payload"]),
                row["request_id"],
                row["attempts"],
                row["waited_s"],
                queued,
            )
            if event.function:
                found.append(event)
            else:
                self.forget(event)
        return found


def _function(arn: str) -> dict[str, Any] | None:
    """The function, version or alias of the ARN, as MiniStack keeps it."""
    functions = ministack("services.lambda_svc")
    name, _, qualifier = arn.partition(":function:")[2].partition(":")
    record, config = functions._get_func_record_for_qualifier(name, qualifier or None)  # noqa: SLF001
    return {**record, "config": config} if record else None
