"""Counts IAM's decisions about each role, in MiniStack's services and in ours.

MiniStack's services and ours ask the same function (`decisions.py`). A decision is about one action on one resource,
so a call that needs several (`iam:PassRole`, the source of a copy) counts as several.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from local_aws.base.tables import ministack
from local_aws.clock import Clock
from local_aws.state.store import Store

log = logging.getLogger(__name__)

_TABLE = """
CREATE TABLE IF NOT EXISTS iam_calls (
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    allowed INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first REAL NOT NULL,
    last REAL NOT NULL,
    PRIMARY KEY (role, action, resource, allowed)
) WITHOUT ROWID
"""
_ADD = """
INSERT INTO iam_calls (role, action, resource, allowed, count, first, last) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (role, action, resource, allowed) DO UPDATE SET count = count + excluded.count, last = excluded.last
"""
_NEXT = """
SELECT * FROM iam_calls WHERE (role, action, resource, allowed) > (?, ?, ?, ?)
ORDER BY role, action, resource, allowed LIMIT ?
"""
_READ_AT_ONCE = 500
_PERIOD_S = 1.0

Decision = tuple[str, str, str, bool]
"""Role name, action, ARN of the resource, allowed."""


@dataclass
class _Tally:
    count: int
    first: float
    last: float


class CallRecorder:
    """Counts decisions in memory and adds them to the store once a second while there are any.

    To note one costs a few microseconds. A kill loses at most the last second.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._pending: dict[Decision, _Tally] = {}
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="iam-calls", daemon=True)
        store.define(_TABLE)

    def note(self, role: str, action: str, resource: str, *, allowed: bool) -> None:
        """Count one decision."""
        now = self._clock.now().timestamp()
        decision = (role, action, resource, allowed)
        with self._lock:
            tally = self._pending.get(decision)
            if tally is None:
                self._pending[decision] = _Tally(1, now, now)
            else:
                tally.count += 1
                tally.last = now
        self._some.set()

    def calls(self) -> Iterator[dict[str, Any]]:
        """All decisions so far: role, action, resource, decision, count, and first and last in Unix seconds.

        They are read in pieces: each release adds some hundred, about objects of its own.
        """
        self._save()
        place: tuple[Any, ...] = ("", "", "", -1)
        while rows := self._store.rows(_NEXT, *place, _READ_AT_ONCE):
            yield from map(_told, rows)
            place = tuple(rows[-1])[: len(place)]

    def start(self) -> None:
        """Begin to save once a second."""
        self._thread.start()

    def stop(self) -> None:
        """Save the rest."""
        self._stopped.set()
        self._some.set()
        self._thread.join(timeout=10)
        self._save()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._some.wait()
            self._some.clear()
            self._save()
            self._stopped.wait(_PERIOD_S)

    def _save(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, {}
        if not pending:
            return
        rows = [(*decision, tally.count, tally.first, tally.last) for decision, tally in pending.items()]
        try:
            with self._store.transaction() as connection:
                connection.executemany(_ADD, rows)
        except sqlite3.OperationalError as error:  # a full disk must not end the thread; the counts are lost
            log.warning("%d counts of what roles did are not stored: %s", len(rows), error)


def _told(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "role": row["role"],
        "action": row["action"],
        "resource": row["resource"],
        "decision": "allowed" if row["allowed"] else "denied",
        "count": row["count"],
        "first": row["first"],
        "last": row["last"],
    }


Note = Callable[..., None]
"""`note(role, action, resource, allowed=...)`, as `CallRecorder.note`."""


def tell(note: Note, key_id: str, action: str, resource: str, denied: Any) -> None:
    """Tell `note` of a decision if it is one about a role.

    A request whose signature, token or time is wrong is refused before there is a decision; the root user and
    IAM users are no roles.
    """
    session = ministack("services.sts")._sessions.get(key_id)  # noqa: SLF001
    role = _role_of(session["Arn"]) if session else None
    if role and not isinstance(denied, ministack("core.iam_evaluator").AuthError):
        note(role, action, resource, allowed=denied is None)


def _role_of(arn: str) -> str | None:
    """The role's name in `arn:aws:sts::<account>:assumed-role/<role>/<session>`, None for another kind of session."""
    _, found, names = arn.partition(":assumed-role/")
    return names.partition("/")[0] if found else None
