"""Projects and builds in the store: one JSON document each, as the API returns it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local_aws.state.store import Store

Document = dict[str, Any]

_DDL = """
CREATE TABLE IF NOT EXISTS codebuild_projects (
    name TEXT PRIMARY KEY, created REAL NOT NULL, modified REAL NOT NULL, document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS codebuild_builds (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, number INTEGER NOT NULL, started REAL NOT NULL,
    complete INTEGER NOT NULL, document TEXT NOT NULL, request TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS codebuild_builds_by_project ON codebuild_builds (project, number);
CREATE TABLE IF NOT EXISTS codebuild_numbers (project TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS codebuild_tokens (
    token TEXT PRIMARY KEY, at REAL NOT NULL, request TEXT NOT NULL, build TEXT NOT NULL
);
"""


class Records:
    """The tables of CodeBuild."""

    def __init__(self, store: Store) -> None:
        """Create the tables if they do not exist."""
        self.store = store
        store.define(_DDL)

    def project(self, name: str) -> Document | None:
        row = self.store.row("SELECT document FROM codebuild_projects WHERE name = ?", name)
        return json.loads(row["document"]) if row else None

    def projects(self) -> list[tuple[str, float, float]]:
        """Name, creation and last change of every project; times are Unix times in seconds."""
        rows = self.store.rows("SELECT name, created, modified FROM codebuild_projects")
        return [(row["name"], row["created"], row["modified"]) for row in rows]

    def put_project(self, document: Document) -> None:
        """Write a project, new or changed."""
        self.store.execute(
            "INSERT OR REPLACE INTO codebuild_projects VALUES (?, ?, ?, ?)",
            document["name"],
            document["created"],
            document["lastModified"],
            json.dumps(document),
        )

    def delete_project(self, name: str) -> None:
        """Remove a project; its builds and their count stay."""
        self.store.execute("DELETE FROM codebuild_projects WHERE name = ?", name)

    def next_number(self, project: str) -> int:
        """The number of a new build."""
        with self.store.transaction() as connection:
            connection.execute(
                "INSERT INTO codebuild_numbers VALUES (?, 1) ON CONFLICT (project) DO UPDATE SET number = number + 1",
                (project,),
            )
            row = connection.execute("SELECT number FROM codebuild_numbers WHERE project = ?", (project,)).fetchone()
            return int(row["number"])

    def put_build(self, document: Document, request: Document) -> None:
        """Add a build with its effective project: the project with the overrides of StartBuild."""
        self.store.execute(
            "INSERT INTO codebuild_builds VALUES (?, ?, ?, ?, 0, ?, ?)",
            document["id"],
            document["projectName"],
            document["buildNumber"],
            document["startTime"],
            json.dumps(document),
            json.dumps(request),
        )

    def change_build(self, build_id: str, change: Callable[[Document], None]) -> Document:
        """Change a build's document in one transaction; returns it. A complete build is not changed."""
        with self.store.transaction() as connection:
            document = self.build(build_id)
            if document is None:
                raise KeyError(build_id)
            if not document["buildComplete"]:
                change(document)
                connection.execute(
                    "UPDATE codebuild_builds SET document = ?, complete = ? WHERE id = ?",
                    (json.dumps(document), int(document["buildComplete"]), build_id),
                )
            return document

    def build(self, build_id: str) -> Document | None:
        row = self.store.row("SELECT document FROM codebuild_builds WHERE id = ?", build_id)
        return json.loads(row["document"]) if row else None

    def builds(self, project: str | None = None) -> list[str]:
        """Ids of builds, the newest first."""
        chosen = "WHERE project = ?" if project else ""
        parameters = (project,) if project else ()
        sql = f"SELECT id FROM codebuild_builds {chosen} ORDER BY started DESC, number DESC"  # noqa: S608 - constants
        return [row["id"] for row in self.store.rows(sql, *parameters)]

    def unfinished(self) -> list[tuple[Document, Document]]:
        """The builds that have not ended, oldest first, each with its effective project."""
        rows = self.store.rows(
            "SELECT document, request FROM codebuild_builds WHERE complete = 0 ORDER BY started, number"
        )
        return [(json.loads(row["document"]), json.loads(row["request"])) for row in rows]

    def restart_build(self, document: Document, request: Document) -> None:
        """Store a build that runs again from its first phase."""
        sql = "UPDATE codebuild_builds SET document = ?, request = ? WHERE id = ?"
        self.store.execute(sql, json.dumps(document), json.dumps(request), document["id"])

    def token(self, token: str, since: float) -> tuple[Document, str] | None:
        """The request and the build of an idempotency token that was used after a given time."""
        row = self.store.row("SELECT request, build FROM codebuild_tokens WHERE token = ? AND at > ?", token, since)
        return (json.loads(row["request"]), row["build"]) if row else None

    def put_token(self, token: str, at: float, request: Document, build_id: str) -> None:
        self.store.execute(
            "INSERT OR REPLACE INTO codebuild_tokens VALUES (?, ?, ?, ?)", token, at, json.dumps(request), build_id
        )
