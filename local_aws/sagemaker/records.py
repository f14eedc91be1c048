"""SageMaker's resources in the store: training jobs, models, endpoints, model packages and so on, and their tags.

A record keeps the unchanged request that created it, and its state. Names are unique regardless of case, as the ARN has
the name in lower case.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local_aws.clock import Clock
from local_aws.state.store import Store
from local_aws.wire import Document

_DDL = """
CREATE TABLE IF NOT EXISTS sagemaker_resource (
    kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, arn TEXT NOT NULL UNIQUE, status TEXT NOT NULL,
    created_at REAL NOT NULL, modified_at REAL NOT NULL, request TEXT NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE TABLE IF NOT EXISTS sagemaker_tag (
    arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)
);
"""


class TakenError(Exception):
    """A resource of this kind and name exists."""


class GoneError(Exception):
    """The resource was deleted."""


@dataclass
class Record:
    """A resource; times are Unix times in seconds."""

    kind: str
    name: str
    arn: str
    created_at: float
    modified_at: float
    status: str = ""
    request: Document = field(default_factory=dict)
    state: Document = field(default_factory=dict)


class Records:
    """The table of resources."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Create the tables if they do not exist."""
        self._store, self._clock = store, clock
        store.define(_DDL)

    def now(self) -> float:
        """Unix time, seconds."""
        return self._clock.now().timestamp()

    def create(
        self,
        kind: str,
        arn: str,
        name: str,
        request: Mapping[str, Any],
        *,
        status: str = "",
        state: Mapping[str, Any] | None = None,
    ) -> Record:
        """Add a resource and its `Tags`. Raises TakenError."""
        now = self.now()
        kept = {key: value for key, value in request.items() if key != "Tags"}
        record = Record(kind, name, arn, now, now, status, kept, dict(state or {}))
        values = (kind, name.lower(), name, arn, status, now, now, json.dumps(kept), json.dumps(record.state))
        with self._store.transaction() as connection:
            try:
                connection.execute("INSERT INTO sagemaker_resource VALUES (?,?,?,?,?,?,?,?,?)", values)
            except sqlite3.IntegrityError:
                raise TakenError(arn) from None
            self.put_tags(arn, request.get("Tags", []))
        return record

    def find(self, kind: str, name: str) -> Record | None:
        """The resource, or None."""
        row = self._store.row("SELECT * FROM sagemaker_resource WHERE kind = ? AND key = ?", kind, name.lower())
        return _record(row) if row else None

    def all(self, kind: str) -> list[Record]:
        """Every resource of a kind."""
        return [_record(row) for row in self._store.rows("SELECT * FROM sagemaker_resource WHERE kind = ?", kind)]

    def heads(self, kind: str) -> list[Record]:
        """Every resource of a kind, without its request and its state, which take long to read; `full` has them."""
        rows = self._store.rows(
            "SELECT kind, name, arn, created_at, modified_at, status FROM sagemaker_resource WHERE kind = ?", kind
        )
        return [Record(*row) for row in rows]

    def full(self, head: Record) -> Record | None:
        """Return the resource of a head; None if it was deleted since."""
        return self.find(head.kind, head.name)

    @contextmanager
    def edit(self, kind: str, name: str) -> Iterator[Record]:
        """Change a record's status and state: stored when the block ends, not at all if it raises.

        No other thread changes records during the block. Raises GoneError if there is no such record.
        """
        with self._store.transaction() as connection:
            record = self.find(kind, name)
            if record is None:
                raise GoneError(f"{kind} {name} was deleted")
            yield record
            record.modified_at = self.now()
            connection.execute(
                "UPDATE sagemaker_resource SET status = ?, modified_at = ?, state = ? WHERE kind = ? AND key = ?",
                (record.status, record.modified_at, json.dumps(record.state), kind, name.lower()),
            )

    def delete(self, record: Record) -> None:
        """Remove a resource and its tags."""
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM sagemaker_resource WHERE arn = ?", (record.arn,))
            connection.execute("DELETE FROM sagemaker_tag WHERE arn = ?", (record.arn,))

    def find_arn(self, arn: str) -> Record | None:
        """The resource of an ARN, or None."""
        row = self._store.row("SELECT * FROM sagemaker_resource WHERE arn = ?", arn)
        return _record(row) if row else None

    def tags(self, arn: str) -> dict[str, str]:
        """A resource's tags, by key."""
        rows = self._store.rows("SELECT key, value FROM sagemaker_tag WHERE arn = ? ORDER BY key", arn)
        return {row["key"]: row["value"] for row in rows}

    def put_tags(self, arn: str, tags: list[dict[str, str]]) -> None:
        """Add tags; a tag whose key exists replaces the old one."""
        with self._store.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO sagemaker_tag VALUES (?, ?, ?)",
                [(arn, tag["Key"], tag["Value"]) for tag in tags],
            )

    def remove_tags(self, arn: str, keys: list[str]) -> None:
        """Remove tags; unknown keys are ignored."""
        with self._store.transaction() as connection:
            connection.executemany("DELETE FROM sagemaker_tag WHERE arn = ? AND key = ?", [(arn, key) for key in keys])


def _record(row: sqlite3.Row) -> Record:
    return Record(
        kind=row["kind"],
        name=row["name"],
        arn=row["arn"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        status=row["status"],
        request=json.loads(row["request"]),
        state=json.loads(row["state"]),
    )
