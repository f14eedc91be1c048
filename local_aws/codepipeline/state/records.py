"""The tables of CodePipeline's state and the records of their rows.

Times are Unix seconds; documents are JSON text in the tables and Python values in the records.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

TABLES = """
BEGIN;
CREATE TABLE IF NOT EXISTS codepipeline_pipelines (
    name TEXT PRIMARY KEY, version INTEGER NOT NULL, mode TEXT NOT NULL, type TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL, tags TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS codepipeline_versions (
    pipeline TEXT NOT NULL REFERENCES codepipeline_pipelines (name) ON DELETE CASCADE,
    version INTEGER NOT NULL, declaration TEXT NOT NULL, PRIMARY KEY (pipeline, version));
CREATE TABLE IF NOT EXISTS codepipeline_transitions (
    pipeline TEXT NOT NULL REFERENCES codepipeline_pipelines (name) ON DELETE CASCADE,
    stage TEXT NOT NULL, enabled INTEGER NOT NULL, reason TEXT, changed_by TEXT NOT NULL, changed_at REAL NOT NULL,
    PRIMARY KEY (pipeline, stage));
CREATE TABLE IF NOT EXISTS codepipeline_executions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    pipeline TEXT NOT NULL REFERENCES codepipeline_pipelines (name) ON DELETE CASCADE,
    version INTEGER NOT NULL, mode TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
    trigger_type TEXT NOT NULL, trigger_detail TEXT NOT NULL, variables TEXT NOT NULL, overrides TEXT NOT NULL,
    client_token TEXT, started REAL NOT NULL, updated REAL NOT NULL, attempt INTEGER NOT NULL,
    retried REAL, stop TEXT NOT NULL, stop_reason TEXT, stage INTEGER NOT NULL, inside INTEGER NOT NULL,
    arrival INTEGER NOT NULL, rollback_target TEXT);
CREATE INDEX IF NOT EXISTS codepipeline_executions_active ON codepipeline_executions (pipeline, status);
CREATE INDEX IF NOT EXISTS codepipeline_executions_newest ON codepipeline_executions (pipeline, number);
CREATE INDEX IF NOT EXISTS codepipeline_executions_arrival ON codepipeline_executions (pipeline, arrival);
CREATE INDEX IF NOT EXISTS codepipeline_executions_token ON codepipeline_executions (pipeline, client_token)
    WHERE client_token IS NOT NULL;
CREATE TABLE IF NOT EXISTS codepipeline_stages (
    entered INTEGER PRIMARY KEY AUTOINCREMENT,
    execution TEXT NOT NULL REFERENCES codepipeline_executions (id) ON DELETE CASCADE,
    pipeline TEXT NOT NULL, stage TEXT NOT NULL, status TEXT NOT NULL, started REAL NOT NULL,
    retries INTEGER NOT NULL, retried REAL, UNIQUE (execution, stage));
CREATE INDEX IF NOT EXISTS codepipeline_stages_latest ON codepipeline_stages (pipeline, stage, entered);
CREATE TABLE IF NOT EXISTS codepipeline_actions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    execution TEXT NOT NULL REFERENCES codepipeline_executions (id) ON DELETE CASCADE,
    pipeline TEXT NOT NULL, version INTEGER NOT NULL, stage TEXT NOT NULL, action TEXT NOT NULL,
    current INTEGER NOT NULL, status TEXT NOT NULL, phase TEXT NOT NULL, due REAL,
    started REAL NOT NULL, updated REAL NOT NULL, updated_by TEXT, resolved TEXT NOT NULL,
    summary TEXT, external_id TEXT, external_url TEXT, percent INTEGER, error_code TEXT, error_message TEXT,
    token TEXT, variables TEXT NOT NULL, revision TEXT);
CREATE INDEX IF NOT EXISTS codepipeline_actions_current ON codepipeline_actions (execution, current, stage);
CREATE INDEX IF NOT EXISTS codepipeline_actions_newest ON codepipeline_actions (pipeline, number);
CREATE INDEX IF NOT EXISTS codepipeline_actions_latest ON codepipeline_actions (pipeline, stage, action, number);
CREATE INDEX IF NOT EXISTS codepipeline_actions_due ON codepipeline_actions (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS codepipeline_artifacts (
    execution TEXT NOT NULL REFERENCES codepipeline_executions (id) ON DELETE CASCADE,
    name TEXT NOT NULL, bucket TEXT NOT NULL, key TEXT NOT NULL, ready INTEGER NOT NULL, revision TEXT,
    PRIMARY KEY (execution, name));
CREATE TABLE IF NOT EXISTS codepipeline_jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    action TEXT NOT NULL REFERENCES codepipeline_actions (id) ON DELETE CASCADE,
    status TEXT NOT NULL, due REAL NOT NULL, polls INTEGER NOT NULL, continuation TEXT);
