"""CloudWatch: the history of alarms in a file, where MiniStack keeps it in memory for good and writes all of it anew.

CloudWatch keeps it for 30 days, that of deleted alarms too:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from local_aws.base.cloudwatch.log_groups import owner
from local_aws.base.tables import ministack
from local_aws.state.store import Store

_TABLE = """
CREATE TABLE IF NOT EXISTS alarm_history (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, at TEXT NOT NULL, entry TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS alarm_history_at ON alarm_history (at);
CREATE INDEX IF NOT EXISTS alarm_history_of_owner ON alarm_history (owner, id);
"""
_ADD = "INSERT INTO alarm_history (owner, at, entry) VALUES (?, ?, ?)"
_ADD_MISSING = """
INSERT INTO alarm_history (owner, at, entry) SELECT ?1, ?2, ?3
WHERE NOT EXISTS (SELECT 1 FROM alarm_history WHERE owner = ?1 AND at = ?2 AND entry = ?3)
"""
_KEPT = timedelta(days=30)
_CHUNK = 500


def store_alarm_history(store: Store) -> None:
    """Put the file in the place of MiniStack's list."""
    cloudwatch = ministack("services.cloudwatch")
    before, history = cloudwatch._alarm_history, _History(store)  # noqa: SLF001
    cloudwatch._alarm_history = history  # noqa: SLF001
    cloudwatch._history_entries = lambda: _Entries(store, owner())  # noqa: SLF001
    history.update(before)


class _Entries:
    """The history of one account and Region, oldest first."""

    def __init__(self, store: Store, owner: str) -> None:
        self._store, self._owner = store, owner

    def append(self, entry: dict[str, Any]) -> None:
        """Add an entry, and forget what is too old."""
        self._add(entry, _ADD)

    def add_missing(self, entry: dict[str, Any]) -> None:
        """Add an entry unless it is there."""
        self._add(entry, _ADD_MISSING)

    def _add(self, entry: dict[str, Any], statement: str) -> None:
        oldest = (datetime.now(UTC) - _KEPT).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._store.transaction() as connection:
            connection.execute(statement, (self._owner, entry["Timestamp"], json.dumps(entry)))
            connection.execute("DELETE FROM alarm_history WHERE at < ?", (oldest,))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        last = 0
        sql = "SELECT id, entry FROM alarm_history WHERE owner = ? AND id > ? ORDER BY id LIMIT ?"
        while found := self._store.rows(sql, self._owner, last, _CHUNK):
            yield from (json.loads(row["entry"]) for row in found)
            last = found[-1]["id"]


class _History:
    """Takes the place of MiniStack's dictionary, of which only a state file is read and written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.define(_TABLE)

    def update(self, other: Any) -> None:
        """Take over the entries that an older state file holds."""
        for (account, region, _), entries in getattr(other, "_data", {}).items():
            for entry in entries:
                _Entries(self._store, f"{account}/{region}").add_missing(entry)

    def __deepcopy__(self, _memory: object) -> dict[str, object]:
        """Return the content of a state file."""
        return {}
