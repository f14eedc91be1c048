"""Data points of CloudWatch's metrics in SQLite: a metric's points are read by their time and never held as a whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from local_aws.state.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS metrics (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL,
    dimensions TEXT NOT NULL, UNIQUE (owner, namespace, name, key));
CREATE TABLE IF NOT EXISTS metric_points (
    metric INTEGER NOT NULL REFERENCES metrics (id) ON DELETE CASCADE, at REAL NOT NULL, point TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS metric_points_at ON metric_points (metric, at);
"""

Key = tuple[str, str, str]
"""Namespace, name, and the dimensions as one text."""
Point = dict[str, Any]
"""As MiniStack has it: `Timestamp`, Unix time in seconds; `Value`, `Unit`, `Dimensions`, and `Count` or `_stat`."""


class MetricStore:
    """The metrics of all owners; an owner is an account in a Region."""

    def __init__(self, store: Store) -> None:
        """Create the tables if they are not there."""
        self._store = store
        store.define(TABLES)
        self._changes = 0
        self._known: dict[str, tuple[int, list[tuple[Key, int]]]] = {}

    def add(self, owner: str, key: Key, point: Point) -> None:
        """Add one point; the first of a metric makes it."""
        kept = {name: value for name, value in point.items() if name not in ("Timestamp", "Dimensions")}
        with self._store.transaction() as connection:
            known = number = self.find(owner, key)
            if number is None:
                row = (owner, *key, json.dumps(point.get("Dimensions", {})))
                sql = "INSERT INTO metrics (owner, namespace, name, key, dimensions) VALUES (?, ?, ?, ?, ?)"
                number = connection.execute(sql, row).lastrowid
            connection.execute(
                "INSERT INTO metric_points VALUES (?, ?, ?)", (number, point["Timestamp"], json.dumps(kept))
            )
        if known is None:
            self._changes += 1

    def find(self, owner: str, key: Key) -> int | None:
        """The number of a metric, or None."""
        sql = "SELECT id FROM metrics WHERE owner = ? AND namespace = ? AND name = ? AND key = ?"
        row = self._store.row(sql, owner, *key)
        return None if row is None else int(row["id"])

    def metrics(self, owner: str) -> Iterator[tuple[Key, int]]:
        """All metrics of an owner that have points, and their numbers.

        They are kept until there are others, as MiniStack goes through all of them for each query of a chart.
        """
        changes = self._changes
        known = self._known.get(owner)
        if known is None or known[0] != changes:
            sql = "SELECT id, namespace, name, key FROM metrics WHERE owner = ? ORDER BY id"
            rows = self._store.rows(sql, owner)
            known = changes, [((row["namespace"], row["name"], row["key"]), row["id"]) for row in rows]
            self._known[owner] = known
        yield from known[1]

    def points(self, number: int, since: float | None = None, count: int = -1) -> list[Point]:
        """A metric's points from a time on, by their times."""
        sql = (
            "SELECT p.at, p.point, m.dimensions FROM metric_points p JOIN metrics m ON m.id = p.metric "
            "WHERE p.metric = ? AND p.at >= ? ORDER BY p.at LIMIT ?"
        )
        return [_point(row) for row in self._store.rows(sql, number, since or 0.0, count)]

    def forget_before(self, at: float) -> None:
        """Remove older points, and metrics that have none left."""
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM metric_points WHERE at < ?", (at,))
            connection.execute(
                "DELETE FROM metrics WHERE NOT EXISTS (SELECT 1 FROM metric_points p WHERE p.metric = metrics.id)"
            )
        self._changes += 1


def _point(row: sqlite3.Row) -> Point:
    point: Point = json.loads(row["point"])
    return {"Timestamp": row["at"], "Dimensions": json.loads(row["dimensions"]), **point}
