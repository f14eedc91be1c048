"""Log streams and log events in SQLite: what CloudWatch Logs keeps is read page by page and never held as a whole.

Times are Unix milliseconds. Events of a stream or a group are in the order of their times, and of one time in the
order of their arrival, which their numbers tell.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from local_aws.state.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS log_groups (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (owner, name));
CREATE TABLE IF NOT EXISTS log_streams (
    id INTEGER PRIMARY KEY, grp INTEGER NOT NULL REFERENCES log_groups (id) ON DELETE CASCADE, name TEXT NOT NULL,
    created INTEGER NOT NULL, token INTEGER NOT NULL, first INTEGER, last INTEGER, ingested INTEGER,
    bytes INTEGER NOT NULL, UNIQUE (grp, name));
CREATE INDEX IF NOT EXISTS log_streams_latest ON log_streams (grp, last);
CREATE TABLE IF NOT EXISTS log_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, grp INTEGER NOT NULL, stream INTEGER NOT NULL, at INTEGER NOT NULL,
    ingested INTEGER NOT NULL, message TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS log_events_of_stream ON log_events (stream, at);
CREATE INDEX IF NOT EXISTS log_events_of_group ON log_events (grp, at);
"""
_EVENTS = "SELECT e.*, s.name AS stream_name FROM log_events e JOIN log_streams s ON s.id = e.stream"
_DAY_MS = 24 * 3600 * 1000
_SWEEP_S = 600.0
_CHUNK = 1000
_LAST = "\U0010ffff"
_END_MS = 1 << 62

Cursor = tuple[int, int]
"""Time and number of an event: the place before or behind it."""
BEGIN: Cursor = (-1, -1)
END: Cursor = (_END_MS, _END_MS)


@dataclass(frozen=True)
class Event:
    """A log event and its stream."""

    id: int
    at: int
    ingested: int
    message: str
    stream: str

    @property
    def cursor(self) -> Cursor:
        """Its place."""
        return self.at, self.id


@dataclass(frozen=True)
class Window:
    """Events from `start` on and before `end`."""

    start: int = 0
    end: int = _END_MS


