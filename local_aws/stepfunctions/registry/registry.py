"""The tables of state machines, versions, aliases, activities and tags."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from local_aws.state.store import Store
from local_aws.stepfunctions.registry.records import (
    ActivityRecord,
    AliasRecord,
    Document,
    Listed,
    MachineRecord,
    Revision,
    VersionRecord,
)

_TABLES = """
CREATE TABLE IF NOT EXISTS stepfunctions_machines (
    arn TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, created REAL NOT NULL, document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS stepfunctions_versions (
    arn TEXT PRIMARY KEY, number INTEGER NOT NULL, document TEXT NOT NULL,
    machine TEXT NOT NULL REFERENCES stepfunctions_machines (arn) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS stepfunctions_versions_of ON stepfunctions_versions (machine, number);
CREATE TABLE IF NOT EXISTS stepfunctions_aliases (
    number INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE, document TEXT NOT NULL,
    machine TEXT NOT NULL REFERENCES stepfunctions_machines (arn) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS stepfunctions_aliases_of ON stepfunctions_aliases (machine, number);
CREATE TABLE IF NOT EXISTS stepfunctions_activities (
    arn TEXT PRIMARY KEY, name TEXT NOT NULL, document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS stepfunctions_tags (
    arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)
);
CREATE TABLE IF NOT EXISTS stepfunctions_redrive_tokens (
    number INTEGER PRIMARY KEY AUTOINCREMENT, execution TEXT NOT NULL, token TEXT NOT NULL, at REAL NOT NULL,
    redriven REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS stepfunctions_redrive_tokens_of ON stepfunctions_redrive_tokens (execution, number);
"""
_REDRIVE_TOKENS = 10


class Registry:
    """All that the operations store; what was answered is stored."""

    def __init__(self, store: Store) -> None:
        """Create the tables if they are not there."""
        self._store = store
        store.define(_TABLES)

    def transaction(self) -> AbstractContextManager[Any]:
        """All reads and writes inside take effect together, or not at all."""
        return self._store.transaction()

    def _document(self, sql: str, *values: Any) -> Document | None:
        row = self._store.row(sql, *values)
        return None if row is None else json.loads(row["document"])

    def _documents(self, sql: str, *values: Any) -> list[Document]:
        return [json.loads(row["document"]) for row in self._store.rows(sql, *values)]

    # --- State machines

    def machine(self, arn: str) -> MachineRecord | None:
        """The state machine of an unqualified ARN."""
        found = self._document("SELECT document FROM stepfunctions_machines WHERE arn = ?", arn)
        return None if found is None else MachineRecord(**{**found, "revision": Revision(**found["revision"])})

    def machines(self) -> list[Listed]:
        """All state machines by name."""
        sql = "SELECT arn, name, type, created FROM stepfunctions_machines ORDER BY name"
        return [Listed(row["arn"], row["name"], row["type"], row["created"]) for row in self._store.rows(sql)]

    def put_machine(self, machine: MachineRecord) -> None:
        """Write a state machine, new or changed."""
        self._store.execute(
            "INSERT INTO stepfunctions_machines VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (arn) DO UPDATE SET document = excluded.document",
            machine.arn,
            machine.name,
            machine.type,
            machine.created,
            json.dumps(asdict(machine)),
        )

    def delete_machine(self, arn: str) -> None:
        """Remove a state machine with its versions, aliases and tags."""
        with self.transaction():
            self._store.execute("DELETE FROM stepfunctions_machines WHERE arn = ?", arn)
            self._store.execute("DELETE FROM stepfunctions_tags WHERE arn = ?", arn)

    # --- Versions

    def version(self, arn: str) -> VersionRecord | None:
        """The version of a qualified ARN."""
        found = self._document("SELECT document FROM stepfunctions_versions WHERE arn = ?", arn)
        return None if found is None else _version(found)

    def versions(self, machine_arn: str) -> list[VersionRecord]:
        """The versions of a state machine, the newest first."""
        sql = "SELECT document FROM stepfunctions_versions WHERE machine = ? ORDER BY number DESC"
        return [_version(found) for found in self._documents(sql, machine_arn)]

    def put_version(self, version: VersionRecord) -> None:
        self._store.execute(
            "INSERT INTO stepfunctions_versions (arn, machine, number, document) VALUES (?, ?, ?, ?)",
            version.arn,
            version.machine_arn,
            version.number,
            json.dumps(asdict(version)),
        )

    def delete_version(self, arn: str) -> None:
        self._store.execute("DELETE FROM stepfunctions_versions WHERE arn = ?", arn)

    # --- Aliases

    def alias(self, arn: str) -> AliasRecord | None:
        """The alias of a qualified ARN."""
        found = self._document("SELECT document FROM stepfunctions_aliases WHERE arn = ?", arn)
        return None if found is None else AliasRecord(**found)

    def aliases(self, machine_arn: str) -> list[AliasRecord]:
        """The aliases of a state machine, the newest first."""
        sql = "SELECT document FROM stepfunctions_aliases WHERE machine = ? ORDER BY number DESC"
        return [AliasRecord(**found) for found in self._documents(sql, machine_arn)]

    def put_alias(self, alias: AliasRecord) -> None:
        """Write an alias, new or changed."""
        self._store.execute(
            "INSERT INTO stepfunctions_aliases (arn, machine, document) VALUES (?, ?, ?) "
            "ON CONFLICT (arn) DO UPDATE SET document = excluded.document",
            alias.arn,
            alias.machine_arn,
            json.dumps(asdict(alias)),
        )

    def delete_alias(self, arn: str) -> None:
        self._store.execute("DELETE FROM stepfunctions_aliases WHERE arn = ?", arn)

    # --- Activities

    def activity(self, arn: str) -> ActivityRecord | None:
        found = self._document("SELECT document FROM stepfunctions_activities WHERE arn = ?", arn)
        return None if found is None else ActivityRecord(**found)

    def activities(self) -> list[ActivityRecord]:
        """All activities by name."""
        sql = "SELECT document FROM stepfunctions_activities ORDER BY name"
        return [ActivityRecord(**found) for found in self._documents(sql)]

    def put_activity(self, activity: ActivityRecord) -> None:
        document = json.dumps(asdict(activity))
        sql = "INSERT INTO stepfunctions_activities VALUES (?, ?, ?)"
        self._store.execute(sql, activity.arn, activity.name, document)

    def delete_activity(self, arn: str) -> None:
        """Remove an activity with its tags."""
        with self.transaction():
            self._store.execute("DELETE FROM stepfunctions_activities WHERE arn = ?", arn)
            self._store.execute("DELETE FROM stepfunctions_tags WHERE arn = ?", arn)

    # --- Tags

    def tags(self, arn: str) -> dict[str, str]:
        """Key to value, in the order of the keys."""
        rows = self._store.rows("SELECT key, value FROM stepfunctions_tags WHERE arn = ? ORDER BY key", arn)
        return {row["key"]: row["value"] for row in rows}

    def put_tags(self, arn: str, tags: dict[str, str]) -> None:
        """Add tags; one of the same key gets the new value."""
        with self.transaction():
            for key, value in tags.items():
                self._store.execute("INSERT OR REPLACE INTO stepfunctions_tags VALUES (?, ?, ?)", arn, key, value)

    def delete_tags(self, arn: str, keys: list[str]) -> None:
        with self.transaction():
            for key in keys:
                self._store.execute("DELETE FROM stepfunctions_tags WHERE arn = ? AND key = ?", arn, key)

    # --- Tokens of redrives

    def redrive_of(self, execution_arn: str, token: str, since: float) -> float | None:
        """When the execution was redriven with a token that was first used after `since`."""
        sql = (
            "SELECT redriven FROM stepfunctions_redrive_tokens WHERE execution = ? AND token = ? AND at > ? "
            "ORDER BY number DESC"
        )
        row = self._store.row(sql, execution_arn, token, since)
        return None if row is None else float(row["redriven"])

    def put_redrive(self, execution_arn: str, token: str, at: float, redriven: float) -> None:
        """Keep the token of a redrive, and of the execution's older ones the last few."""
        with self.transaction():
            self._store.execute(
                "INSERT INTO stepfunctions_redrive_tokens (execution, token, at, redriven) VALUES (?, ?, ?, ?)",
                execution_arn,
                token,
                at,
                redriven,
            )
            self._store.execute(
                "DELETE FROM stepfunctions_redrive_tokens WHERE execution = ? AND number NOT IN (SELECT number FROM "
                "stepfunctions_redrive_tokens WHERE execution = ? ORDER BY number DESC LIMIT ?)",
                execution_arn,
                execution_arn,
                _REDRIVE_TOKENS,
            )


def _version(found: Document) -> VersionRecord:
    return VersionRecord(**{**found, "revision": Revision(**found["revision"])})