CREATE INDEX IF NOT EXISTS codepipeline_jobs_action ON codepipeline_jobs (action, number);
CREATE TABLE IF NOT EXISTS codepipeline_polls (
    pipeline TEXT NOT NULL REFERENCES codepipeline_pipelines (name) ON DELETE CASCADE,
    action TEXT NOT NULL, place TEXT NOT NULL, revision TEXT NOT NULL, PRIMARY KEY (pipeline, action));
CREATE TABLE IF NOT EXISTS codepipeline_events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, detail_type TEXT NOT NULL, detail TEXT NOT NULL,
    resource TEXT NOT NULL);
COMMIT;
"""

START, WAITING = "start", "waiting"
"""Phases of an action in progress: to be started, waiting for an answer."""


STANDARD, ROLLBACK = "STANDARD", "ROLLBACK"
"""Types of executions."""


@dataclass(frozen=True)
class PipelineRecord:
    name: str
    version: int
    mode: str
    type: str
    created: float
    updated: float
    tags: dict[str, str]


@dataclass(frozen=True)
class TransitionRecord:
    stage: str
    enabled: int
    reason: str | None
    changed_by: str
    changed_at: float


@dataclass(frozen=True)
class ExecutionRecord:
    """One run of a pipeline; `stage` is the index of the stage that it is in front of or inside."""

    number: int
    id: str
    pipeline: str
    version: int
    mode: str
    type: str
    status: str
    trigger_type: str
    trigger_detail: str
    variables: dict[str, str]
    overrides: list[dict[str, str]]
    client_token: str | None
    started: float
    updated: float
    attempt: int
    retried: float | None
    stop: str
    stop_reason: str | None
    stage: int
    inside: int
    arrival: int
    rollback_target: str | None


@dataclass(frozen=True)
class StageRecord:
    """One execution in one stage; `entered` orders the executions that went through a stage."""

    entered: int
    execution: str
    pipeline: str
    stage: str
    status: str
    started: float
    retries: int
    retried: float | None


@dataclass(frozen=True)
class Revision:
    """The revision that a source action found, or that a function reported for its output."""

    id: str
    change_id: str
    summary: str
    created: float
    url: str | None = None


@dataclass(frozen=True)
class ActionRecord:
    """One attempt at an action; `current` is 0 once a retry has replaced it."""

    number: int
    id: str
    execution: str
    pipeline: str
    version: int
    stage: str
    action: str
    current: int
    status: str
    phase: str
    due: float | None
    started: float
    updated: float
    updated_by: str | None
    resolved: dict[str, str]
    summary: str | None
    external_id: str | None
    external_url: str | None
    percent: int | None
    error_code: str | None
    error_message: str | None
    token: str | None
    variables: dict[str, str]
    revision: Revision | None


@dataclass(frozen=True)
class ArtifactRecord:
    """The location of an execution's artifact; `ready` is 1 once it exists."""

    execution: str
    name: str
    bucket: str
    key: str
    ready: int
    revision: Revision | None


@dataclass(frozen=True)
class JobRecord:
    """One invocation of a function; `due` is when it is to be made (Queued) or times out (InProgress)."""

    number: int
    id: str
    action: str
    status: str
    due: float
    polls: int
    continuation: str | None


Record = TypeVar("Record")


_JSON_COLUMNS = frozenset({"tags", "variables", "overrides", "resolved", "revision"})


def read(kind: type[Record], row: sqlite3.Row) -> Record:
    """A row as its record; columns that the record lacks are left out."""
    values: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        value = row[field.name]
        values[field.name] = json.loads(value) if value is not None and field.name in _JSON_COLUMNS else value
    if values.get("revision") is not None:
        values["revision"] = Revision(**values["revision"])
    return kind(**values)


def as_json(value: Any) -> str:
    """A document or a revision as it is stored."""
    return json.dumps(asdict(value) if isinstance(value, Revision) else value, separators=(",", ":"))