class LogStore:
    """The streams and events of all groups; an owner is an account in a Region."""

    def __init__(self, store: Store) -> None:
        """Create the tables if they are not there."""
        self._store = store
        self._swept = time.monotonic()
        store.define(TABLES)

    # --- Groups and streams

    def forget_group(self, owner: str, group: str) -> None:
        """Remove a group's streams and events."""
        with self._store.transaction() as connection:
            found = self._group(owner, group)
            if found is not None:
                connection.execute("DELETE FROM log_events WHERE grp = ?", (found,))
                connection.execute("DELETE FROM log_groups WHERE id = ?", (found,))

    def add_stream(self, owner: str, group: str, stream: str, created: int) -> None:
        """Make a stream; one that is there stays."""
        with self._store.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO log_groups (owner, name) VALUES (?, ?)", (owner, group))
            connection.execute(
                "INSERT OR IGNORE INTO log_streams (grp, name, created, token, bytes) VALUES (?, ?, ?, 1, 0)",
                (self._group(owner, group), stream, created),
            )

    def forget_stream(self, owner: str, group: str, stream: str) -> bool:
        """Remove a stream with its events; False if there is none."""
        with self._store.transaction() as connection:
            found = self.stream(owner, group, stream)
            if found is None:
                return False
            connection.execute("DELETE FROM log_events WHERE stream = ?", (found["id"],))
            connection.execute("DELETE FROM log_streams WHERE id = ?", (found["id"],))
            return True

    def stream(self, owner: str, group: str, stream: str) -> sqlite3.Row | None:
        """A stream's row, or None."""
        sql = "SELECT * FROM log_streams WHERE grp = ? AND name = ?"
        return self._store.row(sql, self._group(owner, group), stream)

    def streams(
        self, owner: str, group: str, *, prefix: str, by_time: bool, descending: bool, offset: int, count: int
    ) -> list[sqlite3.Row]:
        """A group's streams by name, or by the time of their last event."""
        order, way = ("last" if by_time else "name"), ("DESC" if descending else "ASC")
        sql = (
            "SELECT * FROM log_streams WHERE grp = ? AND name >= ? AND name < ? "  # noqa: S608 - the words above
            f"ORDER BY {order} {way}, name LIMIT ? OFFSET ?"
        )
        return self._store.rows(sql, self._group(owner, group), prefix, prefix + _LAST, count, offset)

    def stored_bytes(self, owner: str, group: str) -> int:
        """Characters of a group's messages."""
        sql = "SELECT coalesce(sum(bytes), 0) AS n FROM log_streams WHERE grp = ?"
        row = self._store.row(sql, self._group(owner, group))
        return int(row["n"]) if row else 0

    def _group(self, owner: str, group: str) -> int | None:
        row = self._store.row("SELECT id FROM log_groups WHERE owner = ? AND name = ?", owner, group)
        return None if row is None else int(row["id"])

    # --- Events

    def append(self, owner: str, group: str, stream: str, events: Sequence[tuple[int, str]], ingested: int) -> int:
        """Add events (time, message) to a stream; returns its next sequence token. Raises KeyError without it."""
        with self._store.transaction() as connection:
            found = self.stream(owner, group, stream)
            if found is None:
                raise KeyError(stream)
            connection.executemany(
                "INSERT INTO log_events (grp, stream, at, ingested, message) VALUES (?, ?, ?, ?, ?)",
                [(found["grp"], found["id"], at, ingested, message) for at, message in events],
            )
            times = [at for at, _ in events]
            connection.execute(
                "UPDATE log_streams SET token = token + 1, bytes = bytes + ?, ingested = ?, "
                "first = min(coalesce(first, ?), ?), last = max(coalesce(last, ?), ?) WHERE id = ?",
                (
                    sum(len(message) for _, message in events),
                    ingested,
                    *(min(times), min(times), max(times), max(times)),
                    found["id"],
                ),
            )
            return int(found["token"]) + 1

    def page(self, stream: int, window: Window, place: Cursor, count: int, *, forward: bool) -> list[Event]:
        """Events of a stream behind a place, or before it; in the order of their times either way."""
        sign, way = (">", "ASC") if forward else ("<", "DESC")
        sql = (
            f"{_EVENTS} WHERE e.stream = ? AND (e.at, e.id) {sign} (?, ?) AND e.at >= ? AND e.at < ? "
            f"ORDER BY e.at {way}, e.id {way} LIMIT ?"
        )
        found = [_event(row) for row in self._store.rows(sql, stream, *place, window.start, window.end, count)]
        return found if forward else found[::-1]

    def events(
        self,
        owner: str,
        group: str,
        window: Window,
        place: Cursor = BEGIN,
        streams: Sequence[str] = (),
        prefix: str = "",
    ) -> Iterator[Event]:
        """A group's events behind a place, or those of some streams, by their names or how these begin; in pieces."""
        chosen, names = "", [*streams]
        if streams:
            chosen = f"AND s.name IN ({', '.join('?' for _ in streams)})"
        elif prefix:
            chosen, names = "AND s.name >= ? AND s.name <= ?", [prefix, prefix + _LAST]
        sql = (
            f"{_EVENTS} WHERE e.grp = ? AND (e.at, e.id) > (?, ?) AND e.at >= ? AND e.at < ? {chosen} "
            "ORDER BY e.at, e.id LIMIT ?"
        )
        number = self._group(owner, group)
        while True:
            found = self._store.rows(sql, number, *place, window.start, window.end, *names, _CHUNK)
            yield from map(_event, found)
            if len(found) < _CHUNK:
                return
            place = found[-1]["at"], found[-1]["id"]

    def event(self, owner: str, number: int) -> tuple[str, Event] | None:
        """The group and the event of a number, or None."""
        sql = (
            "SELECT e.*, s.name AS stream_name, g.name AS group_name FROM log_events e "
            "JOIN log_streams s ON s.id = e.stream JOIN log_groups g ON g.id = e.grp WHERE e.id = ? AND g.owner = ?"
        )
        row = self._store.row(sql, number, owner)
        return None if row is None else (row["group_name"], _event(row))

    def sweep(self, retention_days: Mapping[tuple[str, str], int], now_ms: int) -> None:
        """Every ten minutes, remove the events of (owner, group) that are older than their days."""
        if time.monotonic() - self._swept < _SWEEP_S:
            return
        self._swept = time.monotonic()
        for (owner, group), days in retention_days.items():
            sql = "DELETE FROM log_events WHERE grp = ? AND at < ?"
            self._store.execute(sql, self._group(owner, group), now_ms - days * _DAY_MS)


def _event(row: sqlite3.Row) -> Event:
    return Event(row["id"], row["at"], row["ingested"], row["message"], row["stream_name"])
