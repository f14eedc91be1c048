"""CodePipeline's state in SQLite: reads and writes its rows as typed records."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from local_aws.codepipeline.definition.declaration import read_declaration
from local_aws.codepipeline.definition.model import Pipeline
from local_aws.codepipeline.state import records
from local_aws.codepipeline.state.records import (
    ActionRecord,
    ArtifactRecord,
    ExecutionRecord,
    JobRecord,
    PipelineRecord,
    StageRecord,
    TransitionRecord,
)
from local_aws.codepipeline.state.statuses import IN_PROGRESS
from local_aws.state.store import Store

Record = TypeVar("Record")

_PARSED_DEFINITIONS = 64


class State:
    """All tables of CodePipeline."""

    def __init__(self, store: Store, region: str) -> None:
        """Create the tables if they are not there."""
        self._store, self._region = store, region
        self._definitions: dict[tuple[str, int, str], Pipeline] = {}
        store.define(records.TABLES)

    def transaction(self) -> AbstractContextManager[Any]:
        """All reads and writes inside take effect together, or not at all."""
        return self._store.transaction()

    def _one(self, kind: type[Record], sql: str, *parameters: Any) -> Record | None:
        row = self._store.row(sql, *parameters)
        return None if row is None else records.read(kind, row)

    def _all(self, kind: type[Record], sql: str, *parameters: Any) -> list[Record]:
        return [records.read(kind, row) for row in self._store.rows(sql, *parameters)]

    def insert(self, table: str, **values: Any) -> None:
        """Insert one row; lists, mappings and revisions become JSON text."""
        names = ", ".join(values)
        marks = ", ".join("?" for _ in values)
        # Table and column names are written in this package, never received.
        sql = f"INSERT INTO codepipeline_{table} ({names}) VALUES ({marks})"  # noqa: S608
        self._store.execute(sql, *map(_column, values.values()))

    def _update(self, table: str, where: dict[str, Any], values: dict[str, Any]) -> bool:
        assignments = ", ".join(f"{name} = ?" for name in values)
        conditions = " AND ".join(f"{name} = ?" for name in where)
        sql = f"UPDATE codepipeline_{table} SET {assignments} WHERE {conditions}"  # noqa: S608
        return self._store.execute(sql, *map(_column, values.values()), *where.values()) > 0

    # --- Pipelines

    def polled_revision(self, pipeline: str, action: str, place: str) -> str | None:
        """The revision that the last poll of a source found at that place."""
        sql = "SELECT revision FROM codepipeline_polls WHERE pipeline = ? AND action = ? AND place = ?"
        row = self._store.row(sql, pipeline, action, place)
        return None if row is None else str(row["revision"])

    def set_polled_revision(self, pipeline: str, action: str, place: str, revision: str) -> None:
        """Remember what a poll found."""
        sql = "INSERT OR REPLACE INTO codepipeline_polls VALUES (?, ?, ?, ?)"
        self._store.execute(sql, pipeline, action, place, revision)

    def pipeline(self, name: str) -> PipelineRecord | None:
        """The pipeline of that name, or None."""
        return self._one(PipelineRecord, "SELECT * FROM codepipeline_pipelines WHERE name = ?", name)

    def pipelines(self) -> list[PipelineRecord]:
        """All pipelines by name."""
        return self._all(PipelineRecord, "SELECT * FROM codepipeline_pipelines ORDER BY name")

    def update_pipeline(self, name: str, **values: Any) -> None:
        """Change columns of a pipeline."""
        self._update("pipelines", {"name": name}, values)

    def delete_pipeline(self, name: str) -> bool:
        """Remove a pipeline with all that belongs to it; False if there is none."""
        return self._store.execute("DELETE FROM codepipeline_pipelines WHERE name = ?", name) > 0

    def declaration(self, name: str, version: int) -> dict[str, Any] | None:
        """The document of one version of a pipeline."""
        sql = "SELECT declaration FROM codepipeline_versions WHERE pipeline = ? AND version = ?"
        row = self._store.row(sql, name, version)
        document: dict[str, Any] | None = None if row is None else json.loads(row["declaration"])
        return document

    def definition(self, name: str, version: int) -> Pipeline:
        """The structure of one version of a pipeline; KeyError if there is none."""
        sql = "SELECT declaration FROM codepipeline_versions WHERE pipeline = ? AND version = ?"
        row = self._store.row(sql, name, version)
        if row is None:
            raise KeyError(f"pipeline {name}, version {version}")
        # The text is part of the key: a pipeline may be deleted and created again under its name.
        key = (name, version, row["declaration"])
        if key not in self._definitions:
            if len(self._definitions) >= _PARSED_DEFINITIONS:
                self._definitions.clear()
            self._definitions[key] = read_declaration(json.loads(row["declaration"]), self._region)
        return self._definitions[key]

    def transitions(self, pipeline: str) -> dict[str, TransitionRecord]:
        """The inbound transitions that were ever disabled or enabled, by stage."""
        sql = "SELECT * FROM codepipeline_transitions WHERE pipeline = ?"
        return {t.stage: t for t in self._all(TransitionRecord, sql, pipeline)}

    def set_transition(self, pipeline: str, transition: TransitionRecord) -> None:
        """Record an inbound transition."""
        self._store.execute(
            "INSERT OR REPLACE INTO codepipeline_transitions VALUES (?, ?, ?, ?, ?, ?)",
            pipeline,
            transition.stage,
            transition.enabled,
            transition.reason,
            transition.changed_by,
            transition.changed_at,
        )

    # --- Executions

    def execution(self, execution_id: str) -> ExecutionRecord | None:
        """The execution of that id, or None."""
        return self._one(ExecutionRecord, "SELECT * FROM codepipeline_executions WHERE id = ?", execution_id)

    def execution_of_token(self, pipeline: str, client_token: str) -> ExecutionRecord | None:
        """The execution that was started with a client request token."""
        sql = "SELECT * FROM codepipeline_executions WHERE pipeline = ? AND client_token = ?"
        return self._one(ExecutionRecord, sql, pipeline, client_token)

    def executions(self, pipeline: str, succeeded_in: str | None, below: int, count: int) -> list[ExecutionRecord]:
        """Executions with a number below `below`, newest first; with `succeeded_in`, those that succeeded there."""
        sql = "SELECT * FROM codepipeline_executions WHERE pipeline = ? AND number < ?"
        values: list[Any] = [pipeline, below]
        if succeeded_in is not None:
            sql += (
                " AND EXISTS (SELECT 1 FROM codepipeline_stages AS s WHERE s.execution = codepipeline_executions.id "
                "AND s.stage = ? AND s.status = 'Succeeded')"
            )
            values.append(succeeded_in)
        return self._all(ExecutionRecord, sql + " ORDER BY number DESC LIMIT ?", *values, count)

    def forget_executions(self, started_before: float) -> int:
        """Delete ended executions that started before a time, and all their rows; returns the number of executions."""
        sql = "DELETE FROM codepipeline_executions WHERE started < ? AND status NOT IN ('InProgress', 'Stopping')"
        return self._store.execute(sql, started_before)

    def active_executions(self, pipeline: str) -> list[ExecutionRecord]:
        """The executions of a pipeline that have not ended, oldest first."""
        sql = (
            "SELECT * FROM codepipeline_executions WHERE pipeline = ? AND status IN ('InProgress', 'Stopping') "
            "ORDER BY number"
        )
        return self._all(ExecutionRecord, sql, pipeline)

    def active_pipelines(self) -> list[str]:
        """The pipelines that have executions in progress."""
        sql = "SELECT DISTINCT pipeline FROM codepipeline_executions WHERE status IN ('InProgress', 'Stopping')"
        return [row["pipeline"] for row in self._store.rows(sql)]

    def update_execution(self, execution_id: str, **values: Any) -> None:
        """Change columns of an execution."""
        self._update("executions", {"id": execution_id}, values)

    def next_arrival(self, pipeline: str) -> int:
        """The number for the next execution to arrive in front of a stage."""
        sql = "SELECT COALESCE(MAX(arrival), 0) + 1 AS next FROM codepipeline_executions WHERE pipeline = ?"
        row = self._store.row(sql, pipeline)
        return int(row["next"]) if row else 1

    # --- Stages

    def stage(self, execution_id: str, stage: str) -> StageRecord | None:
        """An execution's run of a stage."""
        sql = "SELECT * FROM codepipeline_stages WHERE execution = ? AND stage = ?"
        return self._one(StageRecord, sql, execution_id, stage)

    def latest_stage(self, pipeline: str, stage: str) -> StageRecord | None:
        """The run of a stage by the execution that entered it last."""
        sql = "SELECT * FROM codepipeline_stages WHERE pipeline = ? AND stage = ? ORDER BY entered DESC LIMIT 1"
        return self._one(StageRecord, sql, pipeline, stage)

    def update_stage(self, execution_id: str, stage: str, **values: Any) -> None:
        """Change columns of an execution's run of a stage."""
        self._update("stages", {"execution": execution_id, "stage": stage}, values)

    # --- Actions

    def action(self, action_id: str) -> ActionRecord | None:
        """The attempt of that action execution id, or None."""
        return self._one(ActionRecord, "SELECT * FROM codepipeline_actions WHERE id = ?", action_id)

    def current_actions(self, execution_id: str, stage: str | None = None) -> list[ActionRecord]:
        """The latest attempts of an execution, in all stages or in one."""
        sql = "SELECT * FROM codepipeline_actions WHERE execution = ? AND current = 1"
        if stage is None:
            return self._all(ActionRecord, sql + " ORDER BY number", execution_id)
        return self._all(ActionRecord, sql + " AND stage = ? ORDER BY number", execution_id, stage)

    def settled_actions(self, execution: ExecutionRecord) -> list[ActionRecord]:
        """The latest attempts whose results an execution uses: those of a rollback's target, then its own."""
        own = self.current_actions(execution.id)
        if execution.rollback_target is None:
            return own
        stage = self.definition(execution.pipeline, execution.version).stages[execution.stage].name
        return [a for a in self.current_actions(execution.rollback_target) if a.stage != stage] + own

    def actions(self, pipeline: str, below: int, count: int) -> list[ActionRecord]:
        """Attempts with a number below `below`, newest first."""
        sql = "SELECT * FROM codepipeline_actions WHERE pipeline = ? AND number < ? ORDER BY number DESC LIMIT ?"
        return self._all(ActionRecord, sql, pipeline, below, count)

    def actions_of(self, execution_id: str) -> list[ActionRecord]:
        """All attempts of an execution, newest first."""
        sql = "SELECT * FROM codepipeline_actions WHERE execution = ? ORDER BY number DESC"
        return self._all(ActionRecord, sql, execution_id)

    def latest_action(self, pipeline: str, stage: str, action: str) -> ActionRecord | None:
        """The newest attempt at an action, in any execution."""
        sql = (
            "SELECT * FROM codepipeline_actions WHERE pipeline = ? AND stage = ? AND action = ? "
            "ORDER BY number DESC LIMIT 1"
        )
        return self._one(ActionRecord, sql, pipeline, stage, action)

    def action_of_token(self, pipeline: str, stage: str, action: str, token: str) -> ActionRecord | None:
        """The attempt at a manual approval that a token belongs to."""
        sql = "SELECT * FROM codepipeline_actions WHERE pipeline = ? AND stage = ? AND action = ? AND token = ?"
        return self._one(ActionRecord, sql, pipeline, stage, action, token)

    def running_actions(self) -> list[ActionRecord]:
        """All attempts in progress."""
        return self._all(ActionRecord, "SELECT * FROM codepipeline_actions WHERE status = 'InProgress'")

    def due_actions(self, now: float) -> list[ActionRecord]:
        """The attempts in progress that are due."""
        sql = "SELECT * FROM codepipeline_actions WHERE due <= ? AND status = 'InProgress' ORDER BY due"
        return self._all(ActionRecord, sql, now)

    def next_due(self) -> float | None:
        """The earliest time at which an action is due."""
        sql = "SELECT MIN(due) AS due FROM codepipeline_actions WHERE due IS NOT NULL AND status = 'InProgress'"
        row = self._store.row(sql)
        due: float | None = row["due"] if row else None
        return due

    def move_due(self, seconds: float) -> None:
        """Move the due times of everything in progress."""
        with self._store.transaction():
            self._store.execute("UPDATE codepipeline_actions SET due = due + ? WHERE status = 'InProgress'", seconds)
            in_progress = "SELECT id FROM codepipeline_actions WHERE status = 'InProgress'"
            self._store.execute(f"UPDATE codepipeline_jobs SET due = due + ? WHERE action IN ({in_progress})", seconds)  # noqa: S608 - constants

    def update_action(self, action_id: str, **values: Any) -> bool:
        """Change columns of an attempt in progress; False, with no change, if it has ended."""
        return self._update("actions", {"id": action_id, "status": IN_PROGRESS}, values)

    def replace_actions(self, execution_id: str, stage: str, actions: frozenset[str]) -> None:
        """Mark the attempts at these actions as replaced, so that the actions run again."""
        sql = "UPDATE codepipeline_actions SET current = 0 WHERE execution = ? AND stage = ? AND action = ?"
        for action in actions:
            self._store.execute(sql, execution_id, stage, action)

    # --- Artifacts, jobs, events

    def artifacts(self, execution_id: str) -> dict[str, ArtifactRecord]:
        """The artifacts of an execution by name."""
        sql = "SELECT * FROM codepipeline_artifacts WHERE execution = ?"
        return {a.name: a for a in self._all(ArtifactRecord, sql, execution_id)}

    def revision_of(self, bucket: str, key: str) -> str | None:
        """The revision of the artifact stored there, or None."""
        found = self._one(
            ArtifactRecord, "SELECT * FROM codepipeline_artifacts WHERE bucket = ? AND key = ?", bucket, key
        )
        return found.revision.id if found and found.revision else None

    def update_artifact(self, execution_id: str, name: str, **values: Any) -> None:
        """Change columns of an artifact."""
        self._update("artifacts", {"execution": execution_id, "name": name}, values)

    def job(self, job_id: str) -> JobRecord | None:
        """The job of that id, or None."""
        return self._one(JobRecord, "SELECT * FROM codepipeline_jobs WHERE id = ?", job_id)

    def latest_job(self, action_id: str) -> JobRecord | None:
        """The newest job of an attempt."""
        sql = "SELECT * FROM codepipeline_jobs WHERE action = ? ORDER BY number DESC LIMIT 1"
        return self._one(JobRecord, sql, action_id)

    def update_job(self, job_id: str, **values: Any) -> None:
        """Change columns of a job."""
        self._update("jobs", {"id": job_id}, values)

    def events(self) -> list[tuple[int, str, dict[str, Any], str]]:
        """The recorded events that are not yet published: number, detail type, detail, resource."""
        rows = self._store.rows("SELECT * FROM codepipeline_events ORDER BY number")
        return [(r["number"], r["detail_type"], json.loads(r["detail"]), r["resource"]) for r in rows]

    def forget_events(self, up_to: int) -> None:
        """Remove events that were published."""
        self._store.execute("DELETE FROM codepipeline_events WHERE number <= ?", up_to)


def _column(value: Any) -> Any:
    return records.as_json(value) if isinstance(value, dict | list | records.Revision) else value
